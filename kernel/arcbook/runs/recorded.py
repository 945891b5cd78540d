"""A run as its record tells of it: its notebook, and the stages it completed."""

import json
from dataclasses import dataclass
from typing import Any

from arcbook.cells.notebook import Job, notebook_job, source_of
from arcbook.cells.params import INJECTED_TAG
from arcbook.cells.plan import Context, check_job
from arcbook.core.failures import ArcbookError, InputError
from arcbook.core.kernelspec import KERNEL
from arcbook.core.masking import MASK
from arcbook.core.settings import RunSettings
from arcbook.reuse.plan import Done, done_from
from arcbook.runs.journal import read_events
from arcbook.runs.record import Record
from arcbook.runs.reusing import changed_tables
from arcbook.runs.store import open_store


@dataclass(frozen=True, slots=True)
class RecordedCell:
    """A code cell as it was run; `number` counts them from 1."""

    number: int
    source: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run that can be replayed; `changed` are the tables that its statements change."""

    record: Record
    root: str
    cells: tuple[RecordedCell, ...]
    done: tuple[Done, ...]
    changed: tuple[str, ...]

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
    event = next(read_events(folder.journal_text()), None)
    if event is None or event.get("event") != "run" or not isinstance(event.get("notebook"), dict):
        raise InputError(f"The journal at {folder.address} does not hold the notebook, so the run cannot be replayed.")
    done = done_from(record.run_id, [note.model_dump(mode="json") for note in record.stages])
    if record.stages and not done:
        raise InputError(
            f"The record of {record.run_id} has no keys of stages: it is of an older arcbook and cannot be replayed."
        )
    own = [cell for cell in event["notebook"]["cells"] if INJECTED_TAG not in cell.get("metadata", {}).get("tags", ())]
    code = [cell for cell in own if cell["cell_type"] == "code"]
    cells = tuple(
        RecordedCell(number, source_of(cell), tuple(cell.get("metadata", {}).get("tags", ())))
        for number, cell in enumerate(code, 1)
    )
    changed = _changed(notebook_job(json.dumps({**event["notebook"], "cells": own}), record.source), record)
    return Recorded(record, store.root, cells, done, tuple(changed))


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
