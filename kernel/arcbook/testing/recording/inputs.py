"""The rows that a stage was given: read from the views of a live session, or made again as a run made them."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import chdir
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from arcbook.cells.model import Step
from arcbook.cells.notebook import read_job
from arcbook.cells.plan import resolved
from arcbook.core.failures import DefinitionError, InputError
from arcbook.core.masking import MASK
from arcbook.core.settings import RunSettings
from arcbook.engines.base import Engine
from arcbook.engines.session import Session
from arcbook.runners.executor import Executor
from arcbook.runners.views import read_view
from arcbook.testing.recording.record import Wish, inputs_of, the_step
from arcbook.testing.recording.trial import Given, held_by
from arcbook.testing.run import checked_steps
from arcbook.testing.select import needed, traffic

#: Rows read of each view; a test is to be found among them.
MOST_ROWS = 5_000


class RunStage(Protocol):
    """A stage in a record (`arcbook.runs.record.StageNote`)."""

    @property
    def cell(self) -> int: ...
    @property
    def stage(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def details(self) -> Mapping[str, Any]: ...


class RunFailure(Protocol):
    """The failure in a record (`arcbook.runs.record.FailureNote`)."""

    @property
    def failure(self) -> str: ...
    @property
    def cell(self) -> int | None: ...


class Run(Protocol):
    """What is used of a record (`arcbook.runs.record.Record`)."""

    @property
    def run_id(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def environment(self) -> str | None: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def logical_time(self) -> datetime: ...
    @property
    def failure(self) -> RunFailure | None: ...
    @property
    def stages(self) -> Sequence[RunStage]: ...


def given_by(names: Iterable[str], session: Session) -> dict[str, Given]:
    """The rows of views, of a long one the first.

    Raises:
        InputError: there is no such view.
        DefinitionError: a view has two columns of one name, which no test file can hold.
    """
    return {name: held_by(read_view(name, session).limit(MOST_ROWS)) for name in names}


def inputs_of_run(run: Run, wish: Wish, engine: Engine) -> tuple[Wish, dict[str, Given]]:
    """The wish for a test of the stage at which a run failed, and the rows that the stage was given.

    The views are made again, as the run made them: with its parameters, its time and its environment, from what its
    extracts read now.

    Args:
        run: the record.
        wish: what is wanted beside; its stage, parameters, environment and time are the run's.
        engine: where the views are made; nothing else may be using it.

    Raises:
        DefinitionError: the run did not fail in a stage, or the stage's views cannot be made without writing.
        ArcbookError: a stage before it fails.
    """
    failure = run.failure
    if failure is None or failure.cell is None:
        raise DefinitionError(f"The run {run.run_id} did not fail in a cell.")
    notebook = Path(run.source)
    if not notebook.is_file():
        raise InputError(f"The notebook of the run, {run.source}, is not here.")
    settings = RunSettings(environment=run.environment, logical_time=run.logical_time, run_id=run.run_id)
    with chdir(notebook.resolve().parent):
        job = read_job(str(notebook.resolve()))
        parameters = _public(run.parameters, job.declarations)
        values = job.declarations.bind({**job.injected, **parameters})
        steps = checked_steps(job, settings, values)
        target = _failed(run.stages, steps, failure.cell)
        wish = Wish(
            notebook=notebook, stage=(target.stage.type_name(), target.stage.name), cell=target.cell.number,
            failure=failure.failure, name=wish.name, file=wish.file, environment=run.environment,
            parameters=parameters, logical_time=run.logical_time, unmasked=wish.unmasked, tries=wish.tries,
        )  # fmt: skip
        target = the_step(steps, wish)
        makers = _makers(steps[: steps.index(target)], inputs_of(target))
        executor = Executor(engine, settings)
        try:
            for step in (due for each in makers for due in resolved(each, {})):
                own = step.context.values.bound() if step.context else {}
                executor.execute(step, {**values.bound(), **own})
            return wish, given_by(inputs_of(target), executor.session(values.bound()))
        finally:
            for view in executor.session({}).views:
                engine.spark().catalog.dropTempView(view.name)


def _public(parameters: Mapping[str, Any], declarations: Any) -> dict[str, Any]:
    """The values that a test may hold: neither secret nor masked, and only those that the job still declares."""
    return {
        name: value
        for name, value in parameters.items()
        if name in declarations.by_name
        and declarations.by_name[name].type.kind != "secret"
        and value is not None
        and MASK not in str(value)
    }


def _failed(notes: Sequence[RunStage], steps: Sequence[Step], cell: int) -> Step:
    """The stage at which the run ended: the first that it has no result of, or whose gate failed."""
    done = [(note.stage, note.name) for note in notes if (note.details.get("gate") or {}).get("outcome") != "fail"]
    for step in steps:
        named = (step.stage.type_name(), step.stage.name)
        if named in done:
            done.remove(named)
        elif step.cell.number in (None, cell):  # the stages of a job file have no cells of their own
            return step
        else:
            break
    raise DefinitionError(f"The run did not fail in a stage that the notebook still has (cell {cell}).")


def _makers(steps: Sequence[Step], views: Sequence[str]) -> list[Step]:
    makers = needed(steps, (), views)
    makers = [step for step in makers if step.stage.kind in ("extract", "transform")]
    for step in makers:
        if changed := traffic(step).changes:
            listed = ", ".join(sorted(changed))
            name = step.stage.name
            raise DefinitionError(
                f"The stage `{name}` changes {listed}: its rows cannot be made again without writing."
            )
    return makers
