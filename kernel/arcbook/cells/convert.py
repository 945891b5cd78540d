"""From a cell to the trees of its stages."""

import re
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from arcbook.cells.arguments import split_pairs, unquoted
from arcbook.cells.hocon import read_objects
from arcbook.cells.magics import MAGICS, MagicSpec
from arcbook.cells.merge import concatenate
from arcbook.cells.model import Argument, Cell
from arcbook.cells.tree import Path, Substitution, Tree
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem
from arcbook.core.span import Span

_SUBSTITUTION = re.compile(r"\$\{(\??)\s*([^{}\s]+)\s*\}")


def trees_of(cell: Cell) -> list[Tree]:
    """The stages a cell holds, unbound: several for stage text, one for a stage magic, none for other magics.

    Raises:
        CellError: syntax problems of the text, or of map arguments of the magic.
    """
    if cell.tree is not None:
        return [cell.tree]
    if cell.magic in ("", "arc"):
        return read_objects(cell.body, origin=cell.origin, cell=cell.number, first_line=cell.body_line)
    spec = MAGICS[cell.magic]
    return [_magic_tree(cell, spec)] if spec.makes_stage else []


def default_name(cell: Cell) -> str:
    """The name of a stage whose magic gives none."""
    return f"cell {cell.number}" if cell.number else f"%{cell.magic} cell"


def _magic_tree(cell: Cell, spec: MagicSpec) -> Tree:
    whole = Span.at(cell.source, 0, len(cell.source), cell=cell.number, origin=cell.origin)
    spans: dict[Path, Span] = {(): whole}
    value: dict[str, Any] = {"type": spec.makes_stage, "name": default_name(cell)}
    problems: list[Problem] = []
    kinds = kinds_of(spec.makes_stage)
    for name, argument in cell.arguments.items():
        if (spec.argument(name) or name in spec.without_effect) and name not in kinds:
            continue  # how to display the result, nothing of the stage
        spans[(name,)] = argument.span
        kind = kinds.get(name, "map" if name == "sqlParams" else "text")
        if kind == "map":
            value[name] = _map(name, argument, spans, problems)
        elif kind == "list" or name == "environments":
            value[name] = [_filled(part.strip(), argument.span) for part in argument.value.split(",") if part.strip()]
        else:
            value[name] = _filled(unquoted(argument.value), argument.span)
    if problems:
        raise CellError(problems)
    sql, span = _body(cell)
    if sql:
        value["sql"] = sql
        spans[("sql",)] = span
    return Tree(value, spans, dict(spans))


def _body(cell: Cell) -> tuple[str, Span]:
    """The statement and its place; blank lines around it are left out."""
    text = cell.body.rstrip()
    lead = len(text) - len(text.lstrip("\n\r"))
    text = text[lead:]
    offset = len(cell.source) - len(cell.body) + lead
    return text, Span.at(cell.source, offset, offset + len(text), cell=cell.number, origin=cell.origin)


def _filled(text: str, span: Span) -> Any:
    """A value with its `${name}` as substitutions; all of them have the place of the whole argument."""
    parts: list[Any] = []
    position = 0
    for found in _SUBSTITUTION.finditer(text):
        if found.start() > position:
            parts.append(text[position : found.start()])
        parts.append(Substitution(found[2], span, bool(found[1])))
        position = found.end()
    if not parts:
        return text
    if position < len(text):
        parts.append(text[position:])
    return parts[0] if len(parts) == 1 else concatenate(parts)


def _map(name: str, argument: Argument, spans: dict[Path, Span], problems: list[Problem]) -> dict[str, Any]:
    """`a=b,c=${X}` as an object; each entry has the place of the argument."""
    value: dict[str, Any] = {}
    for key, text, _, _ in split_pairs(argument.value):
        if not key:
            problems.append(
                Problem(
                    "magic-argument",
                    f"`{text}` in `{name}` is no `name=value`",
                    argument.span,
                    name,
                    f"Write `{name}=a=1,b=2`; put a value that has commas into double quotes.",
                )
            )
            continue
        value[key] = _filled(text, argument.span)
        spans[(name, key)] = argument.span
    return value


def kinds_of(makes_stage: str | None) -> dict[str, str]:
    """How each key of a stage type is written as an argument: `map`, `list` or `text`."""
    from arcbook.stages.registry import stage_types

    found = stage_types().get(makes_stage or "")
    if found is None:
        return {}
    return {field.alias or name: _kind(field.annotation) for name, field in found.model_fields.items()}


def _kind(annotation: Any) -> str:
    origins = {get_origin(each) or each for each in _members(annotation)}
    return "map" if dict in origins else "list" if origins & {list, tuple} else "text"


def _members(annotation: Any) -> Iterator[Any]:
    """The types that a key's value may have, without what is said about them."""
    if get_origin(annotation) is Annotated:
        yield from _members(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for member in get_args(annotation):
            yield from _members(member)
    else:
        yield annotation
