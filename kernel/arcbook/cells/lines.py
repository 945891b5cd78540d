"""Magic cells whose body is lines: settings, names, one view."""

from collections.abc import Iterator

from arcbook.cells.model import Cell
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem
from arcbook.core.span import Span


def read_settings(cell: Cell) -> dict[str, str]:
    """The `KEY=value` lines of `%env` and `%conf`; a value reaches to the end of its line and may have quotes.

    Lines starting with `#` are comments.

    Raises:
        CellError: the lines without `=`, all at once.
    """
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for text, span in content_lines(cell):
        key, equals, value = text.partition("=")
        if equals and key.strip():
            found[key.strip()] = value.strip()
        else:
            problems.append(
                Problem("magic-argument", f"`{text}` is no setting", span, remedy="Write `KEY=value`, one on a line.")
            )
    if problems:
        raise CellError(problems)
    return found


def read_names(cell: Cell) -> tuple[str, ...]:
    """The words of `%secret`, `%environment`, `%schema` …, in their order."""
    return tuple(word for text, _ in content_lines(cell) for word in text.replace(",", " ").split())


def content_lines(cell: Cell) -> Iterator[tuple[str, Span]]:
    """The lines of a body that are neither blank nor comments, without blanks around them, each with its place."""
    for number, line in enumerate(cell.body.split("\n"), start=cell.body_line):
        text = line.strip()
        if text and not text.startswith("#"):
            start = len(line) - len(line.lstrip()) + 1
            yield text, Span(number, start, number, start + len(text), cell.number, cell.origin)


def named_view(cell: Cell) -> tuple[str, Span]:
    """The one word in the body of `%printschema` and its kin, and its place.

    Raises:
        CellError: there is none, or more than one.
    """
    lines = list(content_lines(cell))
    if len(lines) != 1 or len(lines[0][0].split()) != 1:
        remedy = f"Write its name: `%{cell.magic} customers`."
        raise CellError([_not_one(cell, "the name of one view", remedy, lines[0][1] if lines else None)])
    return lines[0]


def named_place(cell: Cell) -> str:
    """The one line in the body of `%list`.

    Raises:
        CellError: there is none, or more than one.
    """
    lines = list(content_lines(cell))
    if len(lines) != 1:
        raise CellError([_not_one(cell, "one address", f"Write `%{cell.magic} data/`.", None)])
    return lines[0][0]


def _not_one(cell: Cell, what: str, remedy: str, span: Span | None) -> Problem:
    first = Span.at(cell.source, 0, len(cell.source.split("\n")[0]), cell=cell.number, origin=cell.origin)
    return Problem("magic-argument", f"`%{cell.magic}` takes {what}", span or first, remedy=remedy)
