"""One statement parsed by sqlglot, with a judgement of its own on what is an error.

sqlglot knows less than the engines: a statement it refuses may be sound, so only what no engine accepts is an error
here, and the rest is a statement nothing is known about. Some broken statements it accepts; those are caught first.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from arcbook.core.suggest import did_you_mean
from arcbook.sql.errors import SqlError
from arcbook.sql.lexical import code_only, regions

if TYPE_CHECKING:
    from sqlglot import exp

STATEMENT_WORDS = frozenset(
    (
        "add", "alter", "analyze", "begin", "cache", "call", "clear", "comment", "convert", "copy", "create", "declare",
        "delete", "desc", "describe", "drop", "execute", "explain", "export", "from", "fsck", "generate", "grant",
        "import", "insert", "list", "load", "map", "merge", "msck", "optimize", "reduce", "refresh", "reorg", "repair",
        "replace", "reset", "restore", "revoke", "select", "set", "show", "table", "truncate", "uncache", "undrop",
        "update", "use", "vacuum", "values", "with",
    )
)  # fmt: skip
# Statements whose syntax sqlglot follows closely enough to believe it when it refuses one.
_BELIEVED = frozenset(("select", "with", "merge", "update", "delete", "values"))
# Their text is not SQL all the way: a value of SET may hold anything.
_FREE_TEXT = frozenset(("add", "list", "refresh", "reset", "set"))
# What the engines accept and sqlglot does not.
_BEYOND_SQLGLOT = re.compile(
    r"\|>|\bmatch_recognize\b|\btransform\s*\(.*\busing\b|\bfrom\s+stream\b|\bdirectory\b|\bnot\s+matched\s+by\b"
    r"|\bfor\s+(?:system_)?(?:version|time|timestamp)\b|>>>|\bwindow\s*\(|\bschema\s+evolution\b"
    r"|\bidentifier\s*\(|\binterval\b|\bcollate\b|\bposition\s*\(|\boverlay\s*\(|\bexecute\s+immediate\b",
    re.IGNORECASE | re.DOTALL,
)
# What sqlglot would refuse, and something as long that it takes and that reads and writes the same. Each pattern is
# searched for in lower case and only when its first text occurs, which hardly a statement has.
_LEVELLED = (
    ("window", re.compile(r"\bwindow(?=\s*\()"), "windo_"),
    (">>>", re.compile(r">>>"), ">> "),
    ("'", re.compile(r"\bx\s+(?=')"), "X"),
    ("evolution", re.compile(r"\bwith\s+schema\s+evolution(?=\s+into\b)"), ""),
    # A parameter may bear any name; sqlglot takes these words for the statement's own.
    (
        ":",
        re.compile(
            r"(?<![:\w]):(?:and|as|between|create|cross|distinct|drop|else|for|from|having|inner|insert|into|join|like"
            r"|not|on|or|outer|select|then|union|using|values|when|where|with)\b"
        ),
        ":_",
    ),
    (" of", re.compile(r"\bfor\s+(?:system_)?(?=(?:version|time|timestamp)\s+as\s+of\b)"), ""),
)
# Words that are one to sqlglot: it knows them with blanks between, but not with a comment.
_ONE_WORD = re.compile(
    r"\b(?:(?:cluster|distribute|group|order|partition(?:ed)?|sort)\s+by|grouping\s+sets|(?:primary|foreign)\s+key)\b",
    re.IGNORECASE,
)
_NESTED_TYPE = re.compile(r"\b(?:array|map|struct)\s*<", re.IGNORECASE)
# sqlglot's compiled parser recurses; far beyond this it would take the process down with it.
_DEEPEST = 200
_MOST_QUERIES = 1000
_NESTING = re.compile(r"\b(?:array|map|struct)\s*<|->", re.IGNORECASE)
_QUERY = re.compile(r"\b(?:select|intersect|except|minus)\b", re.IGNORECASE)
_STAND_IN = re.compile(r"\$\{[^{}]*\}")
_WORD = re.compile(r"[^\W\d]\w*")
_OPENED_BY = {")": "(", "]": "["}
_TRAILING_COMMA = re.compile(r",\s*(from)\s+(?!from\b|as\b|is\b|in\b|not\b|and\b|or\b)[\w`]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Parsed:
    """`tree` is None when sqlglot does not know the statement; `first_word` is in lower case."""

    sql: str
    first_word: str
    tree: "exp.Expression | None"


@lru_cache(maxsize=512)
def parse(sql: str) -> Parsed:
    """The one statement in `sql`, which may still hold `${name}` placeholders.

    Raises:
        SqlError: the statement is one that no engine accepts.
    """
    text = _STAND_IN.sub(lambda found: "_" * len(found.group()), sql)
    templated = text != sql
    code = code_only(text)
    first = _checked(text, code, templated)
    if first == "begin":
        return Parsed(sql, first, None)
    if _is_too_deep(code):
        return Parsed(sql, first, None)
    tree, error = _sqlglot(_levelled(text, code))
    if error is not None and not templated and first in _BELIEVED and not _BEYOND_SQLGLOT.search(code):
        raise error
    return Parsed(sql, first, tree)


def check_text(sql: str) -> None:
    """Find what no engine accepts without parsing: open quotes and brackets, a second statement, a trailing comma.

    Raises:
        SqlError: there is such a thing.
    """
    _checked(sql, code_only(sql), templated=False)


def _checked(text: str, code: str, templated: bool) -> str:
    """The first word of a statement whose text is sound. Placeholders may stand for any text, brackets too."""
    _check_closed(text)
    first = _first_word(code, text)
    if first != "begin" and first not in _FREE_TEXT and not templated:
        _check_brackets(code)
        _check_single(code, text)
        _check_trailing_comma(code)
    return first


def _check_closed(sql: str) -> None:
    for region in regions(sql):
        if not region.closed:
            what = {"text": "quote", "name": "backtick", "comment": "comment"}[region.kind]
            raise SqlError(f"This {what} is never closed.", region.start, len(sql))


def _first_word(code: str, sql: str) -> str:
    """The word that says what kind of statement it is."""
    start = re.compile(r"[\s(;]*").match(code)
    position = start.end() if start else 0
    if not code[position:].strip(" \t\r\n;"):
        raise SqlError("There is no statement.", 0, len(sql))
    word = _WORD.match(code, position)
    if word is None:
        return ""
    first = word.group().lower()
    if first.strip("_") and first not in STATEMENT_WORDS:
        raise SqlError(
            f"No statement starts with `{word.group()}`.",
            word.start(),
            word.end(),
            remedy=did_you_mean(first, STATEMENT_WORDS)
            or "Start with SELECT, WITH, MERGE, INSERT or another statement.",
        )
    return first


def _check_brackets(code: str) -> None:
    opened: list[tuple[str, int]] = []
    for found in re.finditer(r"[()\[\]]", code):
        mark, position = found.group(), found.start()
        if mark in "([":
            opened.append((mark, position))
        elif opened and opened[-1][0] == _OPENED_BY[mark]:
            opened.pop()
        elif opened:
            raise SqlError(f"`{mark}` does not close `{opened[-1][0]}`.", position, position + 1)
        else:
            raise SqlError(f"`{mark}` closes nothing.", position, position + 1)
    if opened:
        mark, position = opened[-1]
        raise SqlError(f"`{mark}` is never closed.", position, position + 1)


def _check_single(code: str, sql: str) -> None:
    """Nothing but blanks and comments may follow a semicolon."""
    end = code.find(";")
    if end < 0:
        return
    rest = re.compile(r"[^\s;]").search(code, end)
    if rest:
        raise SqlError("A cell holds one statement; this is the start of another.", rest.start(), len(sql.rstrip()))


def _check_trailing_comma(code: str) -> None:
    found = _TRAILING_COMMA.search(code)
    if found:
        raise SqlError("A comma stands before FROM.", found.start(), found.start() + 1, remedy="Remove the comma.")


def _is_too_deep(code: str) -> bool:
    """Whether the statement nests so far that the parser must not see it. Short ones cannot."""
    if len(code) <= _DEEPEST:
        return False
    if code.count("(") > _DEEPEST and _depth(code) > _DEEPEST:
        return True
    if code.count("<") + code.count("->") > _DEEPEST and len(_NESTING.findall(code)) > _DEEPEST:
        return True
    return len(code) > _MOST_QUERIES * len("minus") and len(_QUERY.findall(code)) > _MOST_QUERIES


def _depth(code: str) -> int:
    """How deep brackets nest."""
    depth = deepest = 0
    for found in re.finditer(r"[()]", code):
        depth += 1 if found.group() == "(" else -1
        deepest = max(deepest, depth)
    return deepest


def _levelled(text: str, code: str) -> str:
    lower = code.lower()
    if len(lower) != len(code):  # a few letters are longer in lower case, and places would move
        lower = code
    if "--" in text or "/*" in text:
        for found in _ONE_WORD.finditer(code):
            text = text[: found.start()] + found.group() + text[found.end() :]
    for word, pattern, replacement in _LEVELLED:
        if word not in lower or (replacement == ">> " and _NESTED_TYPE.search(code)):
            continue
        for found in pattern.finditer(lower):
            filled = replacement.rjust(found.end() - found.start())
            text = text[: found.start()] + filled + text[found.end() :]
    return text


def _sqlglot(sql: str) -> "tuple[exp.Expression | None, SqlError | None]":
    from sqlglot import ErrorLevel, errors, exp, tokenize
    from sqlglot.dialects import Databricks

    dialect = Databricks()
    try:
        tokens = tokenize(sql, read=dialect)
    except errors.TokenError:
        return None, None
    try:
        with _unlogged():
            trees = dialect.parser(error_level=ErrorLevel.IMMEDIATE).parse(tokens, sql)
    except errors.ParseError as error:
        return None, _syntax_error(error, tokens, sql)
    except RecursionError:
        return None, None
    found = [tree for tree in trees if tree is not None and not isinstance(tree, exp.Semicolon)]
    return (found[0] if len(found) == 1 else None), None


@contextmanager
def _unlogged() -> Iterator[None]:
    """A statement that sqlglot keeps as text is reported through `tree`, not by a line in somebody's log."""

    def is_error(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR

    logger = logging.getLogger("sqlglot")
    logger.addFilter(is_error)
    try:
        yield
    finally:
        logger.removeFilter(is_error)


def _syntax_error(error: Any, tokens: list[Any], sql: str) -> SqlError:
    """The place of sqlglot's complaint; it counts columns to the end of a token."""
    details = error.errors[0] if error.errors else {}
    at = next((t for t in tokens if (t.line, t.col) == (details.get("line"), details.get("col"))), None)
    description = str(details.get("description") or "The statement does not parse").rstrip(".")
    if at is None:
        return SqlError(f"{description}.", 0, len(sql))
    if at is tokens[-1] and description.startswith(("Expecting", "Required")):
        return SqlError(f"{_said(description)} behind `{sql[at.start : at.end + 1]}`.", at.end + 1, at.end + 1)
    return SqlError(f"{_said(description)} at `{sql[at.start : at.end + 1]}`.", at.start, at.end + 1)


def _said(description: str) -> str:
    if description.startswith("Expecting "):
        return f"{description.removeprefix('Expecting ')} is expected"
    if description.startswith("Required keyword"):
        return "Something is missing"
    return "The statement does not go on like this"
