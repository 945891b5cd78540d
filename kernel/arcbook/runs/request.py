"""What a run is asked for, and what it comes to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from arcbook.cells.notebook import Job
from arcbook.core.failures import ArcbookError
from arcbook.core.problem import Problem
from arcbook.core.settings import RunSettings
from arcbook.runs.record import CellNote, Record, StageNote


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A run to make.

    `notebook` is nbformat 4 as plain values and may hold an injected cell; `source` is the address it came from, or
    empty; `bundle` is the address of the bundle that was laid out there, and `documents` the path of its copy of each
    document by the address that the job uses. `job` is what was read from `source` when that is not the notebook itself
    (a job file), so that problems point into it; `any_kernel` runs a notebook whatever kernel it says it is for; with
    `unreadable` the run is refused for that reason. `parameters` are typed or text values by name, `launch` text for
    `${name}`. `folder` is the kernel's working directory (None: that of this process). `part_of` and
    `part_of_name` are the id and the name of the folder's run that this one belongs to, or empty. Times are in seconds.
    `further` are the addresses of the jobs that were joined to the first. `resumes` is the record of the run to go on
    with, and `python_again` whether its Python cells run once more (None: nobody said). `cache` takes unchanged work of
    earlier runs; `checkpoints` says which views are kept for that and for resuming (`arcbook.reuse.plan.KEEPS`, None:
    as the variable ARCBOOK_CHECKPOINTS says, else the small ones).
    """

    notebook: dict[str, Any]
    source: str = ""
    further: tuple[str, ...] = ()
    bundle: str = ""
    documents: Mapping[str, str] = field(default_factory=dict)
    job: Job | None = None
    any_kernel: bool = False
    unreadable: ArcbookError | None = None
    kernel: str = "arc"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    launch: Mapping[str, str] = field(default_factory=dict)
    environment: str | None = None
    engine: str | None = None
    logical_time: datetime | None = None
    run_key: str | None = None
    part_of: str = ""
    part_of_name: str = ""
    record_root: str | None = None
    output: str | None = None
    folder: str | None = None
    cell_timeout: int | None = None
    start_timeout: int = 60
    resumes: Record | None = None
    python_again: bool | None = None
    cache: bool = False
    checkpoints: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A request after reading and checking, ready for a kernel.

    `numbers` is the user's number of the code cell at a position; `environment_source` says who chose the environment;
    `settings` are Arc's options and policies as they hold for the run; `written` are the addresses that the job writes,
    None when that cannot be told, and `uncertain` those that the stage which failed in a resumed run may have written.
    `refused` says why no kernel may start, or None.
    """

    notebook: dict[str, Any]
    numbers: Mapping[int, int]
    environment: str | None
    engine: str
    logical_time: datetime
    run_key: str = ""
    environment_source: str = ""
    settings: RunSettings = field(default_factory=RunSettings)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    launch: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
    written: tuple[str, ...] | None = None
    uncertain: tuple[str, ...] = ()
    refused: ArcbookError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A run that is over. `notebook` is the executed one, as it may be written anywhere: masked, with error marks.

    `cell_index` is the failed cell's position in `notebook` without the error marks. `record_trouble` says why the
    record or the output may be incomplete, beside what `error` tells.
    """

    record: Record
    address: str
    notebook: dict[str, Any]
    error: ArcbookError | None = None
    cell_index: int | None = None
    record_trouble: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class Ending:
    """How the cells of a run ended; `error` None means that all of them ran.

    `logs` are the last words of the processes, `troubles` are sentences to note beside.
    """

    error: ArcbookError | None = None
    cell: int | None = None
    index: int | None = None
    cells: list[CellNote] = field(default_factory=list)
    stages: list[StageNote] = field(default_factory=list)
    logs: dict[str, str] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)


#: Told as a cell begins and ends: its position, its user's number if it has one, and "begins" or how it ended.
OnCell = Callable[[int, int | None, str], None]


def now() -> datetime:
    """The current time with its zone."""
    return datetime.now(UTC)
