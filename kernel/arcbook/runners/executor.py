"""Running steps one after the other on an engine: places for errors, views that survive the engine's loss."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from arcbook.cells.model import Step
from arcbook.cells.places import span_within
from arcbook.core.addresses import speaks_of_s3
from arcbook.core.failures import (
    ArcbookError,
    CancelledError,
    DefinitionError,
    InputError,
    QualityError,
    TransientError,
)
from arcbook.core.problem import Problem
from arcbook.core.settings import RunSettings
from arcbook.core.span import Span
from arcbook.core.suggest import did_you_mean
from arcbook.core.translate import translate
from arcbook.engines.base import Engine
from arcbook.engines.session import Session
from arcbook.engines.views import Maker, View, ViewBook
from arcbook.runners.base import Decision, Result, load_runners, run
from arcbook.runners.columns import as_run
from arcbook.runners.hooks import after, before, refusal
from arcbook.sql.errors import SqlError
from arcbook.sql.locate import locate_error
from arcbook.sql.placeholders import fill
from arcbook.sql.references import analyse
from arcbook.stages.plugins.base import LifecyclePlugin

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Log = Callable[[Mapping[str, Any]], None]
#: Kinds of stages that can run again without changing anything outside.
_REPEATABLE = ("extract", "transform")
#: Functions by which a statement fails on purpose.
_RAISES = re.compile(r"\b(?:raise_error|assert_true)\s*\(", re.IGNORECASE)
#: Fields whose text is for people.
_FREE_TEXT = {"id", "name", "description"}


@dataclass(frozen=True, slots=True)
class ViewSchema:
    """A view and its columns: type text by name, in order; empty when the engine cannot say."""

    name: str
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a stage may not run: the plugin's reason, and the message of the stage that decided so."""

    reason: str
    message: Any = None


def _drop(event: Mapping[str, Any]) -> None:
    """Logging to nobody."""


