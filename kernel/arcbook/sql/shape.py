"""What kind of thing a statement is: whether it takes all columns, always says yes, or removes everything.

Uses the statement as `parse` keeps it, so nothing is parsed a second time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from arcbook.sql.errors import SqlError
from arcbook.sql.lexical import code_only
from arcbook.sql.parse import parse

_STAR = re.compile(r"(?:\bselect|\bdistinct|\ball|,|\.)\s*(\*)", re.IGNORECASE)
_SELECT = re.compile(r"\bselect\b(?:\s+(?:all|distinct)\b)?\s*", re.IGNORECASE)
_COMPARISONS = {
    "EQ": lambda left, right: left == right,
    "NEQ": lambda left, right: left != right,
    "LT": lambda left, right: left < right,
    "LTE": lambda left, right: left <= right,
    "GT": lambda left, right: left > right,
    "GTE": lambda left, right: left >= right,
}


def first_star(sql: str) -> int | None:
    """The offset of the first `*` by which a query yields columns that it does not name, or None."""
    if "*" not in sql or not any(select.is_star for select in _selects(_tree(sql))):
        return None
    code = code_only(sql)
    stars = [found.start(1) for found in _STAR.finditer(code)]
    outside = [star for star in stars if code.count("(", 0, star) == code.count(")", 0, star)]
    return next(iter(outside or stars), None)


def verdict(sql: str) -> bool | None:
    """What the first column of a query always says, whatever its data is; None when that depends on something."""
    from sqlglot import exp

    tree = _tree(sql)
    if not isinstance(tree, exp.Select) or not tree.expressions:
        return None
    try:
        return _truth(tree.expressions[0])
    except RecursionError:
        return None


def first_column(sql: str) -> tuple[int, int]:
    """The stretch of a query's first column: from behind SELECT to the comma, FROM or end that follows it."""
    code = code_only(sql)
    opened = [*_SELECT.finditer(code)]
    outside = [found for found in opened if code.count("(", 0, found.start()) == code.count(")", 0, found.start())]
    start = next((found.end() for found in (*outside, *opened)), 0)
    depth = 0
    for found in re.compile(r"[(\[]|[)\]]|,|\bfrom\b", re.IGNORECASE).finditer(code, start):
        mark = found.group()
        if mark in "([":
            depth += 1
        elif mark in ")]":
            depth -= 1
        elif depth == 0:
            return start, len(code[: found.start()].rstrip())
    return start, len(code.rstrip())


@dataclass(frozen=True, slots=True)
class Removal:
    """A stretch of a statement by which all rows, or a whole table, go or change; `what` says so in words."""

    what: str
    start: int
    end: int
    table: str = ""


# Of code, in which quoted names are made of backticks only.
_NAME = r"([\w.`]+)"
# Lexical on purpose: it holds for the SQL of other databases too.
_REMOVALS = (
    (re.compile(rf"\s*(delete\s+from)\s+{_NAME}", re.I), "DELETE without WHERE removes every row of {}"),
    (re.compile(rf"\s*(update)\s+{_NAME}", re.I), "UPDATE without WHERE changes every row of {}"),
    (re.compile(rf"\s*(truncate)\s+(?:table\s+)?{_NAME}", re.I), "TRUNCATE removes every row of {}"),
    (re.compile(rf"\s*(drop\s+table)\s+(?:if\s+exists\s+)?{_NAME}", re.I), "DROP TABLE removes {} with its rows"),
    (
        re.compile(rf"\s*(drop\s+(?:database|schema|catalog))\s+(?:if\s+exists\s+)?{_NAME}", re.I),
        "DROP removes {} with all in it",
    ),
)
_ORPHANS = re.compile(r"\bwhen\s+not\s+matched\s+by\s+source\s+then\s+(delete)\b", re.I)
_ALL_MATCH = re.compile(r"\bon\s+\(*\s*(?:true|1\s*=\s*1)\s*\)*\s*when\s+matched\s+then\s+(delete)\b", re.I)
_WHERE = re.compile(r"\bwhere\b", re.I)


def removals(sql: str) -> Iterator[Removal]:
    """Where a statement removes or changes everything without naming a condition; `WHERE TRUE` counts as one."""
    code = code_only(sql)
    for pattern, words in _REMOVALS:
        found = pattern.match(code)
        if found is None or (found[1].lower().startswith(("delete", "update")) and _WHERE.search(code)):
            continue
        table = sql[found.start(2) : found.end(2)]
        yield Removal(words.format(f"`{table.replace('`', '')}`"), found.start(1), found.end(2), table)
    if re.match(r"\s*(?:with\b.*\b)?merge\b", code, re.I | re.S):
        for pattern, words in (
            (_ORPHANS, "MERGE deletes every row that the source lacks"),
            (_ALL_MATCH, "MERGE matches every row and deletes it"),
        ):
            for found in pattern.finditer(code):
                yield Removal(words, *found.span(1))


def _tree(sql: str) -> Any:
    try:
        return parse(sql).tree
    except SqlError:
        return None


def _selects(tree: Any) -> Iterator[Any]:
    """The items of all select lists that make up a query's columns."""
    from sqlglot import exp

    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, exp.SetOperation):
            waiting += [node.right, node.left]
        elif isinstance(node, exp.Subquery):
            waiting.append(node.this)
        elif isinstance(node, exp.Select):
            yield from node.expressions


def _truth(node: Any) -> bool | None:
    """The value of a condition that names no data."""
    from sqlglot import exp

    if isinstance(node, exp.Alias | exp.Paren):
        return _truth(node.this)
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if isinstance(node, exp.Not):
        inner = _truth(node.this)
        return None if inner is None else not inner
    if isinstance(node, exp.And | exp.Or):
        decisive = isinstance(node, exp.Or)
        sides = [_truth(node.left), _truth(node.right)]
        if decisive in sides:
            return decisive
        return None if None in sides else not decisive
    return _compared(node)


def _compared(node: Any) -> bool | None:
    from sqlglot import exp

    compare = _COMPARISONS.get(type(node).__name__)
    if compare is None:
        return None
    left, right = node.left, node.right
    if isinstance(left, exp.Count) and isinstance(node, exp.GTE) and _number(right) is not None:
        return True if (_number(right) or 0) <= 0 else None  # a count is never below zero
    values = _literal(left), _literal(right)
    if None in values or type(values[0]) is not type(values[1]):
        return None
    return bool(compare(*values))


def _literal(node: Any) -> float | str | None:
    from sqlglot import exp

    if isinstance(node, exp.Literal) and node.is_string:
        return str(node.this)
    return _number(node)


def _number(node: Any) -> float | None:
    from sqlglot import exp

    if isinstance(node, exp.Neg):
        inner = _number(node.this)
        return None if inner is None else -inner
    if isinstance(node, exp.Literal) and not node.is_string:
        try:
            return float(node.this)
        except ValueError:
            return None
    return None
