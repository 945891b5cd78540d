"""From a cell to the trees of its stages."""

import re
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from arcbook.cells.arguments import split_items, split_pairs, unquoted
from arcbook.cells.fetch import Fetch, folder_of, relative_to
from arcbook.cells.hocon import read_objects
from arcbook.cells.magics import MAGICS, MagicSpec
from arcbook.cells.merge import concatenate
from arcbook.cells.model import Argument, Cell
from arcbook.cells.tree import Path, Substitution, Tree
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem
from arcbook.core.span import Span

_SUBSTITUTION = re.compile(r"\$\{(\??)\s*([^{}\s]+)\s*\}")


def trees_of(cell: Cell, fetch: Fetch | None = None) -> list[Tree]:
    """The stages a cell holds, unbound: several for stage text, one for a stage magic, none for other magics.

    `fetch` reads what stage text includes, by addresses relative to the job; None reads from the folder of the cell's
    document.

    Raises:
        CellError: syntax problems of the text, or of map arguments of the magic.
    """
    if cell.magic in ("", "arc"):
        return _objects(cell, fetch)
    spec = MAGICS[cell.magic]
    return [_magic_tree(cell, spec)] if spec.makes_stage else []


def plugin_trees_of(cell: Cell, fetch: Fetch | None = None) -> list[Tree]:
    """The plugins a cell holds, unbound; none for a cell of another kind. `fetch` as for `trees_of`.

    Raises:
        CellError: syntax problems of the text.
    """
    return _objects(cell, fetch) if cell.magic in ("configplugin", "lifecycleplugin") else []


def _objects(cell: Cell, fetch: Fetch | None) -> list[Tree]:
    if cell.tree is not None:
        return [cell.tree]
    fetch = fetch or relative_to(folder_of(cell.origin))
    return read_objects(cell.body, origin=cell.origin, cell=cell.number, first_line=cell.body_line, fetch=fetch)


def default_name(cell: Cell) -> str:
    """The name of a stage whose magic gives none."""
    return f"cell {cell.number}" if cell.number else f"%{cell.magic} cell"


def _magic_tree(cell: Cell, spec: MagicSpec) -> Tree:
    whole = Span.at(cell.source, 0, len(cell.source), cell=cell.number, origin=cell.origin)
    spans: dict[Path, Span] = {(): whole}
    key_spans: dict[Path, Span] = {(): whole}
    value: dict[str, Any] = {"type": spec.makes_stage, "name": default_name(cell)}
    problems: list[Problem] = []
    kinds = kinds_of(spec.makes_stage)
    for name, argument in cell.arguments.items():
        if (spec.argument(name) or name in spec.without_effect) and name not in kinds:
            continue  # how to display the result, nothing of the stage
        spans[(name,)] = argument.span
        key_spans[(name,)] = argument.key or argument.span
        kind = kinds.get(name, "map" if name == "sqlParams" else "text")
        if kind == "map":
            value[name] = _map(name, argument, spans, key_spans, problems)
        elif kind == "list" or name == "environments":
            if argument.value.startswith("["):
                problems.append(_bracketed(name, argument))
            value[name] = _list(name, argument, spans)
        else:
            value[name] = _filled(unquoted(argument.value), argument)
    if problems:
        raise CellError(problems)
    sql, span = _body(cell)
    if sql:
        value["sql"] = sql
        spans[("sql",)] = span
    return Tree(value, spans, {**spans, **key_spans})


def _body(cell: Cell) -> tuple[str, Span]:
    """The statement and its place; blank lines around it are left out."""
    text = cell.body.rstrip()
    lead = len(text) - len(text.lstrip("\n\r"))
    text = text[lead:]
    offset = len(cell.source) - len(cell.body) + lead
    return text, Span.at(cell.source, offset, offset + len(text), cell=cell.number, origin=cell.origin)


def _filled(text: str, argument: Argument, start: int = 0) -> Any:
    """A part of an argument's value, from `start` on, with its `${name}` as substitutions."""
    start = argument.value.find(text, start) if text else start
    parts: list[Any] = []
    position = 0
    for found in _SUBSTITUTION.finditer(text):
        if found.start() > position:
            parts.append(text[position : found.start()])
        place = argument.place(start + found.start(), start + found.end()) if start >= 0 else argument.span
        parts.append(Substitution(found[2], place, bool(found[1])))
        position = found.end()
    if not parts:
        return text
    if position < len(text):
        parts.append(text[position:])
    return parts[0] if len(parts) == 1 else concatenate(parts)


def _map(
    name: str,
    argument: Argument,
    spans: dict[Path, Span],
    key_spans: dict[Path, Span],
    problems: list[Problem],
) -> dict[str, Any]:
    """`a=b,c=${X}` as an object."""
    value: dict[str, Any] = {}
    for key, text, start, end in split_pairs(argument.value):
        if not key:
            problems.append(
                Problem(
                    "magic-argument",
                    f"`{text}` in `{name}` is no `name=value`",
                    argument.place(start, end),
                    name,
                    f"Write `{name}=a=1,b=2`; put a value that has commas into double quotes.",
                )
            )
            continue
        first = start + len(key) + 1
        value[key] = _filled(text, argument, first)
        spans[(name, key)] = argument.place(first, end)
        key_spans[(name, key)] = argument.place(start, first - 1)
    return value


def _bracketed(name: str, argument: Argument) -> Problem:
    items = [text.strip("[]\"' ") for text, _, _ in split_items(argument.value)]
    message = f"`{name}` is a list in brackets, which would become part of its items"
    return Problem("magic-argument", message, argument.span, name, f"Write `{name}={','.join(items)}`.")


def _list(name: str, argument: Argument, spans: dict[Path, Span]) -> list[Any]:
    """`a,b,${X}` as a list."""
    items = []
    for position, (text, start, end) in enumerate(split_items(argument.value)):
        items.append(_filled(text, argument, start))
        spans[(name, position)] = argument.place(start, end)
    return items


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
