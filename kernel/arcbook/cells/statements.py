"""Checking the SQL statement of a stage: placeholders and syntax, at their places in the cell."""

import re
from functools import lru_cache
from typing import Any

from arcbook.cells.magics import MAGICS
from arcbook.cells.places import span_within
from arcbook.cells.tree import Tree
from arcbook.core.problem import Problem, Severity
from arcbook.sql.errors import SqlError
from arcbook.sql.findings import findings
from arcbook.sql.offsets import Rendered
from arcbook.sql.parse import parse
from arcbook.sql.placeholders import fill, parameter_errors
from arcbook.sql.references import Statement, analyse

_MAGIC_LINE = re.compile(r"(?m)^%{1,2}([A-Za-z]+)\b")


def check_statement(tree: Tree, source: str, *, foreign: bool = False) -> list[Problem]:
    """What is wrong with the `sql` of a tree; its `sqlParams` may still hold placeholders.

    `foreign`: the statement is another database's, of which only the placeholders are ours.
    """
    sql = tree.value["sql"]
    params = tree.value.get("sqlParams")
    found = parameter_errors(sql, list(_flat(params)))
    problems = [placed(error, tree, source) for error in found]
    if foreign:
        return problems
    try:
        statement_of(sql, params)
    except SqlError as error:
        return [*problems, placed(_second_magic(sql) or error, tree, source)]
    return problems or _questionable(tree, source, parse(filled(sql, params).text).first_word)


def _second_magic(sql: str) -> SqlError | None:
    """A line that starts another cell, in a statement that is not sound."""
    found = next((each for each in _MAGIC_LINE.finditer(sql) if each[1].lower() in MAGICS), None)
    if found is None:
        return None
    message = f"Another magic, `%{found[1]}`, stands in this cell."
    return SqlError(message, found.start(), found.end(), remedy="Put it and what follows into a cell of its own.")


def filled(sql: str, params: Any) -> Rendered:
    """The statement with those values filled in that are known.

    Raises:
        SqlError: a value would end the quotes around its placeholder.
    """
    given = _flat(params).items()
    return _filled(sql, tuple((key, _text(item)) for key, item in given if isinstance(item, str | int | float)))


def _flat(params: Any) -> dict[str, Any]:
    """The entries of `sqlParams` by the names of their placeholders: nested objects become dotted names, as in Arc."""
    flat: dict[str, Any] = {}
    for key, item in params.items() if isinstance(params, dict) else ():
        flat |= {f"{key}.{name}": each for name, each in _flat(item).items()} if isinstance(item, dict) else {key: item}
    return flat


def _text(item: str | float) -> str:
    return str(item).lower() if isinstance(item, bool) else str(item)


@lru_cache(maxsize=64)
def _filled(sql: str, params: tuple[tuple[str, str], ...]) -> Rendered:
    """Kept, because one check of a stage asks several times."""
    return fill(sql, dict(params))


@lru_cache(maxsize=64)
def _analysed(sql: str) -> Statement:
    return analyse(sql)


def statement_of(sql: str, params: Any) -> Statement:
    """The analysis of a statement after its known values were filled in; its offsets are those of the filled text.

    Raises:
        SqlError: with offsets of `sql`.
    """
    rendered = filled(sql, params)
    try:
        return _analysed(rendered.text)
    except SqlError as error:
        start, end = rendered.source_range(error.start, error.end)
        raise SqlError(error.message, start, end, code=error.code, remedy=error.remedy) from None


def placed(error: SqlError, tree: Tree, source: str) -> Problem:
    """An error about a tree's statement as a problem at its place."""
    span = span_within(tree, ("sql",), source, error.start, error.end)
    if error.code == "sql-parameter" and error.start == error.end:
        name = _valued(error)
        whole = ("sqlParams", *name)
        span = tree.key_span(whole if whole in tree.spans else ("sqlParams", *".".join(name).split(".")))
    key = "sqlParams" if error.code == "sql-parameter" else "sql"
    return Problem(error.code, error.message, span, key, error.remedy)


def _valued(error: SqlError) -> tuple[str, ...]:
    """The entry of `sqlParams` that an error is about: the first word it quotes."""
    quoted = error.message.split("`")
    return (quoted[1],) if len(quoted) > 2 else ()


def _questionable(tree: Tree, source: str, first_word: str) -> list[Problem]:
    """What would run and had better be written otherwise."""
    return [
        Problem(
            found.code,
            found.message,
            span_within(tree, ("sql",), source, found.start, found.end),
            "sql",
            found.remedy,
            Severity.WARNING,
        )
        for found in findings(tree.value["sql"], first_word)
    ]
