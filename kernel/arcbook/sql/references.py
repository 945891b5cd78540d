"""What a statement reads and writes, each name with its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from arcbook.sql.parse import Parsed, parse
from arcbook.sql.placeholders import placeholders

if TYPE_CHECKING:
    from sqlglot import exp


# Sources written as format.`path`.
FORMATS = frozenset(("avro", "binaryfile", "csv", "delta", "iceberg", "json", "orc", "parquet", "text"))
_EXPLAIN = re.compile(r"\s*explain\s+(?:(?:extended|codegen|cost|formatted)\s+)?", re.IGNORECASE)
_LONE_TABLE = re.compile(r"\s*table\s+([\w.]+|`[^`]+`)[\s;]*$", re.IGNORECASE)
_DESCRIBES_OTHER = re.compile(r"\s*desc(?:ribe)?\s+(?:function|database|schema|namespace|catalog|query)\b", re.I)
_KINDS = {"select": "query", "values": "query", "table": "query", "desc": "describe"}


@dataclass(frozen=True, slots=True)
class Reference:
    """A view, table or path named at `sql[start:end]`.

    `name` has its parts joined by dots, without quotes. `path` is set for format.`path`, whose `name` is the format
    and the path. `alias` is the name that the statement gives it behind its place, or empty.
    """

    name: str
    start: int
    end: int
    path: str | None = None
    alias: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Statement:
    """What is known of a statement without running it.

    `kind` is "query", "merge", "insert", "update", "delete", "create", "drop", … or "other". `columns` are the names a
    query yields, or None when they cannot be told from the text (`*`, or no query). When `complete` is false, `reads`
    and `writes` may lack some.
    """

    kind: str
    reads: tuple[Reference, ...] = ()
    writes: tuple[Reference, ...] = ()
    columns: tuple[str, ...] | None = None
    complete: bool = True


def analyse(sql: str) -> Statement:
    """What `sql`, one statement with or without its placeholders filled, does.

    Raises:
        SqlError: no engine accepts the statement.
    """
    parsed = parse(sql)
    if parsed.first_word == "explain":
        return _explained(sql)
    if parsed.first_word == "table" and (lone := _LONE_TABLE.match(sql)) is not None:
        name = lone.group(1)
        return Statement("query", (Reference(name.replace("`", ""), *lone.span(1)),))
    kind = _kind(parsed)
    if parsed.tree is None or _opaque(parsed):
        return Statement(kind, complete=False)
    written = list(_written(parsed.tree))
    unfilled = list(placeholders(sql))
    reads, writes = [], []
    for table in _tables(parsed.tree):
        reference = _reference(table, sql)
        if reference is None or any(each.start < reference.end and reference.start < each.end for each in unfilled):
            continue
        if any(table is target for target in written):
            writes.append(reference)
        elif not _names_cte(table):
            reads.append(reference)
    writes.extend(_locations(parsed.tree, sql))
    columns = None if unfilled else _columns(parsed.tree)
    return Statement(kind, _ordered(reads), _ordered(writes), columns, complete=not unfilled)


def _explained(sql: str) -> Statement:
    """EXPLAIN changes nothing, but what it explains must be there."""
    prefix = _EXPLAIN.match(sql)
    if prefix is None or _EXPLAIN.match(sql, prefix.end()):
        return Statement("explain", complete=False)
    inner = analyse(" " * prefix.end() + sql[prefix.end() :])
    return Statement("explain", _ordered([*inner.reads, *inner.writes]), complete=inner.complete)


def _kind(parsed: Parsed) -> str:
    from sqlglot import exp

    if isinstance(parsed.tree, exp.Query | exp.Values):
        return "query"
    for node, name in ((exp.Merge, "merge"), (exp.Insert, "insert"), (exp.Update, "update"), (exp.Delete, "delete")):
        if isinstance(parsed.tree, node):
            return name
    if parsed.first_word in ("", "with", "from", "begin"):
        return "other"
    return _KINDS.get(parsed.first_word, parsed.first_word)


def _opaque(parsed: Parsed) -> bool:
    """Whether sqlglot kept the statement as text, or took it for an expression."""
    from sqlglot import exp

    known = (
        exp.Query, exp.Values, exp.Merge, exp.Insert, exp.Update, exp.Delete, exp.Create, exp.Drop, exp.Alter,
        exp.Describe, exp.Cache, exp.Uncache, exp.Set, exp.TruncateTable, exp.Refresh, exp.Analyze,
    )  # fmt: skip
    if not isinstance(parsed.tree, known):
        return True
    # Functions and databases are named like tables.
    if isinstance(parsed.tree, exp.Create | exp.Drop):
        return str(parsed.tree.args.get("kind")).upper() not in ("TABLE", "VIEW")
    return isinstance(parsed.tree, exp.Describe) and _DESCRIBES_OTHER.match(parsed.sql) is not None


def _tables(tree: "exp.Expression") -> Iterator["exp.Table"]:
    from sqlglot import exp

    for table in tree.find_all(exp.Table):
        named = isinstance(table.this, exp.Identifier) and "start" in table.this.meta
        if named and table.find_ancestor(exp.Hint) is None:
            yield table


def _written(tree: "exp.Expression") -> Iterator["exp.Table"]:
    """The tables and views a statement changes."""
    from sqlglot import exp

    if isinstance(tree, exp.TruncateTable | exp.Drop):
        targets: list[Any] = [*tree.expressions, *(tree.args.get("tables") or ()), tree.this]
    elif isinstance(
        tree,
        exp.Merge | exp.Insert | exp.Update | exp.Delete | exp.Create | exp.Alter | exp.Cache | exp.Uncache,
    ):
        targets = [tree.this]
    else:
        targets = []
    for target in targets:
        inner = target.this if isinstance(target, exp.Schema) else target
        if isinstance(inner, exp.Table):
            yield inner


def _reference(table: "exp.Table", sql: str) -> Reference | None:
    parts = [part for part in table.parts if "start" in part.meta]
    if not parts:
        return None
    names = [part.name for part in parts]
    start, end = min(part.meta["start"] for part in parts), max(part.meta["end"] for part in parts) + 1
    path = names[1] if len(names) == 2 and names[0].lower() in FORMATS and _is_path(parts[1]) else None
    return Reference(".".join(names), start, end, path, table.alias)


def _is_path(part: "exp.Expr") -> bool:
    return bool(part.args.get("quoted"))


def _names_cte(table: "exp.Table") -> bool:
    """Whether an unqualified name means a common table expression that is visible where it stands."""
    from sqlglot import exp

    if table.args.get("db"):
        return False
    name = table.name.lower()
    came_from: Any = table
    node: Any = table.parent
    inside: Any = None
    while node is not None:
        if isinstance(node, exp.CTE):
            inside = node
        with_ = node.args.get("with_")
        if with_ is not None:
            for cte in with_.expressions:
                if came_from is with_ and cte is inside and not with_.args.get("recursive"):
                    break
                if cte.alias.lower() == name:
                    return True
                if came_from is with_ and cte is inside:
                    break
        came_from, node = node, node.parent
    return False


def _locations(tree: "exp.Expression", sql: str) -> Iterator[Reference]:
    """The path of CREATE TABLE … LOCATION 'path'."""
    from sqlglot import exp

    if not isinstance(tree, exp.Create):
        return
    for node in tree.find_all(exp.LocationProperty):
        path = node.this
        if isinstance(path, exp.Literal) and "start" in path.meta:
            yield Reference(path.this, path.meta["start"], path.meta["end"] + 1, path.this)


def _columns(tree: "exp.Expression") -> tuple[str, ...] | None:
    from sqlglot import exp

    if not isinstance(tree, exp.Query):
        return None
    try:
        selects = tree.selects
    except RecursionError:
        return None
    names = []
    for column in selects:
        name = column.output_name
        if not name or column.is_star:
            return None
        names.append(name)
    return tuple(names) or None


def _ordered(references: list[Reference]) -> tuple[Reference, ...]:
    return tuple(sorted(references, key=lambda each: each.start))
