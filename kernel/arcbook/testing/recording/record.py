"""Recording a test: the input rows of a stage, as few as still show what it did, masked, and what comes of them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from arcbook.cells.model import Step
from arcbook.cells.notebook import read_job
from arcbook.cells.params import Values
from arcbook.cells.statements import statement_of
from arcbook.core.addresses import replace_file
from arcbook.core.failures import ArcbookError, DefinitionError
from arcbook.core.masking import masker
from arcbook.core.settings import RunSettings
from arcbook.core.suggest import did_you_mean
from arcbook.engines.base import Engine
from arcbook.runners.executor import Executor
from arcbook.sql.clock import clock_calls
from arcbook.testing.document import SUFFIX, read_test_file
from arcbook.testing.recording.masks import Mask, without_secrets
from arcbook.testing.recording.smaller import smallest
from arcbook.testing.recording.trial import Given, Outcome, Trial, literals_of
from arcbook.testing.recording.written import add_case, case_text, rows_value
from arcbook.testing.run import checked_steps, run_case
from arcbook.testing.select import needed, traffic

#: Expected rows that are written out; of more only their number is.
MOST_EXPECTED = 200
_LONGEST_MESSAGE = 160
_SIMPLE = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal", "date", "timestamp")

Rows = Mapping[str, Given]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be recorded.

    Attributes:
        notebook: the path of the job.
        stage: type and name of the stage that the test is about.
        cell: the number of the stage's code cell, where it is known.
        failure: the class of the stage's failure; empty when it succeeded, and the test looks at what it made.
        name: the test's name; one is made up when it is empty.
        file: the test file; the one beside the notebook when None.
        environment: the environment of the test.
        parameters: values for the job's parameters, none of them secret.
        logical_time: the run's time; now, if the stage reads the clock, when None.
        unmasked: columns whose values stay as they are, but for known secrets.
        tries: how often the stage may be run to leave out rows.
    """

    notebook: Path
    stage: tuple[str, str]
    cell: int | None = None
    failure: str = ""
    name: str = ""
    file: Path | None = None
    environment: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    logical_time: datetime | None = None
    unmasked: tuple[str, ...] = ()
    tries: int = 60


@dataclass(frozen=True, slots=True)
class RecordedTest:
    """A test that was written: how many input rows there were and are, and the columns that could not be masked."""

    file: Path
    name: str
    before: int
    after: int
    kept: tuple[str, ...]


def the_step(steps: Sequence[Step], wish: Wish) -> Step:
    """The step of a job that a wish is about.

    Raises:
        DefinitionError: the notebook, as it is saved, has none.
    """
    found = [step for step in steps if (step.stage.type_name(), step.stage.name) == wish.stage]
    found = [step for step in found if wish.cell in (None, step.cell.number)] or found
    if not found:
        kind, name = wish.stage
        raise DefinitionError(f"{wish.notebook} has no {kind} `{name}`: save the notebook first.")
    return found[-1]


def record_test(wish: Wish, rows: Rows, engine: Engine) -> RecordedTest:
    """Write a test of a stage that was given these rows, and see that it passes.

    Args:
        wish: what the test is about.
        rows: the rows of each view that the stage reads.
        engine: where the stage is run, in views of these names; nothing else may be using it.

    Raises:
        ArcbookError: the stage does not do again what it did, a value cannot be masked, or the file cannot be added to.
    """
    _require_columns(wish.unmasked, rows)
    with chdir(wish.notebook.resolve().parent):
        recording = _Recording(wish, rows, engine)
        try:
            smaller = recording.smaller()
            masked, outcome, kept = recording.masked(smaller)
        finally:
            recording.close()
    return _written(wish, recording, masked, outcome, kept, engine)


def _require_columns(unmasked: Sequence[str], rows: Rows) -> None:
    known = list(dict.fromkeys(name for given in rows.values() for name in given.types))
    for name in unmasked:
        if name.lower() not in map(str.lower, known):
            remedy = did_you_mean(name, known) or f"There are: {', '.join(known)}."
            raise DefinitionError(f"No view that the stage reads has a column `{name}` (unmasked). {remedy}")


