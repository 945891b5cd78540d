"""Places in a user's text."""

import re
from bisect import bisect_right
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a cell or file.

    Lines and columns count from 1 in code points, as editors show them; the end is exclusive.
    `cell` is the number of the code cell counted from 1, or None outside a notebook (and in a live cell).
    """

    line: int
    column: int
    end_line: int
    end_column: int
    cell: int | None = None
    origin: str = ""

    @staticmethod
    def at(text: str, start: int, end: int | None = None, *, cell: int | None = None, origin: str = "") -> "Span":
        """The span of `text[start:end]`; an `end` of None means one character."""
        stop = min(len(text), start + 1) if end is None else end
        return Lines(text, origin=origin, cell=cell).span(start, stop)

    def shifted(self, lines: int) -> "Span":
        """The same stretch after `lines` lines were put in front of its text."""
        return replace(self, line=self.line + lines, end_line=self.end_line + lines)

    def __str__(self) -> str:
        place = f"line {self.line}, column {self.column}"
        if self.cell is not None:
            place = f"cell {self.cell}, {place}"
        return f"{self.origin}, {place}" if self.origin else place


class Lines:
    """The lines of one text: turns its offsets into lines and columns, and back.

    `first_line` is the number of its first line, `origin` and `cell` are those of its spans.
    """

    def __init__(self, text: str, *, origin: str = "", cell: int | None = None, first_line: int = 1) -> None:
        self._starts = (0, *(end.end() for end in re.finditer("\n", text)))
        self._length = len(text)
        self._origin = origin
        self._cell = cell
        self._shift = first_line

    def span(self, start: int, end: int) -> Span:
        """The span of `text[start:end]`."""
        line = bisect_right(self._starts, start) - 1
        end_line = bisect_right(self._starts, end, line) - 1
        return Span(
            line + self._shift,
            start - self._starts[line] + 1,
            end_line + self._shift,
            end - self._starts[end_line] + 1,
            self._cell,
            self._origin,
        )

    def offset(self, line: int, column: int) -> int | None:
        """The offset of a line and column, or None when the text has no such line or ends before it."""
        index = line - self._shift
        if not 0 <= index < len(self._starts):
            return None
        offset = self._starts[index] + column - 1
        return offset if offset <= self._length else None
