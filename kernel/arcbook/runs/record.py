"""What a run was and how it ended: the content of record.json. Imports neither engines nor Jupyter.

The format is versioned: `format` grows when a field changes its meaning; readers ignore fields they do not know, so
that records of later versions of the same format stay readable.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from arcbook.core.failures import InputError

FORMAT = 1

Status = Literal["running", "completed", "failed", "cancelled", "lost"]


class Part(BaseModel):
    """A part of a record: never changed, and what later versions added is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class StageNote(Part):
    """One stage that ran or was skipped; `cell` counts code cells from 1."""

    cell: int
    stage: str
    name: str = ""
    view: str | None = None
    skipped: bool = False
    details: Mapping[str, Any] = Field(default_factory=dict)
    reuse: Mapping[str, Any] = Field(
        default_factory=dict, description="Key of the stage, states of what it read and wrote, the run it came from."
    )

    @property
    def is_reused(self) -> bool:
        """Whether an earlier run did its work."""
        return bool(self.reuse.get("from"))


def stage_note(output: Mapping[str, Any], cell: int) -> StageNote | None:
    """What an output says about the stage it comes from, or None."""
    noted = output.get("metadata", {}).get("arcbook")
    if not isinstance(noted, Mapping) or not noted.get("stage"):
        return None
    return StageNote(
        cell=cell,
        stage=str(noted["stage"]),
        name=str(noted.get("name") or ""),
        view=str(noted["view"]) if noted.get("view") else None,
        skipped=bool(noted.get("skipped")),
        details=noted.get("details") or {},
        reuse=noted.get("reuse") or {},
    )


class Usage(Part):
    """What a cell, or a run, moved and used; None where nobody tells (docs/records.md says who does)."""

    rows_in: int | None = Field(None, description="Rows that extracts read, as far as they count them.")
    rows_out: int | None = Field(None, description="Rows that loads and statements wrote, as their commits tell.")
    bytes_in: int | None = Field(None, description="Size in bytes of the files that extracts were given.")
    bytes_out: int | None = Field(None, description="Size in bytes of the files that loads and statements wrote.")
    kernel_peak_bytes: int | None = Field(None, description="Highest resident memory of the kernel, in bytes.")
    engine_peak_bytes: int | None = Field(None, description="Highest resident memory of the engine, in bytes.")
    kernel_core_seconds: float | None = Field(None, description="Processor time of the kernel, in seconds.")
    engine_core_seconds: float | None = Field(None, description="Processor time of the engine, in seconds.")


class PlanNote(Part):
    """How the engine was going to run a stage that failed or took long: its own explanation."""

    stage: str = Field(description="Type of the stage.")
    name: str = Field("", description="Name of the stage.")
    text: str = Field(description="The engine's physical plan, at most 4,000 characters of it.")
    cut: bool = Field(False, description="Whether the plan is longer than what is kept of it.")


class CellNote(Part):
    """One code cell that was reached; times in seconds."""

    cell: int
    index: int = Field(description="Position among all cells of the executed notebook, counted from 0.")
    status: Literal["completed", "failed", "skipped", "cancelled"]
    seconds: float
    lost_bytes: int = Field(0, description="Output that was neither kept in the journal nor in the notebook.")
    usage: Usage = Field(Usage(), description="What the cell moved and used.")
    plans: tuple[PlanNote, ...] = Field((), description="Plans of stages that failed or took long.")


class FailureNote(Part):
    """How a run failed: `failure` is a name of the failure table, `error` the class shown to the user."""

    failure: str
    error: str
    message: str
    exit_code: int
    retry: str
    cell: int | None = None
    problems: tuple[Mapping[str, Any], ...] = ()


class Record(Part):
    """One run. Values of secret parameters are masked, and so is every known secret elsewhere."""

    format: int = FORMAT
    run_id: str
    job: str
    source: str = Field(description="Address of the notebook or job file, passwords hidden.")
    further: tuple[str, ...] = Field((), description="Addresses of the jobs that were joined to the first.")
    folder: str = Field("", description="The kernel's working directory, empty when it was that of the launcher.")
    source_hash: str = Field("", description="SHA-256 over the sources of the cells as they were run, without outputs.")
    status: Status
    kernel: str = ""
    engine: str = ""
    environment: str | None = None
    logical_time: datetime
    run_key: str = Field("", description="What all attempts at this run have in common; empty when nobody said.")
    part_of: str = Field("", description="The id of the folder's run that this one belongs to.")
    resumed_from: str = Field("", description="The run that this one resumes.")
    first_run_id: str = Field("", description="The first of the runs that resume one another, when this one resumes.")
    started: datetime
    ended: datetime | None = None
    seconds: float | None = None
    parameters: Mapping[str, Any] = Field(default_factory=dict)
    job_id: str = Field("", description="The job's identifier for readers, as the option etl.config.job.id gives it.")
    tags: Mapping[str, str] = Field(default_factory=dict, description="What the option etl.config.tags says.")
    launch: Mapping[str, str] = Field(default_factory=dict, description="Launch values for `${name}`.")
    notes: tuple[str, ...] = Field((), description="What a reader should know, one sentence each.")
    cells: tuple[CellNote, ...] = ()
    stages: tuple[StageNote, ...] = ()
    usage: Usage = Field(Usage(), description="The sum of what the cells moved and used; of memory the highest.")
    logs: Mapping[str, str] = Field(
        default_factory=dict,
        description="After a failure: the engine's text (`trace`), last lines of `engine`, `kernel` and `run`.",
    )
    failure: FailureNote | None = None
    refused: bool = Field(False, description="What was known before found something wrong, so nothing ran.")
    output: str | None = Field(None, description="Where else the executed notebook was written.")
    host: str = ""
    pid: int | None = None
    versions: Mapping[str, str] = Field(default_factory=dict)

    def to_json(self) -> str:
        """The content of record.json."""
        return self.model_dump_json(indent=1) + "\n"


def read_record(text: str, *, address: str = "record.json") -> Record:
    """The record in `text`.

    Raises:
        InputError: it is not a record, or of a format newer than this version of arcbook knows.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InputError(f"{address} is not JSON: {error}") from error
    version = value.get("format") if isinstance(value, dict) else None
    if not isinstance(version, int) or version > FORMAT:
        raise InputError(f"{address} has record format {version!r}; this arcbook reads formats up to {FORMAT}.")
    try:
        return Record.model_validate(value)
    except ValidationError as error:
        raise InputError(f"{address} is not a record: {error.errors()[0]['msg']}", detail=str(error)) from error
