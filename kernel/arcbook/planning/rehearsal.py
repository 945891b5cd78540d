"""Building every stage of a job as an empty view on the embedded engine, and noting what it would read and write."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arcbook.cells.model import Cell, Step
from arcbook.cells.notebook import Job
from arcbook.cells.places import span_within
from arcbook.cells.plan import Context, check_job
from arcbook.cells.statements import filled
from arcbook.core.failures import ArcbookError, CellError, DefinitionError
from arcbook.core.problem import Problem
from arcbook.engines.base import Engine
from arcbook.engines.embedded import EmbeddedEngine
from arcbook.engines.session import Session
from arcbook.engines.views import View
from arcbook.planning.aside import Aside
from arcbook.planning.empty import empty_frame
from arcbook.planning.places import address_of, is_there, look_at
from arcbook.planning.traffic import Traffic, Uses, save_mode, statement_in
from arcbook.planning.values import Place, Plan, PlannedStage, Write
from arcbook.runners.base import load_runners, run
from arcbook.runners.executor import Executor
from arcbook.runners.extracting import empty
from arcbook.runners.reading.listing import covers
from arcbook.runners.statement import execute_statement
from arcbook.sql.lineage import lineage
from arcbook.sql.origins import Lineage
from arcbook.sql.quote import identifier
from arcbook.sql.references import Reference
from arcbook.sql.schema import resolve_columns
from arcbook.stages.base import roles_of
from arcbook.stages.keys import Role

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

#: Statements that change something outside the session.
_CHANGES = frozenset(("merge", "insert", "update", "delete", "truncate", "drop", "alter"))


def rehearse(job: Job, context: Context, engine: Engine, written: "dict[str, StructType] | None" = None) -> Plan:
    """The plan of a job in the environment of `context`, built on an engine (the embedded one) without touching rows.

    Findings of the check are in the plan, too; a stage that depends on a wrong one is said to be unknown. `written` has
    the columns of what jobs before this one write, by address, and gains those of what this one writes.

    Raises:
        DefinitionError: the engine is not the embedded one.
        ArcbookError: it cannot be started.
    """
    started = time.perf_counter()
    report = check_job(job, context)
    plan = rehearse_steps(job.origin, report.steps, context, engine, written, opaque=any(map(_is_opaque, job.cells)))
    problems = (*report.problems, *plan.problems)
    return replace(plan, problems=problems, seconds=time.perf_counter() - started)


def rehearse_steps(
    origin: str,
    steps: tuple[Step, ...],
    context: Context,
    engine: Engine,
    written: "dict[str, StructType] | None" = None,
    *,
    opaque: bool,
) -> Plan:
    """The plan of checked steps; `origin` names them, `opaque` says that other cells may have made views.

    Everything else as in `rehearse`.
    """
    if not isinstance(engine, EmbeddedEngine):
        raise DefinitionError(f"A plan is made on the engine `embedded`, not on `{engine.name}`.")
    started = time.perf_counter()
    apart = Aside(engine)
    rehearsal = _Rehearsal(Executor(apart, context.settings), context, {} if written is None else written, opaque)
    try:
        stages = tuple(rehearsal.stages(steps))
    finally:
        apart.close()
    seconds = time.perf_counter() - started
    return Plan(origin, context.settings.environment, stages, tuple(rehearsal.problems), seconds)


#: Formats that an engine reads by their paths and knows from footers, logs or by heart. Of any other it reads rows.
_KNOWN_WITHOUT_ROWS = frozenset(("parquet", "delta", "iceberg", "text", "binaryfile"))


class _Rehearsal:
    """One walk over the steps of a job.

    `written` has the columns of what was written so far by address, so that it can be read further down; `lost` the
    views whose columns cannot be known, with the reason; `columns` those of the views made so far, type by name.
    With `opaque` a view that no stage makes is no mistake: the check knows those that are.
    """

    def __init__(self, executor: Executor, context: Context, written: "dict[str, StructType]", opaque: bool) -> None:
        self.executor = executor
        self.context = context
        self.opaque = opaque
        self.problems: list[Problem] = []
        self.written = written
        self.lost: dict[str, str] = {}
        self.columns: dict[str, Mapping[str, str]] = {}
        self.traffic = Traffic()

    def stages(self, steps: tuple[Step, ...]) -> Iterator[PlannedStage]:
        """Each step's part of the plan."""
        load_runners()
        for step in steps:
            if not self.context.settings.runs(step.stage.environments):
                yield self._said(step, skipped=True)
                continue
            try:
                yield self._planned(step)
            except ArcbookError as error:
                yield self._failed(step, error)

    @property
    def session(self) -> Session:
        """The engine's session, for looking at views."""
        return self.executor.session({})

    def _session_of(self, step: Step) -> Session:
        """What the step's runner is given: the parameters of the job that the step stands in."""
        values = (step.context or self.context).values
        # A plan needs no secret's value, only that it is text.
        return self.executor.session({**values.public().bound(), **dict.fromkeys(values.secrets, "")})

    def _planned(self, step: Step) -> PlannedStage:
        stage = step.stage
        if step.lazy:
            return self._unknown(step, "values that it needs appear during the run")
        uses = self.traffic.of(step)
        if needed := [view for view in _views_read(step) if view.lower() in self.lost]:
            return self._unknown(step, f"the columns of `{needed[0]}` are not known", **self._traffic(step, uses))
        if self.opaque and (needed := [view for view in _views_read(step) if not self._is_there(view)]):
            why = f"no stage makes `{needed[0]}`; another cell may have, which a plan does not run"
            return self._unknown(step, why, **self._traffic(step, uses))
        if stage.kind == "extract":
            return self._extracted(step)
        if read := [each for each in map(_format, uses.paths) if each.lower() not in _KNOWN_WITHOUT_ROWS]:
            why = f"the columns of {read[0]}.`…` stand only in its rows: read it by an extract"
            return self._unknown(step, why, **self._traffic(step, uses))
        traffic = self._traffic(step, uses)
        statement = statement_in(step)
        if statement is not None and statement.kind in (*_CHANGES, "create", "cache") and statement.writes:
            self._resolve(step)
            return self._said(step, lineage=self._lineage(step), **traffic)
        if stage.kind == "transform":
            return self._made(step, self._schema(step), **traffic)
        if statement is not None and statement.kind == "query":
            self._schema(step)  # analysed for its errors; a gate's question is not asked
        if stage.kind == "load":
            self._note_load(step, traffic["writes"])
        return self._said(step, **traffic)

    # -- views --------------------------------------------------------------------------------------------------------

    def _is_there(self, view: str) -> bool:
        """Whether an earlier step has made this view, or a table of that name."""
        if view.lower() in map(str.lower, self.columns):
            return True
        return bool(self.session.spark.catalog.tableExists(view))

    def _extracted(self, step: Step) -> PlannedStage:
        """Columns come from the stage's schema, from what the job wrote before, or from headers, footers and logs."""
        if not any(Role.READS_PLACE in roles_of(field) for field in type(step.stage).model_fields.values()):
            return self._made(step, self._schema(step))  # of what is here already, such as the columns of a view
        uri = next((str(value) for _, value in step.stage.values_of(Role.READS_PLACE)), None)
        if uri is None:
            return self._from_schema(step, "the text that it takes apart is not there yet")
        place = look_at(uri)
        own = [columns for address, columns in self.written.items() if covers(place.address, address)]
        if own:
            return self._made(step, own[-1], reads=(place if is_there(place) else Place(place.address),))
        if not is_there(place):
            return self._from_schema(step, "nothing is there yet", reads=(place,))
        if step.stage.type_name() == "JSONExtract":
            return self._from_schema(step, "JSON has no header: give the stage a schema", reads=(place,))
        return self._made(step, self._schema(step), reads=(place,))

    def _from_schema(self, step: Step, why: str, **traffic: Any) -> PlannedStage:
        columns = getattr(step.stage, "columns", None)
        if columns is None:
            return self._unknown(step, why, **traffic)
        return self._made(step, empty(columns, self.session).schema, **traffic)

    def _schema(self, step: Step) -> "StructType | None":
        """The columns of what the step's runner makes; the runner is lazy, and its inputs are empty."""
        stage = step.stage
        quiet = {name: False for name in ("persist",) if hasattr(stage, name)}
        with self.executor.explaining(step):
            if stage.kind in ("extract", "transform"):
                result = run(stage.model_copy(update=quiet), self._session_of(step))
                return result.frame.schema if result.frame is not None else None
            sql, params = getattr(stage, "sql", ""), getattr(stage, "sql_params", {})
            return execute_statement(sql, params, self._session_of(step)).frame.schema

    def _made(self, step: Step, schema: "StructType | None", **traffic: Any) -> PlannedStage:
        """Put an empty view of these columns in the place of the step's own."""
        view = getattr(step.stage, "output_view", None)
        if schema is None or not view:
            return self._said(step, **traffic)
        session = self.session
        empty_frame(schema, session).createOrReplaceTempView(view)
        table = step.stage.type_name() == "DeltaLakeExtract" and traffic.get("reads")
        session.views.put(View(view, delta_path=traffic["reads"][0].address if table else None))
        self.lost.pop(view.lower(), None)
        origins = self._lineage(step)
        columns = {field.name: field.dataType.simpleString() for field in schema.fields}
        self.columns = {name: known for name, known in self.columns.items() if name.lower() != view.lower()}
        self.columns[view] = columns
        return self._said(step, columns=columns, lineage=origins, **traffic)

    def _unknown(self, step: Step, why: str, **traffic: Any) -> PlannedStage:
        for view in _views_made(step):
            self.lost[view.lower()] = why
            self.columns.pop(view, None)
        return self._said(step, unknown=why, **traffic)

    def _failed(self, step: Step, error: ArcbookError) -> PlannedStage:
        """A step that cannot be built: the plan goes on, without its view."""
        span = step.tree.span(())
        found = error.problems if isinstance(error, CellError) or error.problems else ()
        self.problems += found or [Problem("engine-error", error.message, span)]
        return self._unknown(step, "the stage cannot be built")

    # -- places -------------------------------------------------------------------------------------------------------

    def _traffic(self, step: Step, uses: Uses) -> dict[str, Any]:
        """The places that a step that is no extract reads and writes, as they are now."""
        writes = [self._write(step, uri) for uri in uses.writes]
        writes += [Write(address_of(uri), kind, look_at(uri)) for uri, kind in uses.changes]
        return {"reads": tuple(look_at(uri) for uri in uses.reads), "writes": tuple(writes)}

    def _write(self, step: Step, uri: str) -> Write:
        stage = step.stage
        mode = save_mode(step)
        there = look_at(uri)
        where = str(getattr(stage, "replace_where", "") or getattr(stage, "options", {}).get("replaceWhere", ""))
        if mode == "ErrorIfExists" and is_there(there):
            span = step.tree.span(("saveMode",)) or step.tree.span(("outputURI",))
            message, remedy = f"{uri} exists, so the stage would fail", "Choose another `saveMode`, or another place."
            self.problems.append(Problem("target-exists", message, span, "saveMode", remedy))
        replaces = there if mode == "Overwrite" and is_there(there) else None
        return Write(there.address, mode, replaces, tuple(getattr(stage, "partition_by", ())), where)

    def _note_load(self, step: Step, writes: tuple[Write, ...]) -> None:
        """What is written now can be read by a stage further down."""
        for view in _views_read(step):
            with self.executor.explaining(step):
                schema = self.session.spark.table(identifier(view)).schema
            self.written.update((write.address, schema) for write in writes)

    def _resolve(self, step: Step) -> None:
        """The columns that a changing statement names, looked up without running it."""
        rendered = filled(getattr(step.stage, "sql", ""), getattr(step.stage, "sql_params", {}))
        for column in resolve_columns(rendered.text, self.columns).unknown:
            span = span_within(step.tree, ("sql",), step.cell.source, *rendered.source_range(column.start, column.end))
            listed = f"There are: {', '.join(column.known[:12])}."
            message = f"the statement's views have no column `{column.name}`"
            self.problems.append(Problem("unknown-column", message, span, "sql", listed))

    def _lineage(self, step: Step) -> Lineage | None:
        """Where the columns come from that the step's statement yields or changes."""
        for _, sql in step.stage.values_of(Role.SQL):
            return lineage(filled(sql, getattr(step.stage, "sql_params", {})).text, self.columns)
        return None

    def _said(self, step: Step, **rest: Any) -> PlannedStage:
        view = next(iter(_views_made(step)), None)
        name, type_name = step.stage.name, step.stage.type_name()
        inputs = tuple(dict.fromkeys(_views_read(step)))
        return PlannedStage(name=name, type=type_name, span=step.tree.span(()), inputs=inputs, view=view, **rest)


def _is_opaque(cell: Cell) -> bool:
    """Whether a cell that is no stage may make a view."""
    return cell.magic == "python" or (cell.magic in ("metadata", "list") and "outputView" in cell.arguments)


def _format(reference: Reference) -> str:
    return reference.name.partition(".")[0]


def _views_made(step: Step) -> list[str]:
    if step.lazy:
        view = step.tree.value.get("outputView")
        return [view] if isinstance(view, str) else []
    return [str(view) for _, view in step.stage.values_of(Role.MAKES_VIEW)]


def _views_read(step: Step) -> list[str]:
    found: list[str] = []
    for _, value in step.stage.values_of(Role.READS_VIEW):
        found += [value] if isinstance(value, str) else value
    statement = statement_in(step)
    return found + [each.name for each in (statement.reads if statement else ()) if each.path is None]
