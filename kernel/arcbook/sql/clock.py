"""The functions of SQL that read the clock, and a statement with a run's one time in their place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from arcbook.sql.lexical import code_only
from arcbook.sql.offsets import Rendered, Replacement, render
from arcbook.sql.quote import identifier, literal

# Names that are functions only with brackets, and those that are with and without.
_CALL = re.compile(
    r"(?<![\w.`@])(?:(?P<called>now|curdate|localtimestamp|unix_timestamp)\s*\(\s*\)"
    r"|(?P<word>current_timestamp|current_date)(?P<brackets>\s*\(\s*\))?(?![\w.`(]))",
    re.IGNORECASE,
)
_NAMED_SO = re.compile(r"\bas\s*$", re.IGNORECASE)
_DEFAULT = re.compile(r"\bdefault\s*$", re.IGNORECASE)
_BEFORE_ITEM = re.compile(r"(?:\bselect|\bdistinct|,)\s*$", re.IGNORECASE)
_BEHIND_ITEM = re.compile(r"\s*(?:,|\)|;|$|from\b|union\b|where\b)", re.IGNORECASE)
_CLAUSE = re.compile(r"\b(select|from|where|group|order|having|qualify|on|values|set|using|limit)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ClockCall:
    """A reading of the clock at `sql[start:end]`.

    `name` is the function's in lower case. One that is not `certain` stands without brackets, so that a column of that
    name would come first.
    """

    name: str
    start: int
    end: int
    certain: bool


def clock_calls(sql: str) -> Iterator[ClockCall]:
    """Every place where `sql` reads the clock, in order; a column's DEFAULT is no reading, for it acts later."""
    code = code_only(sql)
    for found in _CALL.finditer(code):
        before = code[: found.start()]
        if _DEFAULT.search(before) or (found["word"] and not found["brackets"] and _NAMED_SO.search(before)):
            continue
        name = (found["called"] or found["word"]).lower()
        yield ClockCall(name, found.start(), found.end(), bool(found["called"] or found["brackets"]))


def at_time(sql: str, moment: datetime, *, columns: frozenset[str] = frozenset()) -> Rendered:
    """`sql` with `moment` wherever it reads the clock, so that a run repeated later yields the same.

    Args:
        sql: one statement.
        moment: the run's time, with a zone.
        columns: names in lower case that mean columns where they stand without brackets, as in Spark; they are quoted,
            because the embedded engine would read the clock.
    """
    code = code_only(sql)

    def text(call: ClockCall) -> str:
        if not call.certain and call.name in columns:
            return identifier(sql[call.start : call.end])
        return _value(call.name, moment) + _alias(call, code)

    return render(sql, [Replacement(call.start, call.end, text(call)) for call in clock_calls(sql)])


def _value(name: str, moment: datetime) -> str:
    """The moment as what the function returns; the engine turns it into the session's zone, as it does the clock."""
    if name == "unix_timestamp":
        return f"CAST({int(moment.timestamp())} AS BIGINT)"
    timestamp = literal(moment.astimezone(UTC))
    if name in ("current_date", "curdate"):
        return f"CAST({timestamp} AS DATE)"
    return f"CAST({timestamp} AS TIMESTAMP_NTZ)" if name == "localtimestamp" else timestamp


def _alias(call: ClockCall, code: str) -> str:
    """The name that Spark gives the column when the call is an item of a SELECT list by itself."""
    if not _BEFORE_ITEM.search(code, 0, call.start) or not _BEHIND_ITEM.match(code, call.end):
        return ""
    if _clause_around(code[: call.start]) != "select":
        return ""
    name = "current_date" if call.name == "curdate" else call.name
    shown = "unix_timestamp(current_timestamp(), yyyy-MM-dd HH:mm:ss)" if name == "unix_timestamp" else f"{name}()"
    return f" AS {identifier(shown)}"


def _clause_around(code: str) -> str:
    """The word that opened the clause at the end of `code`, empty inside the brackets of a call."""
    depth, position = 0, len(code)
    while position > 0:
        opening, closing = code.rfind("(", 0, position), code.rfind(")", 0, position)
        start = max(opening, closing)
        if depth == 0 and (words := list(_CLAUSE.finditer(code, start + 1, position))):
            return words[-1].group().lower()
        if opening > closing and depth == 0:
            return ""
        depth += 1 if closing > opening else -1
        position = start
    return ""
