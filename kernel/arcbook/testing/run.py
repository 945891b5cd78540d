"""Running the cases of a test file on one warm engine."""

import time
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from arcbook.cells.model import Step
from arcbook.cells.notebook import Job, read_job
from arcbook.cells.params import Values
from arcbook.cells.plan import Context, check_job, resolved
from arcbook.core.failures import ArcbookError, CellError, DefinitionError
from arcbook.core.launch import times
from arcbook.core.problem import errors
from arcbook.core.settings import RunSettings
from arcbook.core.suggest import did_you_mean
from arcbook.engines.base import Engine
from arcbook.engines.views import View
from arcbook.runners.delta_places import read_table, save_table
from arcbook.runners.executor import Executor
from arcbook.testing.compare import differences
from arcbook.testing.document import SUFFIX, Case, TestFile, read_test_file
from arcbook.testing.select import needed, traffic
from arcbook.testing.values import frame_of, rows_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a case ended: `faults` is empty when it passed; each says what is wrong and where the case stands."""

    file: Path
    name: str
    faults: tuple[str, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether all was as expected."""
        return not self.faults


def find_test_files(places: Iterator[Path] | list[Path]) -> list[Path]:
    """The test files among `places` and below those that are folders, in the order of their names.

    Raises:
        DefinitionError: a place is neither a folder nor a test file.
    """
    found: dict[Path, None] = {}
    for place in places:
        if place.is_dir():
            below = (path for path in sorted(place.rglob(f"*{SUFFIX}")) if not _hidden(path.relative_to(place)))
            found.update(dict.fromkeys(below))
        elif place.is_file() and place.name.endswith(SUFFIX):
            found[place] = None
        else:
            raise DefinitionError(f"{place} is neither a folder nor a test file (`NAME{SUFFIX}`).")
    return list(found)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def run_file(path: Path, engine: Engine, names: str = "") -> Iterator[Verdict]:
    """Run the cases of a test file whose name contains `names`, one after the other.

    Raises:
        CellError: the file says what no test file says.
    """
    file = read_test_file(path)
    for index, case in enumerate(file.cases):
        if names.lower() in case.name.lower():
            yield run_case(file, index, engine)


def run_case(file: TestFile, index: int, engine: Engine) -> Verdict:
    """Run one case: only what lies between the views it gives and those it looks at. Nothing outside is written."""
    case = file.cases[index]
    started = time.perf_counter()
    try:
        with chdir(Path(file.notebook).parent):  # where a run would start
            faults = _faults(file, index, case, engine)
    except ArcbookError as error:
        faults = [f"{file.span(index)}: {error.failure.name} error: {error.message}"]
    return Verdict(file.path, case.name, tuple(faults), time.perf_counter() - started)


def _faults(file: TestFile, index: int, case: Case, engine: Engine) -> list[str]:
    job = read_job(file.notebook)
    settings = _settings(file, case, job)
    values = job.declarations.bind({**job.injected, **case.parameters})
    steps = checked_steps(job, settings, values)
    executor = Executor(engine, settings)
    try:
        with TemporaryDirectory(prefix="arcbook-test-") as scratch:
            return _ran(file, index, steps, executor, values, Path(scratch))
    finally:
        spark = engine.spark()
        for view in executor.session({}).views:
            spark.catalog.dropTempView(view.name)


def _misspelt(file: TestFile, index: int, steps: list[Step]) -> list[str]:
    """Given views that no stage makes, reads or changes, although one of nearly that name is there.

    Others may be of another environment.
    """
    flows = [traffic(step) for step in steps]
    known = sorted({name for flow in flows for name in flow.makes | flow.reads | flow.changes})
    return [
        f"{file.span(index, 'given', view)}: no stage makes or reads the view `{view}`. {meant}"
        for view in file.cases[index].given
        if view.lower() not in known and (meant := did_you_mean(view, known))
    ]


def _ran(file: TestFile, index: int, steps: list[Step], executor: Executor, values: Values, scratch: Path) -> list[str]:
    case = file.cases[index]
    folder = file.folder
    session = executor.session(values.bound())
    if misspelt := _misspelt(file, index, steps):
        return misspelt
    chosen = needed(steps, case.given, case.expect or None)
    changed = {name for step in chosen for name in traffic(step).changes}
    for view, given in case.given.items():
        frame = frame_of(rows_of(given, folder), given.columns, session.spark)
        table = None
        if view.lower() in changed:
            # Only a table can be changed.
            table = str(scratch / view)
            save_table(frame.write, table, session)
            frame = read_table(table, session)
        frame.createOrReplaceTempView(view)
        session.views.put(View(view, delta_path=table))
    try:
        # Nothing computes values in a test: a stage that waits for some fails, and says which.
        for step in (due for each in chosen for due in resolved(each, {})):
            # A step of a job within the job has parameters of its own; checking took the secrets from its context.
            own = step.context.values.bound() if step.context else {}
            result = executor.execute(step, {**values.bound(), **own})
            if case.fails and result.frame is not None:
                with executor.explaining(step):
                    result.frame.collect()
    except ArcbookError as error:
        return _judged(file, index, case, error)
    if case.fails:
        return [f"{file.span(index, 'fails')}: the job did not fail; a {case.fails.failure} failure was expected"]
    found: list[str] = []
    for view, expected in case.expect.items():
        if session.views.get(view) is None:
            found.append(f"{file.span(index, 'expect', view)}: no stage makes the view `{view}` here")
            continue
        place = file.span(index, "expect", view)
        found += [f"{place}: {each}" for each in differences(view, expected, session.spark, folder)]
    return found


def _judged(file: TestFile, index: int, case: Case, error: ArcbookError) -> list[str]:
    """Whether the failure is the one that was expected."""
    if case.fails and error.failure.name == case.fails.failure and case.fails.message in error.message:
        return []
    wanted, ended = case.fails, f"{error.failure.name} failure"
    if wanted is None:
        return [f"{file.span(index, 'name')}: {ended}: {error.message}"]
    expected = f"{wanted.failure} with `{wanted.message}`" if wanted.message else wanted.failure
    return [f"{file.span(index, 'fails')}: {ended}, not {expected}: {error.message}"]


def _settings(file: TestFile, case: Case, job: Job) -> RunSettings:
    """With a logical time the case is like a run at that time; without one it sees the clock, as a notebook does."""
    environment = file.environment(case) or job.environment
    if case.logical_time is None:
        return RunSettings(environment=environment)
    try:
        moment = datetime.fromisoformat(case.logical_time)
    except ValueError:
        raise DefinitionError(f"`{case.logical_time}` is no ISO time, such as 2026-01-31T00:00:00Z.") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return RunSettings(environment=environment, logical_time=moment, run_id="test")


def checked_steps(job: Job, settings: RunSettings, values: Values) -> list[Step]:
    """The checked steps of the case's environment.

    Raises:
        CellError: the job has problems. Views that nothing makes are none here: the case may give them, or not look.
    """
    launch = times({}, settings.logical_time)
    report = check_job(job, Context(settings=settings, launch=launch, values=values, complete=True))
    if wrong := [problem for problem in errors(report.problems) if problem.code != "unknown-view"]:
        raise CellError(wrong)
    return [step for step in report.steps if settings.runs(step.stage.environments)]
