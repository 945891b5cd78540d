"""Where the code cells of a notebook stand in the notebook's own text: for repairs that change nothing else.

Reads no more of the JSON than it must: outputs and metadata are passed over by the standard library's scanner.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from json.decoder import scanstring  # type: ignore[attr-defined]  # documented nowhere, there since Python 3.0

from arcbook.cells.lexer import literal_offsets

_BLANK = re.compile(r"[ \t\n\r]*")
_SCAN = json.JSONDecoder().raw_decode


@dataclass(frozen=True, slots=True)
class Piece:
    """One text literal of a source: `text[start:end]` with its quotes, and where its value begins in the source."""

    start: int
    end: int
    offset: int
    value: str


@dataclass(frozen=True, slots=True)
class CellText:
    """The source of a code cell: the whole value at `text[start:end]`, its literals, and whether it is one text."""

    number: int
    start: int
    end: int
    pieces: tuple[Piece, ...]
    is_text: bool

    @property
    def source(self) -> str:
        """The cell's text."""
        return "".join(piece.value for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class NotebookText:
    """The text of a notebook and the places in it of its code cells and its members."""

    text: str
    cells: tuple[CellText, ...] = ()
    members: dict[str, tuple[int, int]] = field(default_factory=dict)

    def place(self, cell: CellText, offset: int) -> int:
        """The place in the notebook's text of the character at `offset` in the cell's source (or of its end)."""
        starts = [piece.offset for piece in cell.pieces]
        if not starts:
            return cell.start + 1
        piece = cell.pieces[max(0, bisect_right(starts, offset) - 1)]
        offsets = _offsets(self.text[piece.start : piece.end])
        return piece.start + offsets[min(offset - piece.offset, len(offsets) - 1)]

    def stretch(self, cell: CellText, start: int, end: int) -> tuple[int, int] | None:
        """The place of `source[start:end]`, or None when it crosses from one literal into the next."""
        for piece in cell.pieces:
            if piece.offset <= start and end <= piece.offset + len(piece.value):
                offsets = _offsets(self.text[piece.start : piece.end])
                return piece.start + offsets[start - piece.offset], piece.start + offsets[end - piece.offset]
        return None


@lru_cache(maxsize=8)
def _offsets(literal: str) -> list[int]:
    """Kept, because many places of one literal are looked up one after the other."""
    return literal_offsets(literal)


def read_notebook_text(text: str) -> NotebookText:
    """The places in a notebook's text. A later member of the same name wins, as in JSON readers.

    Raises:
        ValueError: the text is no JSON, or no object.
        RecursionError: it is nested too deeply.
    """
    members: dict[str, tuple[int, int]] = {}
    cells: tuple[CellText, ...] = ()
    start = _skip(text, 1 if text.startswith("\ufeff") else 0)
    if text[start : start + 1] != "{":
        raise ValueError("the text is no JSON object")
    for key, place in members_of(text, start):
        members[key] = (place, _value_end(text, place))
        if key == "cells" and text[place] == "[":
            cells = tuple(_code_cells(text, place))
    return NotebookText(text, cells, members)


def _code_cells(text: str, start: int) -> Iterator[CellText]:
    number = 0
    for place in _items(text, start):
        if text[place] != "{":
            continue
        members = dict(members_of(text, place))
        kind = members.get("cell_type")
        if kind is None or _SCAN(text, kind)[0] != "code":
            continue
        number += 1
        source = members.get("source")
        if source is not None:
            yield _cell(text, number, source)


def _cell(text: str, number: int, start: int) -> CellText:
    is_text = text[start] == '"'
    starts = [start] if is_text else list(_items(text, start)) if text[start] == "[" else []
    pieces: list[Piece] = []
    offset = 0
    for each in starts:
        if text[each] != '"':
            continue
        value, end = scanstring(text, each + 1)
        pieces.append(Piece(each, end, offset, value))
        offset += len(value)
    return CellText(number, start, _value_end(text, start), tuple(pieces), is_text)


def _skip(text: str, position: int) -> int:
    found = _BLANK.match(text, position)
    return found.end() if found else position


def _value_end(text: str, start: int) -> int:
    end: int = _SCAN(text, start)[1]
    return end


def members_of(text: str, start: int) -> Iterator[tuple[str, int]]:
    """Keys of the object that opens at `start`, and where their values start."""
    position = _skip(text, start + 1)
    while text[position : position + 1] == '"':
        key, position = scanstring(text, position + 1)
        position = _skip(text, position)
        if text[position : position + 1] != ":":
            raise ValueError("a key without a value")
        position = _skip(text, position + 1)
        yield key, position
        position = _skip(text, _value_end(text, position))
        if text[position : position + 1] != ",":
            break
        position = _skip(text, position + 1)
    if text[position : position + 1] != "}":
        raise ValueError("an object that is not closed")


def _items(text: str, start: int) -> Iterator[int]:
    """Where the items of the list that opens at `start` start."""
    position = _skip(text, start + 1)
    while text[position : position + 1] not in ("]", ""):
        yield position
        position = _skip(text, _value_end(text, position))
        if text[position : position + 1] != ",":
            break
        position = _skip(text, position + 1)
    if text[position : position + 1] != "]":
        raise ValueError("a list that is not closed")
