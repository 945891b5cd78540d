"""Where text, quoted names and comments of a statement lie: Spark's lexical rules, without a parser.

Cheap enough for the start-up path: only the standard library.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal["text", "name", "line-comment", "comment"]

_OPENING = re.compile(r"(?<![\w])[rR](?=['\"])|['\"`]|--|/\*")
_TEXT_BODY = {"'": re.compile(r"(?:[^'\\]|\\.|'')*", re.DOTALL), '"': re.compile(r'(?:[^"\\]|\\.|"")*', re.DOTALL)}
_RAW_BODY = {"'": re.compile(r"[^']*"), '"': re.compile(r'[^"]*')}
_NAME_BODY = re.compile(r"(?:[^`]|``)*")
_LINE_COMMENT = re.compile(r"--(?:\\\r?\n|[^\r\n])*")
_COMMENT_MARK = re.compile(r"/\*|\*/")


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch that is not plain code, its delimiters included. `closed` tells whether its end was found."""

    kind: Kind
    start: int
    end: int
    closed: bool = True
    raw: bool = False


@lru_cache(maxsize=16)
def regions(sql: str) -> tuple[Region, ...]:
    """Text literals, quoted names and comments of `sql`, in order; everything between them is code.

    Kept for the last statements, because each rule about a statement asks.
    """
    return tuple(_regions(sql))


def _regions(sql: str) -> Iterator[Region]:
    position = 0
    while (opening := _OPENING.search(sql, position)) is not None:
        region = _region_at(sql, opening)
        yield region
        position = region.end


def _region_at(sql: str, opening: re.Match[str]) -> Region:
    start, mark = opening.start(), opening.group()
    if mark == "--":
        found = _LINE_COMMENT.match(sql, start)
        assert found is not None
        return Region("line-comment", start, found.end())
    if mark == "/*":
        end, closed = _comment_end(sql, opening.end())
        return Region("comment", start, end, closed)
    if mark == "`":
        return _quoted(sql, "name", start, start, _NAME_BODY)
    if mark in "rR":
        return _quoted(sql, "text", start, start + 1, _RAW_BODY[sql[start + 1]], raw=True)
    return _quoted(sql, "text", start, start, _TEXT_BODY[mark])


def _quoted(sql: str, kind: Kind, start: int, quote: int, body: re.Pattern[str], *, raw: bool = False) -> Region:
    found = body.match(sql, quote + 1)
    assert found is not None
    end = found.end()
    closed = end < len(sql) and sql[end] == sql[quote]
    # An open literal runs to the end of the statement, also when it ends in a lone backslash.
    return Region(kind, start, end + 1 if closed else len(sql), closed, raw)


def _comment_end(sql: str, position: int) -> tuple[int, bool]:
    """The end of a bracketed comment, which may hold others, and whether it was closed."""
    depth = 1
    for mark in _COMMENT_MARK.finditer(sql, position):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end(), True
    return len(sql), False


_FILL = {"text": "'", "name": "`", "line-comment": " ", "comment": " "}


@lru_cache(maxsize=16)
def code_only(sql: str) -> str:
    """`sql` with comments blanked and text and quoted names made of quotes only: offsets stay, no word can match."""
    pieces: list[str] = []
    position = 0
    for region in regions(sql):
        pieces.append(sql[position : region.start])
        pieces.append(_FILL[region.kind] * (region.end - region.start))
        position = region.end
    pieces.append(sql[position:])
    return "".join(pieces)


def stays_inside(value: str, region: Region, sql: str) -> bool:
    """Whether `value`, pasted into `region`, leaves the region's end where it is."""
    if region.kind == "line-comment":
        return not re.search(r"[\r\n]", value)
    if region.kind == "comment":
        return "*/" not in value and "/*" not in value
    if region.kind == "name":
        return bool(_NAME_BODY.fullmatch(value))
    quote = sql[region.start + 1] if region.raw else sql[region.start]
    body = _RAW_BODY[quote] if region.raw else _TEXT_BODY[quote]
    return bool(body.fullmatch(value))
