"""Where names stand in a statement: columns, tables, functions, ungrouped columns."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from arcbook.sql.errors import SqlError
from arcbook.sql.lexical import code_only
from arcbook.sql.parse import parse
from arcbook.sql.references import analyse

Place = tuple[int, int]
_CHAIN = re.compile(r"(?:\w+|`(?:[^`]|``)*`)(?:\s*\.\s*(?:\w+|`(?:[^`]|``)*`))*")
_LITERALS = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_BLANKED = re.compile(r"[^\n]")


@dataclass(frozen=True, slots=True)
class Chain:
    """A name as written, with its parts unquoted: `p.address.street`."""

    parts: tuple[str, ...]
    start: int
    end: int


def chains(sql: str) -> Iterator[Chain]:
    """Every dotted name of `sql` outside text and comments, keywords included."""
    code = _LITERALS.sub(lambda found: _BLANKED.sub(" ", found.group()), sql)
    for found in _CHAIN.finditer(code):
        yield Chain(split_name(found.group()), found.start(), found.end())


def split_name(text: str) -> tuple[str, ...]:
    """The parts of a dotted name, without backticks."""
    parts = re.findall(r"`((?:[^`]|``)*)`|([^`.\s]+)", text)
    return tuple(quoted.replace("``", "`") if quoted or not plain else plain for quoted, plain in parts)


def column_places(sql: str, parts: Sequence[str]) -> list[Place]:
    """Where the column called `parts` (qualifiers and fields included) is used."""
    wanted = _folded(parts)
    columns = {place for place, _ in _columns(sql)}
    matching = [chain for chain in chains(sql) if _folded(chain.parts[: len(wanted)]) == wanted]
    used = [chain for chain in matching if any(start <= chain.start < end for start, end in columns)]
    return [(chain.start, chain.end) for chain in used or ([] if columns else matching)]


def table_places(sql: str, parts: Sequence[str]) -> list[Place]:
    """Where the view or table called `parts` is named; a last part alone is enough."""
    wanted = _folded(parts)
    try:
        statement = analyse(sql)
        named = [*statement.reads, *statement.writes]
    except SqlError:
        named = []
    found = [(each.start, each.end) for each in named if _folded(split_name(sql[each.start : each.end])) == wanted]
    found = found or [
        (each.start, each.end)
        for each in named
        if _folded(split_name(sql[each.start : each.end]))[-len(wanted) :] == wanted
    ]
    return found or [(chain.start, chain.end) for chain in chains(sql) if _folded(chain.parts) == wanted]


def function_places(sql: str, name: str) -> list[Place]:
    """Where the function called `name` (its qualifiers included) is called; the place is the name."""
    pattern = r"\s*\.\s*".join(rf"`?{re.escape(part)}`?" for part in split_name(name))
    return [found.span(1) for found in re.finditer(rf"(?<![\w.`])({pattern})\s*\(", code_only(sql), re.IGNORECASE)]


def call_end(sql: str, start: int) -> int | None:
    """The end of the call whose function's name starts at `start`, or None when no call starts there."""
    code = code_only(sql)
    opening = re.compile(r"[\w.]*\s*\(").match(code, start)
    return _closing(code, opening.end() - 1) if opening else None


def sole_qualified_call(sql: str) -> Place | None:
    """The one function called under a qualified name, when there is just one."""
    found = [each.span(1) for each in re.finditer(r"(?<![\w.`])(\w+(?:\s*\.\s*\w+)+)\s*\(", code_only(sql))]
    return found[0] if len(found) == 1 else None


def _closing(code: str, opening: int) -> int | None:
    depth = 0
    for found in re.finditer(r"[()]", code[opening:]):
        depth += 1 if found.group() == "(" else -1
        if depth == 0:
            return opening + found.end()
    return None


def ungrouped(sql: str) -> Place | None:
    """The first selected column that is neither grouped nor inside an aggregate."""
    from sqlglot import exp

    tree = _tree(sql)
    if tree is None:
        return None
    for select in tree.find_all(exp.Select):
        group = select.args.get("group")
        if group is None and not any(select_item.find(exp.AggFunc) for select_item in select.expressions):
            continue
        keys = {key.sql().lower() for key in group.expressions} if group else set()
        for item in select.expressions:
            for column in item.find_all(exp.Column):
                if not _grouped(column, keys, item):
                    return _extent(column)
    return None


def _grouped(column: Any, keys: set[str], item: Any) -> bool:
    from sqlglot import exp

    node: Any = column
    while node is not None:
        if isinstance(node, exp.AggFunc | exp.Window | exp.Subquery) or node.sql().lower() in keys:
            return True
        if node is item:
            return column.name.lower() in keys
        node = node.parent
    return False


def _columns(sql: str) -> Iterator[tuple[Place, Any]]:
    from sqlglot import exp

    tree = _tree(sql)
    for column in tree.find_all(exp.Column) if tree is not None else ():
        place = _extent(column)
        if place is not None:
            yield place, column


def _extent(node: Any) -> Place | None:
    metas = [part.meta for part in node.parts if "start" in part.meta]
    return (min(m["start"] for m in metas), max(m["end"] for m in metas) + 1) if metas else None


def _tree(sql: str) -> Any:
    try:
        return parse(sql).tree
    except SqlError:
        return None


def _folded(parts: Sequence[str]) -> tuple[str, ...]:
    return tuple(part.lower() for part in parts)