class _Recording:
    """One test in the making."""

    def __init__(self, wish: Wish, rows: Rows, engine: Engine) -> None:
        job = read_job(str(wish.notebook.resolve()))
        self.environment = wish.environment or job.environment
        settings = RunSettings(environment=self.environment)
        values = job.declarations.bind({**job.injected, **wish.parameters})
        self.target = the_step(checked_steps(job, settings, values), wish)
        self.moment = wish.logical_time or (datetime.now(UTC) if _reads_clock(self.target) else None)
        if self.moment is not None:
            settings = replace(settings, logical_time=self.moment, run_id="test")
        steps = checked_steps(job, settings, values)
        self.target = the_step(steps, wish)
        self.view = None if wish.failure else getattr(self.target.stage, "output_view", None)
        self.steps = needed(steps, rows, [self.view] if self.view else None)
        if self.view:
            # A gate may not hold on so many rows and hold on the few that are left: the written test tells.
            self.steps = [step for step in self.steps if step.stage.kind != "validate"]
        if self.target not in self.steps or not rows or any(map(_reads_outside, self.steps)):
            kind, name = wish.stage
            raise DefinitionError(
                f"A test of the {kind} `{name}` would not run it, or read what nobody masked: it needs views to read, "
                "and nothing else."
            )
        self.wish, self.rows, self.known = wish, rows, literals_of(steps)
        self.values: Values = values
        self._engine = engine
        self._executor = Executor(engine, settings)
        self._trial = Trial(self._executor, self.steps, values, self.view)
        self.outcome = self._trial.run(rows)
        self._require_the_same()
        self._signature = self._trial.signature(self.outcome, rows, self.known)

    def close(self) -> None:
        """Drop the views that were made."""
        spark = self._engine.spark()
        for view in self._executor.session({}).views:
            spark.catalog.dropTempView(view.name)

    def smaller(self) -> Rows:
        """As few of the rows as the tries allow."""
        places = [(view, index) for view, given in self.rows.items() for index in range(len(given.rows))]
        kept = smallest(places, lambda some: self._holds(self._only(some)), self.wish.tries)
        return self._only(kept)

    def masked(self, rows: Rows) -> tuple[Rows, Outcome, tuple[str, ...]]:
        """The rows masked, what comes of them, and the columns that had to stay as they are."""
        mask = Mask(self.known)
        names = list(dict.fromkeys(name for given in rows.values() for name in given.types))
        free = [name for name in names if name.lower() not in {each.lower() for each in self.wish.unmasked}]

        def made(kept: Sequence[str]) -> Rows:
            return {view: _masked(given, mask, {*names} - {*free} | {*kept}) for view, given in rows.items()}

        simple = [
            name for name in free
            if all(given.types.get(name, "int").split("(")[0] in _SIMPLE for given in rows.values())
        ]  # fmt: skip
        kept: list[str] = []
        if not self._holds(made(())):
            if not self._holds(made(simple)):
                raise self._depends_on_text(made, [name for name in free if name not in simple])
            kept = smallest(simple, lambda some: self._holds(made(some)), self.wish.tries)
        final = made(kept)
        return final, self._trial.run(final), tuple(kept)

    def _only(self, places: Sequence[tuple[str, int]]) -> Rows:
        return {
            view: Given(given.types, [given.rows[index] for of, index in places if of == view])
            for view, given in self.rows.items()
        }

    def _holds(self, rows: Rows) -> bool:
        outcome = self._trial.run(rows)
        if (outcome.failure is None) != (self.outcome.failure is None):
            return False
        return bool(self._trial.signature(outcome, rows, self.known) == self._signature)

    def _require_the_same(self) -> None:
        ended = self.outcome.failure.failure.name if self.outcome.failure else ""
        if ended == self.wish.failure:
            return
        kind, name = self.wish.stage
        was = f"a {self.wish.failure} failure" if self.wish.failure else "success"
        now = f"a {ended} failure ({self.outcome.failure.message})" if self.outcome.failure else "success"
        raise DefinitionError(f"The {kind} `{name}` does not do the same again: it was {was}, and is now {now}.")

    def _depends_on_text(self, made: Any, names: Sequence[str]) -> DefinitionError:
        alone = [name for name in names if self._holds(made([name]))]
        found = alone[:1] or names
        listed = ",".join(found)
        return DefinitionError(
            f"What the stage does depends on text that would be masked ({listed}). If its values may be in a file, say "
            f"so: `--unmasked {listed}`."
        )


