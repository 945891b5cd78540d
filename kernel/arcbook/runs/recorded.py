"""A run as its record tells of it: its notebook, and the stages it completed."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from arcbook.cells.notebook import Job, notebook_job, source_of
from arcbook.cells.params import INJECTED_TAG
from arcbook.cells.plan import Context, check_job
from arcbook.core.failures import ArcbookError, InputError
from arcbook.core.kernelspec import KERNEL
from arcbook.core.masking import MASK
from arcbook.core.settings import RunSettings
from arcbook.reuse.plan import Done, done_from
from arcbook.runs.chain import done_by
from arcbook.runs.journal import read_events
from arcbook.runs.record import Record
from arcbook.runs.reusing import changed_tables
from arcbook.runs.store import Folder, Store, open_store


@dataclass(frozen=True, slots=True)
class RecordedCell:
    """A code cell as it was run; `number` counts them from 1."""

    number: int
    source: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run that can be replayed; `changed` are the tables that its statements change.

    `done` is what it and the runs that it resumed have completed, by the numbers of its own cells; None for those of
    cells that it does not have. `missing` says why the work of those runs is not known, or is empty.
    """

    record: Record
    root: str
    cells: tuple[RecordedCell, ...]
    done: tuple[Done, ...]
    changed: tuple[str, ...]
    missing: str = ""

    @property
    def values(self) -> dict[str, str]:
        """The parameters' values but for those that a record does not keep."""
        return {
            name: value
            for name, value in self.record.parameters.items()
            if isinstance(value, str) and MASK not in value
        }

    @property
    def launch(self) -> dict[str, str]:
        """The launch values but for those that a record does not keep."""
        return {name: value for name, value in self.record.launch.items() if MASK not in value}


def recorded(run: str, root: str | None = None) -> Recorded:
    """The run of that id (or beginning of one, or `latest`) in the records at `root`.

    Raises:
        InputError: there is no such run, or its record lacks what a replay needs.
    """
    store = open_store(root)
    folder = store.find(run)
    record = folder.record()
    if record.kernel != KERNEL:
        raise InputError(f"The run {record.run_id} is of the kernel {record.kernel!r}; `{KERNEL}` cannot replay it.")
    if record.status == "running":
        raise InputError(
            f"The run {record.run_id} has not ended. If its process is gone: `arcbook runs recover {record.run_id}`."
        )
    notebook, cells = _cells(folder)
    done = done_from(record.run_id, [note.model_dump(mode="json") for note in record.stages])
    if record.stages and not done:
        raise InputError(
            f"The record of {record.run_id} has no keys of stages: it is of an older arcbook and cannot be replayed."
        )
    missing = ""
    try:
        done = done_by(store, record, _Numbering(store, record, cells))
    except InputError as error:
        missing = f"What the runs before it did is not known: {error.message}"
    changed = _changed(notebook_job(json.dumps(notebook), record.source), record)
    return Recorded(record, store.root, cells, done, tuple(changed), missing)


def _cells(folder: Folder) -> tuple[dict[str, Any], tuple[RecordedCell, ...]]:
    """The notebook of a run without what was injected, and its code cells.

    Raises:
        InputError: the journal does not hold it.
    """
    event = next(read_events(folder.journal_text()), None)
    if event is None or event.get("event") != "run" or not isinstance(event.get("notebook"), dict):
        raise InputError(f"The journal at {folder.address} does not hold the notebook, so the run cannot be replayed.")
    own = [cell for cell in event["notebook"]["cells"] if INJECTED_TAG not in cell.get("metadata", {}).get("tags", ())]
    code = [cell for cell in own if cell["cell_type"] == "code"]
    return {**event["notebook"], "cells": own}, tuple(
        RecordedCell(number, source_of(cell), tuple(cell.get("metadata", {}).get("tags", ())))
        for number, cell in enumerate(code, 1)
    )


class _Numbering:
    """Gives stages of the runs that a run resumed the numbers of its own cells: of those with the same text."""

    def __init__(self, store: Store, record: Record, cells: Sequence[RecordedCell]) -> None:
        self._store = store
        self._cells = cells
        self._numbers: dict[str, dict[int, int]] = {record.run_id: {cell.number: cell.number for cell in cells}}

    def __call__(self, record: Record, done: Done) -> Done:
        if record.run_id not in self._numbers:
            _, theirs = _cells(self._store.find(record.run_id))
            self._numbers[record.run_id] = dict(self._same(theirs))
        return replace(done, cell=self._numbers[record.run_id].get(done.cell or 0))

    def _same(self, theirs: Sequence[RecordedCell]) -> Iterator[tuple[int, int]]:
        """Their cells with ours: the first of a text with the first of it, and so on."""
        free = list(self._cells)
        for cell in theirs:
            found = next((each for each in free if each.source == cell.source), None)
            if found is not None:
                free.remove(found)
                yield cell.number, found.number


def _changed(job: Job, record: Record) -> list[str]:
    known = {each.name for each in job.declarations}
    given: dict[str, Any] = {name: value for name, value in record.parameters.items() if name in known and value}
    try:
        values = job.declarations.bind(given)
    except ArcbookError:
        values = job.values_of_parameters()
    settings = RunSettings(environment=record.environment, logical_time=record.logical_time)
    report = check_job(job, Context(settings=settings, launch=record.launch, values=values, folder=""))
    return changed_tables([step for step in report.steps if settings.runs(step.stage.environments)])
