"""Jobs within jobs: reading the one a PipelineExecute stage names, and what its cells see."""

from collections import ChainMap
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from arcbook.cells.asked import names_asked
from arcbook.cells.bind import bind
from arcbook.cells.check import simple_type
from arcbook.cells.convert import trees_of
from arcbook.cells.documents import unreadable
from arcbook.cells.environments import environments_of
from arcbook.cells.fetch import folder_of, relative_to
from arcbook.cells.merge import overridden
from arcbook.cells.model import Cell
from arcbook.cells.notebook import Job, job_of
from arcbook.cells.params import Values
from arcbook.cells.tree import Tree
from arcbook.core.addresses import scheme_of
from arcbook.core.failures import ArcbookError, CellError
from arcbook.core.problem import Problem
from arcbook.core.span import Span
from arcbook.core.suggest import did_you_mean
from arcbook.stages.base import Stage
from arcbook.stages.execute.pipeline import PipelineExecute

if TYPE_CHECKING:
    from arcbook.cells.plan import Context

#: Jobs within jobs are not followed further; nobody means so many.
_DEEPEST = 20


def trail_of(origin: str) -> tuple[str, ...]:
    """The trail of a job that is in no other one; empty for one without an address."""
    return (_absolute(origin, ""),) if origin else ()


def left_by(cell: Cell, context: "Context") -> dict[str, Any]:
    """The members of the job files that a cell's PipelineExecute stages name: later stages see them, as in Arc.

    What cannot be read leaves nothing; running or checking the stage says why.
    """
    # The text of a job file is that of all its cells: of such a cell its own part is looked at.
    text = cell.source if cell.tree is None else cell.body
    if PipelineExecute.type_name() not in text or cell.magic not in ("", "arc"):
        return {}
    left: dict[str, Any] = {}
    scope = context.scope()
    with suppress(ArcbookError):
        for tree in trees_of(cell, context.fetch):
            if not context.settings.runs(environments_of(tree, scope)):
                continue
            with suppress(ArcbookError):
                named = bind(tree.with_value({key: tree.value.get(key) for key in ("type", "uri")}), scope).value
                if simple_type(str(named.get("type"))) == PipelineExecute.type_name():
                    uri = named.get("uri")
                    left |= _read(uri, uri, context).values if isinstance(uri, str) and uri else {}
    return left


def _read(uri: str, origin: str, context: "Context") -> Job:
    """The job at `uri`; what it includes is read the same way, from its own folder. Errors as `job_of`."""
    return job_of(context.fetch(uri), origin, relative_to(folder_of(uri), context.fetch))


def nested_job(stage: Stage, tree: Tree, cell: Cell, context: "Context") -> tuple[Job, "Context"]:
    """The job that a PipelineExecute stage names, and what fills and decides its cells.

    Raises:
        CellError: it cannot be read, is one of the jobs around it, or its parameters do not fit.
    """
    if not isinstance(stage, PipelineExecute):
        raise TypeError(f"{stage.type_name()} names no other job")
    address = _absolute(stage.uri, folder_of(context.trail[-1]) if context.trail else "")
    _refuse_loop(address, tree, context)
    try:
        job = _read(stage.uri, _shown(stage.uri, address), context)
    except CellError:
        raise
    except ArcbookError as error:
        raise CellError([unreadable(error, tree.span(("uri",)), "uri")]) from error
    _refuse_python(job)
    values, launch = _given(stage, tree, job, context)
    inner = replace(
        context,
        launch=launch,
        values=values,
        document=overridden(dict(context.document), dict(job.values)),
        computed={},
        fetch=relative_to(folder_of(stage.uri), context.fetch),
        trail=(*context.trail, address),
        within=(*context.within, _place(tree, cell)),
    )
    return job, inner


def _place(tree: Tree, cell: Cell) -> str:
    span = tree.span(())
    return f"{cell.number or cell.cell_id}:{span.line}:{span.column}" if span else str(cell.number or cell.cell_id)


def _absolute(uri: str, folder: str) -> str:
    """An address by which a job is known again, whatever `folder` it is named from (empty: this process's)."""
    if scheme_of(uri):
        return uri.removeprefix("file://") if uri.startswith("file:///") else uri
    return f"{folder}/{uri}" if scheme_of(folder) else str(Path(folder, uri).resolve())


def _shown(uri: str, address: str) -> str:
    """How places name a job: by its address as written, or from where this process works."""
    if scheme_of(uri) or Path(uri).is_absolute():
        return uri
    if scheme_of(address):
        return address
    folder = Path.cwd()
    return str(Path(address).relative_to(folder)) if Path(address).is_relative_to(folder) else address


def _refuse_loop(address: str, tree: Tree, context: "Context") -> None:
    if address in context.trail:
        loop = " -> ".join((*context.trail[context.trail.index(address) :], address))
        problem = _problem(f"the job would run within itself: {loop}", tree, "Take one of these stages out.")
    elif len(context.trail) > _DEEPEST:
        problem = _problem(f"jobs are nested more than {_DEEPEST} deep", tree, "Name the inner jobs in the outer one.")
    else:
        return
    raise CellError([problem])


def _problem(message: str, tree: Tree, remedy: str) -> Problem:
    return Problem("nested-job", message, tree.span(("uri",)), "uri", remedy)


def _refuse_python(job: Job) -> None:
    """A nested job's cells become stages in another job; code in between has no place to run."""
    problems = [
        Problem(
            "nested-job",
            "a `%python` cell does not run when its job runs within another one",
            Span.at(cell.source, 0, len(cell.source.split("\n")[0]), cell=cell.number, origin=cell.origin),
            remedy="Run the job by itself, or move the code to the outer notebook.",
        )
        for cell in job.cells
        if cell.magic == "python"
    ]
    if problems:
        raise CellError(problems)


def _given(stage: PipelineExecute, tree: Tree, job: Job, context: "Context") -> tuple[Values, Mapping[str, Any]]:
    """The inner job's parameters, and the launch values for its `${name}`."""
    declared, outer = job.declarations, context.values
    asked = names_asked(job.sources)
    problems, launch, given = list[Problem](), dict[str, Any](context.launch), dict[str, Any]()
    for name in declared.by_name:
        if outer.typed.get(name) is not None:
            given[name] = outer.typed[name]
    for name, value in stage.params.items():
        if name in declared.by_name:
            given[name] = value
        elif name in asked:
            launch[name] = value
        else:
            message = f"the job {stage.uri} has no parameter `{name}` and no `${{{name}}}`"
            remedy = did_you_mean(name, [*declared.by_name, *asked]) or "Remove it."
            problems.append(
                Problem("unknown-parameter", message, tree.span(("params", name)), f"params.{name}", remedy)
            )
    try:
        inner = declared.bind({**job.injected, **given})
    except CellError as error:
        inner = Values()
        problems += [_at_stage(problem, tree) for problem in error.problems]
    if problems:
        raise CellError(problems)
    secrets = frozenset({*outer.secrets, *inner.secrets})
    # Nothing is written to it; secrets are fetched only when their text is asked for.
    texts = ChainMap(cast("dict[str, str]", inner.text), cast("dict[str, str]", outer.text))
    return Values({**outer.typed, **inner.typed}, texts, secrets, {**outer.types, **inner.types}), launch


def _at_stage(problem: Problem, tree: Tree) -> Problem:
    """A parameter's problem at the entry that gives the value, or at the stage."""
    path = ("params", problem.key)
    span = tree.span(path) if path in tree.spans else tree.span(("uri",))
    return replace(problem, span=span, key=f"params.{problem.key}", remedy=problem.remedy)