def _masked(given: Given, mask: Mask, plain: set[str]) -> Given:
    rows = [
        {name: without_secrets(value) if name in plain else mask.value(value) for name, value in row.items()}
        for row in given.rows
    ]
    return Given(given.types, rows)


def _reads_outside(step: Step) -> bool:
    """Whether a step reads rows from a place, which are no test's own."""
    sql = getattr(step.stage, "sql", None)
    if step.stage.kind == "extract" and not getattr(step.stage, "input_view", None):
        return True
    if not isinstance(sql, str):
        return False
    statement = statement_of(sql, getattr(step.stage, "sql_params", {}))
    return any(each.path is not None for each in statement.reads)


def _reads_clock(step: Step) -> bool:
    sql = getattr(step.stage, "sql", None)
    return isinstance(sql, str) and any(True for _ in clock_calls(sql))


def _written(
    wish: Wish, recording: _Recording, rows: Rows, outcome: Outcome, kept: Sequence[str], engine: Engine
) -> RecordedTest:
    notebook = wish.notebook.resolve()
    path = wish.file or notebook.with_name(notebook.name.rpartition(".")[0] + SUFFIX)
    kind, stage = wish.stage
    wanted = wish.name or (f"{stage}: {wish.failure} failure" if wish.failure else f"{stage} makes what it made")
    name = _free_name(path, wanted)
    before, after = (sum(len(given.rows) for given in each.values()) for each in (recording.rows, rows))
    comments = [f"Recorded from {kind} `{stage}`: {after} of {before} input rows, masked."]
    if kept:
        comments.append(f"Not masked, since what the stage does depends on them: {', '.join(kept)}.")
    text = case_text(dict(_case(wish, recording, name, rows, outcome)), comments)
    old = add_case(path, masker().mask(text), notebook=_beside(notebook, path), environment=recording.environment)
    try:
        file = read_test_file(path)
        verdict = run_case(file, len(file.cases) - 1, engine)
        if not verdict.passed:
            raise DefinitionError(f"The recorded test does not pass, so it is not kept: {'; '.join(verdict.faults)}")
    except BaseException:
        if old is None:
            path.unlink(missing_ok=True)
        else:
            replace_file(path, old.encode())
        raise
    return RecordedTest(path, name, before, after, tuple(kept))


def _case(wish: Wish, recording: _Recording, name: str, rows: Rows, outcome: Outcome) -> Iterator[tuple[str, Any]]:
    yield "name", name
    if recording.environment:
        yield "environment", recording.environment
    if wish.parameters:
        yield "parameters", {key: value for key, value in wish.parameters.items() if value is not None}
    if recording.moment is not None:
        yield "logical_time", recording.moment.isoformat()
    yield "given", {view: rows_value(given) for view, given in rows.items()}
    if outcome.failure is not None:
        fails = {"failure": outcome.failure.failure.name}
        # Other messages are an engine's, and differ between them.
        message = {"message": _line(outcome.failure)} if outcome.failure.failure.name == "quality" else {}
        yield "fails", fails | message
        return
    expected = Given(outcome.types, outcome.rows)
    if len(outcome.rows) > MOST_EXPECTED:
        yield "expect", {recording.view: {"columns": dict(outcome.types), "count": len(outcome.rows)}}
    else:
        yield "expect", {recording.view: rows_value(expected)}


def _line(error: ArcbookError) -> str:
    return error.message.partition("\n")[0][:_LONGEST_MESSAGE]


def _free_name(path: Path, wanted: str) -> str:
    taken = {case.name for case in read_test_file(path).cases} if path.exists() else set()
    names = (wanted, *(f"{wanted} {number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _beside(notebook: Path, path: Path) -> str:
    same = notebook.parent == path.resolve().parent
    return notebook.name if same else str(notebook)


def inputs_of(step: Step) -> list[str]:
    """The views that a step reads."""
    return sorted(traffic(step).reads)
