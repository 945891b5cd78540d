"""A job as original Arc can run it: without what only arcbook knows."""

from collections.abc import Iterator
from typing import Any

from arcbook.cells.convert import plugin_trees_of, trees_of
from arcbook.cells.export import Parts, parts_of
from arcbook.cells.layout import PLUGIN_MAGICS
from arcbook.cells.lines import read_names, read_settings
from arcbook.cells.model import Cell
from arcbook.cells.notebook import Job
from arcbook.cells.params import Declarations
from arcbook.cells.places import place_of, span_within
from arcbook.cells.tree import Tree
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem, Severity, errors
from arcbook.core.span import Span
from arcbook.sql.placeholders import named_parameters


def parts_for_arc(job: Job) -> tuple[Parts, list[Problem]]:
    """The parts that Arc runs with the same result, and warnings: what its launch must then bring.

    Defaults of parameters and the values of `%env` cells become members of the file, which Arc looks up after the
    command line. Notes and cells that only show something are left out.

    Raises:
        CellError: what Arc cannot do, each at its place.
    """
    parts = parts_of(job)
    members = dict[str, Any]()
    problems: list[Problem] = []
    kept = {entry.code for entry in parts.entries}
    behind_stages = False
    for cell in job.cells:
        if behind_stages and plugin_trees_of(cell) and not cell.arguments:
            message = "in Arc a plugin affects all stages, also those in front of it"
            problems.append(_refused(message, _place(cell), "Move its cell in front of the first stage."))
        elif cell.source in kept:
            problems += _beside_stages(cell, members)
        trees = trees_of(cell)
        behind_stages |= bool(trees)
        for tree in trees:
            problems += _in_stage(tree, cell)
    problems += _parameters(job, members)
    problems.sort(key=place_of)
    if wrong := errors(problems):
        raise CellError(wrong)
    taken = Parts(_merged(parts.members, members), parts.plugins, parts.stages)
    taken.entries = taken.implied([])
    return taken, problems


def _beside_stages(cell: Cell, members: dict[str, Any]) -> Iterator[Problem]:
    if cell.magic == "env":
        for name, value in read_settings(cell).items():
            if members.setdefault(name, value) != value:
                yield _refused(f"`{name}` is set twice, and a job file holds one value", _magic(cell), "Keep one.")
    elif cell.magic == "document":
        yield _refused("values that change between stages have no place in a job file", _magic(cell),
                       "Put the cell in front of all stages.")  # fmt: skip
    elif cell.magic in PLUGIN_MAGICS and cell.arguments:
        yield _refused("Arc takes no plugin away", _magic(cell), "Keep the plugin's environments apart instead.")
    elif cell.magic == "python" and cell.body.strip():
        yield _refused("Arc runs no Python", _magic(cell), "Say it in SQL, or leave the cell out.")
    elif cell.magic == "environment" and (names := read_names(cell)):
        yield _needed("Arc has no default environment", _magic(cell), f"--etl.config.environment={names[0]}")
    elif cell.magic == "secret":
        for name in read_names(cell):
            yield _needed(f"Arc does not ask for `{name}`", _magic(cell), f"--{name}=…")


def _in_stage(tree: Tree, cell: Cell) -> Iterator[Problem]:
    sql = tree.value.get("sql")
    if isinstance(sql, str):
        for named in named_parameters(sql):
            span = span_within(tree, ("sql",), cell.source, named.start, named.end)
            remedy = f"Write `${{{named.name}}}`, and give it by `sqlParams`."
            yield _refused(f"Arc binds no values: it does not know `:{named.name}`", span, remedy)
    if tree.value.get("type") == "SQLTransform" and tree.value.get("outputView") is None:
        yield _refused("Arc refuses a SQLTransform without `outputView`", tree.span(("type",)), "Add an `outputView`.")


def _parameters(job: Job, members: dict[str, Any]) -> Iterator[Problem]:
    """Their values join the members, before which values of `%env` cells of the same name stand back."""
    declared = job.declarations.by_name
    given = Declarations({name: declared[name] for name in job.injected if name in declared}).bind(job.injected)
    for name, declaration in declared.items():
        members.pop(name, None)
        if declaration.type.kind == "secret":
            yield _needed(f"Arc fetches no secret `{name}`", declaration.span, f"--{name}=…")
            continue
        default = None if declaration.default is None else declaration.type.text(declaration.default)
        if (text := given.text.get(name, default)) is not None:
            members[name] = text
        elif declaration.required:
            yield _needed(f"`{name}` has no value", declaration.span, f"--{name}=…")


def _merged(members: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The file's own members, overridden by values whose dotted names mean nesting."""
    merged = dict(members)
    for name, value in given.items():
        *outer, last = name.split(".")
        holder = merged
        for part in outer:
            inner = holder.get(part)
            holder[part] = holder = dict(inner) if isinstance(inner, dict) else {}
        holder[last] = value
    return merged


def _place(cell: Cell) -> Span | None:
    return cell.tree.span(()) if cell.tree is not None else _magic(cell)


def _magic(cell: Cell) -> Span:
    start = len(cell.source) - len(cell.source.lstrip())
    return Span.at(cell.source, start, start + len(cell.magic) + 1, cell=cell.number, origin=cell.origin)


def _refused(message: str, span: Span | None, remedy: str) -> Problem:
    return Problem("conversion", message, span, remedy=remedy)


def _needed(message: str, span: Span | None, argument: str) -> Problem:
    return Problem("conversion", message, span, "", f"Give it at launch: `{argument}`.", Severity.WARNING)
