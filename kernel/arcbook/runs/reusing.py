"""What a run keeps of its work and takes from earlier runs, as the launcher decides it."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from arcbook.cells.magics import read_cell
from arcbook.cells.model import Step
from arcbook.cells.notebook import Job, source_of
from arcbook.core.addresses import is_s3
from arcbook.core.failures import ArcbookError, CellError, DefinitionError, InputError
from arcbook.core.settings import RunSettings
from arcbook.core.suggest import did_you_mean
from arcbook.core.truth import TRUTH
from arcbook.reuse.checkpoints import Checkpoints, checkpoints_in
from arcbook.reuse.keeping import WAITS
from arcbook.reuse.keys import digest_of_text
from arcbook.reuse.plan import KEEPS, Keep, ReusePlan
from arcbook.reuse.touching import written_by
from arcbook.runs.chain import chain_of
from arcbook.runs.journal import read_events
from arcbook.runs.limits import KEPT_DAYS, MOST_GIGABYTES
from arcbook.runs.record import Record, StageNote
from arcbook.runs.request import Prepared, Request
from arcbook.runs.store import Folder, Store, open_store
from arcbook.stages.extract.delta_lake import DeltaLakeExtract
from arcbook.stages.keys import Role

#: Which views are kept, and whether unchanged work is taken, where no option says so.
KEEP_VARIABLE = "ARCBOOK_CHECKPOINTS"
REUSE_VARIABLE = "ARCBOOK_REUSE"
#: Characters that the addresses which a job writes may take in the message to its kernel.
_LONGEST_LIST = 30_000


def reuse_plan(request: Request, prepared: Prepared, run_id: str) -> ReusePlan:
    """What the kernel of a run is told.

    Raises:
        ArcbookError: a choice does not exist, or nobody said what to do with the Python cells of the run to resume.
    """
    store = open_store(request.record_root)
    records = store.root if is_s3(store.root) else str(Path(store.root).expanduser().absolute())
    before = request.resumes
    return ReusePlan(
        root=checkpoints_in(records),
        keep=keep_of(request),
        cache=caches(request),
        lineage=lineage_of(before) if before else run_id,
        resume=before.run_id if before else "",
        records=records,
        # The message to the kernel is limited. Without the list any table may be written: that only costs checkpoints.
        written=prepared.written if len(repr(prepared.written)) <= _LONGEST_LIST else None,
        uncertain=prepared.uncertain,
        python_done=_python_done(store, request) if before else (),
    )


def caches(request: Request) -> bool:
    """Whether unchanged work of earlier runs is taken.

    Raises:
        DefinitionError: the variable that may ask for it is neither true nor false.
    """
    said = os.environ.get(REUSE_VARIABLE, "").lower()
    if said and said not in TRUTH:
        raise DefinitionError(f"{REUSE_VARIABLE} is {said!r}: it is `true` or `false`.")
    return request.cache or TRUTH.get(said, False)


def keep_of(request: Request) -> Keep:
    """Which views are kept: what was asked for, all for the cache, else those that cost little.

    Raises:
        DefinitionError: there is no such choice.
    """
    chosen = request.checkpoints or os.environ.get(KEEP_VARIABLE) or ("always" if caches(request) else "small")
    for each in KEEPS:
        if each == chosen:
            return each
    remedy = did_you_mean(chosen, KEEPS) or f"Choose one of: {', '.join(KEEPS)}."
    raise DefinitionError(f"There is no choice {chosen!r} for checkpoints ({KEEP_VARIABLE}). {remedy}")


def lineage_of(record: Record) -> str:
    """The first of the runs that resume one another up to this one."""
    return record.first_run_id or record.run_id


def written_places(
    job: Job, steps: Sequence[Step], settings: RunSettings, resumes: Iterable[Record]
) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """The fields `written` and `uncertain` of Prepared; `resumes` are the runs that are gone on with."""
    running = [step for step in steps if settings.runs(step.stage.environments)]
    found = list(_with_writes(running))
    known = all(places is not None for _, places in found) and all(cell.magic != "python" for cell in job.cells)
    written = tuple(dict.fromkeys(place for _, places in found for place in places or ())) if known else None
    return written, tuple(dict.fromkeys(place for each in resumes for place in _uncertain(found, each)))


def changed_tables(steps: Sequence[Step]) -> list[str]:
    """The Delta tables that statements of a job change."""
    stating = (places for step, places in _with_writes(steps) if any(True for _ in step.stage.values_of(Role.SQL)))
    return list(dict.fromkeys(place for places in stating for place in places or ()))


def _with_writes(steps: Iterable[Step]) -> Iterator[tuple[Step, list[str] | None]]:
    """Each step with the places that it writes; None where they cannot be told."""
    tables: dict[str, str] = {}
    for step in steps:
        yield step, None if step.lazy else written_by(step.stage, lambda name: tables.get(name.lower()))
        if isinstance(step.stage, DeltaLakeExtract):
            tables[step.stage.output_view.lower()] = step.stage.input_uri


def _uncertain(found: Sequence[tuple[Step, list[str] | None]], resumes: Record) -> Iterable[str]:
    """What the stage that failed writes: the first one of its cell that the record does not tell of."""
    if resumes.failure is None or resumes.failure.cell is None:
        return ()
    number = resumes.failure.cell
    done = sum(1 for note in resumes.stages if note.cell == number and not note.skipped)
    within = [places for step, places in found if step.cell.number == number]
    return (within[done] or ()) if done < len(within) else ()


def _python_done(store: Store, request: Request) -> tuple[str, ...]:
    """Digests of the Python cells that are not to run again.

    Raises:
        DefinitionError: there are some, and nobody said whether they shall run again.
        InputError: the journal of the run cannot be read.
    """
    assert request.resumes is not None
    cells = [
        found
        for record in chain_of(store, request.resumes)
        for found in python_cells(store.find(record.run_id), record)
    ]
    if not cells or request.python_again:
        return ()
    if request.python_again is None:
        numbers = ", ".join(map(str, sorted({number for number, _ in cells})))
        raise DefinitionError(
            f"The run {request.resumes.run_id} has completed Python (cell {numbers}), of which nothing can be stored. "
            "Say whether it runs once more (`--python-again`: later Python needs it and it does no harm) or is left "
            "out (`--no-python-again`)."
        )
    return tuple(dict.fromkeys(digest for _, digest in cells))


def python_cells(folder: Folder, record: Record) -> list[tuple[int, str]]:
    """Number and digest of each Python cell that a run completed.

    Raises:
        InputError: its journal cannot be read.
    """
    event = next(read_events(folder.journal_text()), None)
    if event is None or event.get("event") != "run":
        raise InputError(f"the journal of {record.run_id} does not begin with its notebook.")
    found = []
    for note in record.cells:
        source = source_of(event["notebook"]["cells"][note.index])
        with suppress(CellError):
            if note.status == "completed" and read_cell(source).magic == "python":
                found.append((note.cell, digest_of_text(source)))
    return found


def after_run(plan: ReusePlan, run_id: str, stages: Iterable[StageNote], *, completed: bool) -> tuple[str, ...]:
    """Remove the checkpoints that nobody will ask for: those of a run that needs no resuming, and old ones.

    Returns why that failed, nothing when it did not: the run's own outcome does not depend on it.
    """
    if plan.keep == "never" or not plan.root:
        return ()
    store = Checkpoints(plan.root)
    try:
        if completed and not plan.cache:
            for note in stages:
                if note.reuse.get("stored") and not note.reuse.get("from") and _is_of(store, note, run_id):
                    store.drop(str(note.reuse["key"]))
        elif not completed:
            store.clean(older_than=timedelta(days=KEPT_DAYS), most_bytes=MOST_GIGABYTES * 10**9)
    except (ArcbookError, OSError) as error:
        return (f"Checkpoints could not be cleaned: {error}",)
    return ()


def settled(stages: Iterable[StageNote], kept: Mapping[str, str]) -> list[StageNote]:
    """The stages of a run that failed, with what became of the views that were left for that case.

    `kept` tells by the keys of views why they are not stored, empty when they are; one that it does not know was not
    stored because the run had no time or no engine for it.
    """
    return [
        note.model_copy(update={"reuse": _settled(note.reuse, kept)}) if note.reuse.get("notStored") == WAITS else note
        for note in stages
    ]


def _settled(reuse: Mapping[str, Any], kept: Mapping[str, str]) -> dict[str, Any]:
    why_not = kept.get(str(reuse["key"]), "the run ended before it was stored")
    told = {name: value for name, value in reuse.items() if name != "notStored"}
    return {**told, "stored": False, "notStored": why_not} if why_not else {**told, "stored": True}


def _is_of(store: Checkpoints, note: StageNote, run_id: str) -> bool:
    found: Any = store.read(str(note.reuse["key"]))
    return found is not None and found.run_id == run_id