class Executor:
    """Runs checked steps on one engine. Not thread-safe except for `interrupt`.

    `notices` are sentences for the user about what happened to the engine ("… views a, b were rebuilt; c is lost");
    whoever shows them clears the list.
    """

    def __init__(self, engine: Engine, settings: RunSettings, log: Log = _drop) -> None:
        self.engine = engine
        self.settings = settings
        self.notices: list[str] = []
        self._log = log
        self._book = ViewBook()
        self._decisions: dict[str, Decision] = {}
        self._refusing = False
        self._generation: int | None = None
        self._rebuilding = False
        self._stopping = False

    def execute(self, step: Step, parameters: Mapping[str, Any], plugins: Sequence[LifecyclePlugin] = ()) -> Result:
        """Run one step, with what the plugins do before and after it; `refused` tells whether it may run.

        Raises:
            ArcbookError: always one of ours, with the place in the cell where it can be told.
        """
        load_runners()
        self._stopping = False
        with self.explaining(step):
            for capability in _needs(step):
                self.engine.need(capability)
            session = replace(self.session(parameters), position=_position(step))
            for plugin in plugins:
                before(plugin, step.stage, session)
            result = run(step.stage, session)
            self._take(step, parameters, result)
            for plugin in plugins:
                result = after(plugin, step.stage, result, session)
        return result

    def restore(self, step: Step, parameters: Mapping[str, Any], make: Callable[[Session], Result]) -> Result:
        """As `execute`, with `make` in the runner's place and without plugins: for what an earlier run has done.

        Raises:
            ArcbookError: always one of ours.
        """
        load_runners()
        with self.explaining(step):
            for capability in _needs(step):
                self.engine.need(capability)
            result = make(replace(self.session(parameters), position=_position(step)))
            self._take(step, parameters, result)
        return result

    def _take(self, step: Step, parameters: Mapping[str, Any], result: Result) -> None:
        """Keep what a stage decided and made."""
        self._decisions |= result.decisions
        self._note(step, parameters, result)

    def refused(self, plugins: Sequence[LifecyclePlugin], stage: str = "") -> Refused | None:
        """Why nothing further may run, by the first plugin that says so; None when the next stage may.

        `stage` names the next one for the log, which has an entry for the first that is refused.
        """
        load_runners()
        for plugin in plugins:
            found = refusal(plugin, self._decisions)
            if found is not None:
                reason, decision = found
                if not self._refusing:
                    self._log({"event": "skip", "stage": stage, "reason": reason, "message": decision.message})
                self._refusing = True
                return Refused(reason, decision.message)
        self._refusing = False
        return None

    @contextmanager
    def explaining(self, step: Step) -> Iterator[None]:
        """Raise errors of the block as ours, placed in the step's cell: for reading the rows of a step's frame."""
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:  # the border to the engines
            raise self.explained(error, step) from error

    def session(self, parameters: Mapping[str, Any]) -> Session:
        """What a runner is given, on an engine that is alive and has all views it can have.

        Raises:
            ArcbookError: the engine cannot be started.
        """
        if not self._rebuilding:
            reason = self.engine.renew()
            spark = self.engine.spark()
            self._catch_up(reason)
        else:
            spark = self.engine.spark()
        return self._session_on(spark, parameters)

    def views(self) -> list[ViewSchema]:
        """The views noted so far, in the order they were made, with their columns."""
        spark = self.engine.spark()
        self._catch_up("")
        return [ViewSchema(view.name, _columns(spark, view.name)) for view in self._book]

    def interrupt(self) -> None:
        """Stop what runs; any thread may call. The step that runs then fails with `CancelledError`."""
        self._stopping = True
        self.engine.interrupt()

    def close(self) -> None:
        """End the engine."""
        self.engine.close()

    def _session_on(self, spark: "SparkSession", parameters: Mapping[str, Any]) -> Session:
        return Session(
            spark=spark,
            engine=self.engine.name,
            capabilities=self.engine.capabilities,
            settings=self.settings,
            parameters=parameters,
            views=self._book,
            log=self._log,
        )

    def _note(self, step: Step, parameters: Mapping[str, Any], result: Result) -> None:
        """Remember how to make the step's view again."""
        if result.view is None:
            return
        known = self._book.get(result.view)
        maker = Maker(step.stage, parameters) if result.frame is not None and _repeatable(step) else None
        self._book.put(View(result.view, known.delta_path if known else None, maker))

    def _catch_up(self, reason: str) -> None:
        """Rebuild all views after the engine was replaced, in the order they were made, and say so."""
        generation = self.engine.generation
        if self._generation is None or self._generation == generation:
            self._generation = generation
            return
        rebuilt: list[str] = []
        lost: list[str] = []
        for view in list(self._book):
            (rebuilt if self._rebuilt(view) else lost).append(view.name)
        self._generation = self.engine.generation
        self.notices.append(_notice(self.engine.name, reason, rebuilt, lost))

    def _rebuilt(self, view: View) -> bool:
        if view.maker is not None:
            self._rebuilding = True
            try:
                run(view.maker.stage, self.session(view.maker.parameters))
            except Exception as error:  # noqa: BLE001  # a view built on a lost one, or on data that has gone since
                self._log({"event": "view-lost", "view": view.name, "reason": translate(error).message})
            else:
                return True
            finally:
                self._rebuilding = False
        self._book.drop(view.name)
        return False

    def explained(self, error: BaseException, step: Step) -> ArcbookError:
        """Our error for what went wrong in `step` or in reading what it made, with the place in its cell."""
        if isinstance(error, KeyboardInterrupt):
            self.engine.interrupt()
        if isinstance(error, KeyboardInterrupt) or self._stopping:
            # A killed server and a half-read answer say all sorts of things.
            return CancelledError("The work was stopped.", detail=translate(error).detail)
        ours = translate(error)
        if isinstance(ours, TransientError):
            self.engine.suspect()
            ours = self.engine.post_mortem() or ours
        sql = getattr(step.stage, "sql", None)
        if not isinstance(sql, str) or not isinstance(ours, DefinitionError | InputError):
            return ours
        if ours is error and not isinstance(error, SqlError):
            return ours  # the runner knew better than an engine's text
        if self.engine.name == "embedded" and _raised_by_statement(ours, sql):
            return QualityError(f"The statement raised an error: {ours.message}", detail=ours.detail)
        span, name = self._place(error, step, sql)
        problems = tuple(
            replace(
                problem, span=problem.span or span, key=problem.key or "sql", remedy=self._remedy(problem, name, step)
            )
            for problem in ours.problems or (_problem(ours),)
        )
        placed = InputError if isinstance(ours, InputError) else DefinitionError
        return placed("\n".join(str(problem) for problem in problems), problems=problems, detail=ours.detail)

    def _place(self, error: BaseException, step: Step, sql: str) -> tuple[Span | None, str]:
        """The span of what the error speaks of, and the text there."""
        if isinstance(error, SqlError):
            return _span(step, error.start, error.end), sql[error.start : error.end]
        params = getattr(step.stage, "sql_params", {})
        rendered = fill(sql, params)
        ran = as_run(step.stage, rendered.text)
        found = locate_error(error, ran.text)
        if found is None:
            return step.tree.span(("sql",)) or step.tree.span(()), ""
        found = ran.source_range(*found)
        start, end = (rendered.source_offset(offset) for offset in found)
        return _span(step, start, end), rendered.text[found[0] : found[1]]

    def _remedy(self, problem: Problem, name: str, step: Step) -> str:
        """The engine's suggestion, or ours from the views that exist and their columns."""
        wanted = name.rpartition(".")[2].strip("`")
        if problem.code == "unknown-view" and wanted:
            return did_you_mean(wanted, [view.name for view in self._book]) or problem.remedy
        if problem.code == "unknown-column" and wanted:
            # Spark proposes every column there is.
            return did_you_mean(wanted, self._columns_read_by(step)) or problem.remedy
        return problem.remedy

    def _columns_read_by(self, step: Step) -> list[str]:
        """The columns of all views that a step's statement reads."""
        try:
            statement = analyse(fill(getattr(step.stage, "sql", ""), getattr(step.stage, "sql_params", {})).text)
        except SqlError:
            return []
        views = [view.name for view in map(self._book.get, (each.name for each in statement.reads)) if view]
        return [column for view in views for column in _columns(self.engine.spark(), view)]


