"""Running the stages of a cell and showing what each of them left."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from arcbook.cells.evidence_text import evidence_lines
from arcbook.cells.options import Options
from arcbook.core.failures import ArcbookError, CellError, QualityError
from arcbook.core.problem import Problem
from arcbook_magics import table
from arcbook_magics.rows import Rows, read_rows
from arcbook_magics.shown import Shown, text

if TYPE_CHECKING:
    from arcbook.cells.model import Cell, Step
    from arcbook.cells.plan import Context
    from arcbook.runners.base import Result
    from arcbook.runners.executor import Executor, Refused
    from arcbook_magics.workbench import Workbench

#: Details that are for the record, not for the eye.
_SILENT_DETAILS = ("sql", "message", "queryExecution")


@dataclass(frozen=True, slots=True)
class _Ran:
    """What came back from the engine's thread for one step."""

    result: "Result"
    rows: Rows | None
    notices: tuple[str, ...]
    note: Mapping[str, Any] = field(default_factory=dict)
    reused: str = ""


@dataclass(frozen=True, slots=True)
class Ran:
    """The stage that ran last, and the class of its failure."""

    step: "Step"
    failure: str = ""


def run_stages(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Check the cell and run its stages in order; each yields what it shows.

    Raises:
        ArcbookError: problems of the cell before anything runs, else the first failure.
    """
    from arcbook.cells.plan import steps_of
    from arcbook.cells.review import capability_gaps

    bench.refuse_secrets(cell)
    context = bench.context().after(cell)
    bench.inputs.left = dict(context.left)
    bench.inputs.refuse_missing(lambda: _filled_in(cell, context))
    steps = steps_of(cell, context)
    if not steps:
        yield text("No stages found.")
        return
    if bench.environment is None:
        if not bench.launch.interactive:
            raise CellError([_no_environment(steps)])
        if any(step.stage.environments for step in steps) and (notice := bench.environment_notice()):
            yield text(notice)
    running = [step for step in steps if context.settings.runs(step.stage.environments)]
    bench.inputs.refuse_missing(lambda: _bound_by(running))
    gaps = [gap for step in running for gap in capability_gaps(step.stage, step.tree, bench.launch.engine)]
    if gaps:
        raise CellError(gaps)
    options = bench.options.with_arguments(cell.arguments)
    bench.begin_cell(cell)
    for step in steps:
        yield from _run_due(bench, step, options)


def _run_due(bench: "Workbench", step: "Step", options: Options) -> Iterator[Shown]:
    """Run a step whose turn has come, unless its environment or a plugin forbids it."""
    from arcbook.cells.plan import resolved

    settings = bench.settings
    if not settings.runs(step.stage.environments):
        yield _skipped(step, settings.environment or "")
    elif refused := _refused(bench, step):
        yield left_out(step.stage.type_name(), step.stage.name, refused)
    elif step.lazy:
        for due in resolved(step, bench.computed):
            yield from _run_due(bench, due, options)
    else:
        yield from _run_step(bench, step, options)


def _refused(bench: "Workbench", step: "Step") -> "Refused | None":
    """Why a plugin does not let a step run. In front of a person a stage that decides may decide again."""
    from arcbook.stages.execute.control_flow import ControlFlowExecute

    plugins = step.context.lifecycle if step.context else ()
    if not plugins or (bench.interactive and isinstance(step.stage, ControlFlowExecute)):
        return None
    return bench.room.call(lambda executor: executor.refused(plugins, step.stage.name))


def _filled_in(cell: "Cell", context: "Context") -> Iterator[str]:
    """The names that `${name}` asks for in those stages of a cell that run."""
    from arcbook.cells.bind import unbound
    from arcbook.cells.convert import trees_of
    from arcbook.cells.environments import environments_of

    scope = context.scope()
    for tree in trees_of(cell, context.fetch):
        if context.settings.runs(environments_of(tree, scope)):
            yield from (wanted.name for wanted in unbound(tree))


def _bound_by(steps: "list[Step]") -> Iterator[str]:
    """The names that `:name` asks for in the statements of stages."""
    from arcbook.sql.placeholders import named_parameters
    from arcbook.stages.keys import Role

    for step in steps:
        for _, sql in (*step.stage.values_of(Role.SQL), *step.stage.values_of(Role.METADATA_SQL)):
            yield from (named.name for named in named_parameters(str(sql)))


def _run_step(bench: "Workbench", step: "Step", options: Options) -> Iterator[Shown]:
    from arcbook.runners.plans import telling_plan

    context = step.context or bench.context()

    def inside(executor: "Executor") -> _Ran:
        executor.settings = bench.settings
        with telling_plan(step, executor):
            ran = _done(bench, executor, step, context)
            notices, executor.notices[:] = tuple(executor.notices), []
            if ran.reused:  # rows would have to be read anew for it
                return replace(ran, notices=notices)
            with executor.explaining(step):  # reading is when a lazy view first runs
                return replace(ran, rows=_read(step, ran.result, options), notices=notices)

    events = len(bench.events)
    bench.last = Ran(step)
    try:
        ran = bench.room.call(inside)
    except ArcbookError as failed:
        bench.last = Ran(step, failed.failure.name)
        if isinstance(failed, QualityError) and failed.gate is not None:
            yield _evidence(step, failed.gate)
        raise
    bench.keep_computed(ran.result.values)
    bench.note_ran(step)
    yield from map(text, ran.notices)
    if ran.result.printed:
        yield text(ran.result.printed)
    log = bench.events[events:] if options["showLog"] else []
    yield _shown(step, ran, options, log)


def _done(bench: "Workbench", executor: "Executor", step: "Step", context: "Context") -> _Ran:
    """Run a step: from a replayed run, as an earlier run left it, or anew."""
    reuse, bound = bench.reusing(), context.values.bound()
    if bench.replay is not None:
        result, told = bench.replay.execute(executor, step, bound, context.lifecycle)
        executor.notices.extend([told] if told else [])
        return _Ran(result, None, ())
    if reuse is None:
        return _Ran(executor.execute(step, bound, context.lifecycle), None, ())
    done = reuse.run(executor, step, bound, context.lifecycle)
    return _Ran(done.result, None, (), done.note, done.said)


def _read(step: "Step", result: "Result", options: Options) -> Rows | None:
    """The first rows of what a stage made; a load or a gate shows counts, not rows."""
    if result.frame is None or step.stage.kind not in ("extract", "transform", "execute"):
        return None
    if options["streaming"] and result.frame.isStreaming:
        return None  # a stream has rows only once it has been started
    return read_rows(
        result.frame,
        limit=options.row_cap,
        truncate=int(options["truncate"]),
        most_characters=max(1, int(options["maxBytes"])),
    )


def _shown(step: "Step", ran: _Ran, options: Options, log: list[dict[str, Any]]) -> Shown:
    import json

    stage, result = step.stage, ran.result
    details = plain(dict(result.details))
    about = _about(step, view=result.view, details=details, skipped=False)
    metadata = {"arcbook": {**about, "reuse": plain(ran.note)} if ran.note else about}
    if ran.reused:
        return Shown({"text/plain": f"{stage.type_name()} `{stage.name}`: {ran.reused}"}, metadata)
    extra = "\n".join(json.dumps(plain(event), separators=(",", ":"), ensure_ascii=False) for event in log[-1:])
    if ran.rows is None or not ran.rows.columns:
        counts = ", ".join(f"{key}={value}" for key, value in details.items() if _is_count(key, value))
        message = _line(details.get("message"))
        gate = details.get("gate") or {}
        warned = evidence_lines(stage.name, gate) if gate.get("outcome") == "warn" else []
        lines = [
            *warned,
            message or "Success. No result.",
            f"{stage.type_name()} `{stage.name}`: {counts}" if counts else "",
        ]
        said = "\n".join(line for line in [*lines, extra] if line)
        return Shown({"text/plain": said}, metadata)
    label = ""
    if options["datasetLabels"]:
        label = result.view or getattr(stage, "input_view", None) or stage.name
    return Shown(table.bundle(ran.rows, options, label=label, extra=extra), metadata, result.frame)


def _evidence(step: "Step", gate: Mapping[str, Any]) -> Shown:
    """A gate that does not hold: shown before the error that ends the cell, and kept for the record."""
    details = plain({"gate": gate})
    metadata = {"arcbook": _about(step, view=None, details=details, skipped=False)}
    return Shown({"text/plain": "\n".join(evidence_lines(step.stage.name, gate))}, metadata)


def _skipped(step: "Step", environment: str) -> Shown:
    listed = step.stage.environments
    why = f"environments=[{', '.join(listed)}]" if listed else "no environments"
    metadata = {"arcbook": _about(step, view=None, details={}, skipped=True)}
    return Shown({"text/plain": f"skipped: {why}, running {environment}"}, metadata)


def left_out(kind: str, name: str, refused: "Refused") -> Shown:
    """A stage or cell that a plugin does not let run: the run is a success all the same, so it is said plainly."""
    details = plain({"reason": refused.reason, "message": refused.message})
    about = {"stage": kind, "name": name, "view": None, "details": details, "skipped": True}
    message = _line(refused.message)
    said = f"not run: {f'{kind} `{name}`' if name else kind}, {refused.reason}"
    return Shown({"text/plain": f"{said} The message: {message}" if message else said}, {"arcbook": about})


def _about(step: "Step", *, view: str | None, details: dict[str, Any], skipped: bool) -> dict[str, Any]:
    stage = step.stage
    return {"stage": stage.type_name(), "name": stage.name, "view": view, "details": details, "skipped": skipped}


def _no_environment(steps: "list[Step]") -> Problem:
    named = sorted({name for step in steps for name in step.stage.environments})
    remedy = f"Choose one with `--environment`; the cell names: {', '.join(named)}." if named else ""
    return Problem("no-environment", "no environment is chosen for this run", steps[0].tree.span(()), remedy=remedy)


def _is_count(key: str, value: object) -> bool:
    return key not in _SILENT_DETAILS and isinstance(value, int | float | str) and len(str(value)) < 200


def _line(message: object) -> str:
    """A message as text; structure as JSON."""
    import json

    if message in (None, ""):
        return ""
    return message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)


def plain(value: Any) -> Any:
    """`value` as JSON can hold it; numbers and dates that JSON would change become text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
