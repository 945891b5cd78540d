"""Places in a user's text."""

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

    @classmethod
    def at(cls, text: str, start: int, end: int | None = None, *, cell: int | None = None, origin: str = "") -> "Span":
        """The span of `text[start:end]`; an `end` of None means one character."""
        stop = min(len(text), start + 1) if end is None else end
        line, column = line_and_column(text, start)
        end_line, end_column = line_and_column(text, stop)
        return cls(line, column, end_line, end_column, cell, origin)

    def shifted(self, lines: int) -> "Span":
        """The same stretch after `lines` lines were put in front of its text."""
        return replace(self, line=self.line + lines, end_line=self.end_line + lines)

    def __str__(self) -> str:
        place = f"line {self.line}, column {self.column}"
        if self.cell is not None:
            place = f"cell {self.cell}, {place}"
        return f"{self.origin}, {place}" if self.origin else place


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """The 1-based line and column of `offset`, given in code points from the start of `text`."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