def _problem(error: ArcbookError) -> Problem:
    if isinstance(error, SqlError):
        return Problem(error.code, error.message, remedy=error.remedy)
    return Problem("engine-error", error.message)


def _raised_by_statement(error: ArcbookError, sql: str) -> bool:
    """Whether a statement's own `raise_error` may have spoken: Sail gives its text alone, as of a wrong statement."""
    unknown = len(error.problems) == 1 and error.problems[0].code == "engine-error"
    return unknown and isinstance(error, DefinitionError) and _RAISES.search(sql) is not None


def _position(step: Step) -> str:
    """The step's cell and its place in it: the same in every attempt at a run, another for every step of a job."""
    span = step.tree.span(())
    cell = step.cell.number or step.cell.cell_id
    place = f"{cell}:{span.line}:{span.column}" if span else str(cell)
    return "/".join((*step.within, place))


def _needs(step: Step) -> set[str]:
    """Capabilities that an engine may have to load first: those of the stage, and `s3` when an address says so."""
    text = step.stage.model_dump_json(exclude=_FREE_TEXT)
    return {*step.stage.required_capabilities(), *(("s3",) if speaks_of_s3(text) else ())}


def _repeatable(step: Step) -> bool:
    """Whether running the step again changes nothing outside: an extraction, or a transformation that only reads."""
    sql = getattr(step.stage, "sql", None)
    if step.stage.kind not in _REPEATABLE or not isinstance(sql, str):
        return step.stage.kind in _REPEATABLE
    try:
        return analyse(fill(sql, getattr(step.stage, "sql_params", {})).text).kind == "query"
    except SqlError:
        return False  # the engine took what our reader does not know: nobody can say what it did


def _span(step: Step, start: int, end: int) -> Span | None:
    span = span_within(step.tree, ("sql",), step.cell.source, start, end)
    if span is None or (span.origin and span.origin != step.cell.origin):
        return span  # a place in the file that the statement was read from is in no cell
    return replace(span, cell=span.cell or step.cell.number, origin=step.cell.origin)


def _columns(spark: "SparkSession", view: str) -> dict[str, str]:
    try:
        return {field.name: field.dataType.simpleString() for field in spark.table(view).schema.fields}
    except Exception:  # noqa: BLE001  # a view whose files have gone is still a view; whoever reads it learns more
        return {}


def _notice(engine: str, reason: str, rebuilt: list[str], lost: list[str]) -> str:
    text = f"The engine `{engine}` was replaced" + (f" because {reason}" if reason else "")
    if rebuilt:
        text += f"; rebuilt: {', '.join(rebuilt)}"
    if lost:
        text += f"; lost, run their cells again: {', '.join(lost)}"
    return f"{text}."
