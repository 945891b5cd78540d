"""Bringing a kernel into the state that a recorded run had before its failed stage."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from arcbook.cells.magics import read_cell
from arcbook.cells.plan import resolved, steps_of
from arcbook.core.failures import ArcbookError, DefinitionError
from arcbook.reuse.checkpoints import Checkpoints, checkpoints_in
from arcbook.reuse.deeds import values_from
from arcbook.reuse.plan import Done
from arcbook.reuse.replay import Replay
from arcbook.runs.recorded import Recorded, RecordedCell, recorded
from arcbook_magics.registry import magic
from arcbook_magics.shown import Shown, listing, text

if TYPE_CHECKING:
    from arcbook.cells.model import Cell, Step
    from arcbook.runners.executor import Executor
    from arcbook_magics.workbench import Workbench

#: Cells that only give values; they run as they are.
_VALUES = frozenset(("params", "env", "secret", "document", "configplugin"))

_Row = tuple[str, str, str, str]


def replay(bench: "Workbench", run: str, root: str | None) -> Iterator[Shown]:
    """Restore the run; yields what was restored and how.

    Raises:
        ArcbookError: there is no such run, its record lacks what is needed, or the kernel has views of its own.
    """
    found = recorded(run, root)
    if bench.room.call(lambda executor: executor.views()):
        raise DefinitionError("This kernel has views already, which a replay would mix with its own. Restart it first.")
    scratch = Path(tempfile.mkdtemp(prefix="arcbook-replay-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    record = found.record
    store = Checkpoints(checkpoints_in(found.root))
    if record.folder and Path(record.folder).is_dir():
        os.chdir(record.folder)  # where the job's relative addresses start
    bench.launch = replace(
        bench.launch,
        run_id=record.run_id,
        job=record.job,
        logical_time=record.logical_time,
        environment=record.environment,
        environment_source=f"the run {record.run_id}",
        values=found.launch,
    )
    bench.inputs.give(found.values)
    state = Replay(record.run_id, found.done, scratch, store, found.changed)
    # From here on nothing is written to its real place, also when not all can be restored.
    bench.replay = state
    rows: list[_Row] = []
    for cell in _before_failure(found):
        rows += _restored(bench, state, cell, [each for each in found.done if each.cell == cell.number])
    yield listing(f"run {record.run_id}", ("cell", "stage", "view", "restored"), rows)
    yield text("\n".join(_told(found, bench.launch.engine, scratch)))


def _before_failure(found: Recorded) -> list[RecordedCell]:
    """The cells up to the failed one; those that declare parameters first, since all of a job's cells know them."""
    failed = found.record.failure.cell if found.record.failure else None
    cells = [cell for cell in found.cells if failed is None or cell.number <= failed]
    return sorted(cells, key=lambda cell: not cell.source.lstrip().startswith("%params"))


def _told(found: Recorded, engine: str, scratch: Path) -> Iterator[str]:
    record = found.record
    yield f"time: {record.logical_time.isoformat()}, environment: {record.environment}"
    if record.engine != engine:
        yield f"The run used the engine `{record.engine}`, this kernel has `{engine}`: results may differ."
    if found.missing:
        yield found.missing
    yield f"What cells write from now on goes to {scratch}, until this kernel ends."
    if record.failure and record.failure.cell:
        first = record.failure.message.strip().splitlines()[0] if record.failure.message.strip() else ""
        yield f"Cell {record.failure.cell} failed ({record.failure.failure}): {first}"


def _restored(bench: "Workbench", state: Replay, recorded_cell: RecordedCell, done: list[Done]) -> list[_Row]:
    """Do again what a cell did for the cells behind it."""
    number = str(recorded_cell.number)
    try:
        cell = read_cell(recorded_cell.source, number=recorded_cell.number, tags=recorded_cell.tags)
        if cell.magic in _VALUES:
            list(magic(cell.magic).run(bench, cell))
            return []
        if cell.magic == "python":
            return [(number, "%python", "", "not run: nobody can say what it does outside")]
        if cell.magic == "lifecycleplugin":
            return [(number, "%lifecycleplugin", "", "left out")]
        return _stages(bench, state, cell, done)
    except ArcbookError as error:
        return [(number, "", "", f"not restored: {error.message}")]


def _stages(bench: "Workbench", state: Replay, cell: "Cell", done: list[Done]) -> list[_Row]:
    context = bench.context().after(cell)
    bench.inputs.left = dict(context.left)
    waiting = list(done)
    rows: list[_Row] = []
    for step in steps_of(cell, context) if done else ():
        if not context.settings.runs(step.stage.environments):
            continue
        for due in resolved(step, bench.computed):
            if not waiting:
                return rows
            rows.append(_stage(bench, state, due, waiting.pop(0)))
    return rows


def _stage(bench: "Workbench", state: Replay, step: "Step", done: Done) -> _Row:
    parameters = (step.context or bench.context()).values.bound()

    def inside(executor: "Executor") -> str:
        executor.settings = bench.settings
        return state.restore(executor, step, parameters, done)

    row = (str(step.cell.number or ""), f"{step.stage.type_name()} {step.stage.name}", done.view or "")
    try:
        how = bench.room.call(inside)
    except ArcbookError as error:
        return (*row, f"lost: {error.message}")
    bench.keep_computed(values_from(done))
    return (*row, how)
