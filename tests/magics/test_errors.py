"""Errors: short, with the offending line and a marker under the column."""

import pytest

from arcbook.core.failures import ArcbookError, CellError, InputError
from arcbook.core.problem import Problem
from arcbook.core.span import Span
from arcbook_magics.errors import WIDTH, render


def problem(source: str, word: str, remedy: str = "Did you mean `age`?") -> Problem:
    """A problem about the first `word` in `source`."""
    start = source.index(word)
    return Problem(
        "unknown-column", f"there is no column `{word}`", Span.at(source, start, start + len(word)), remedy=remedy
    )


def test_one_problem_is_marked() -> None:
    """Class, place, code, the line, the marker, the remedy."""
    source = "%sql\nselect name,\n  agee from people"
    assert render(CellError([problem(source, "agee")]), source) == [
        "CellError: line 3, column 3: there is no column `agee` [unknown-column]",
        "   3 |   agee from people",
        "     |   ^^^^",
        "Did you mean `age`?",
    ]


def test_several_problems_take_a_line_each() -> None:
    """All are shown, in the order of their places."""
    source = "%sql\nselect aa, bb"
    lines = render(CellError([problem(source, "bb"), problem(source, "aa")]), source)
    assert lines[0] == "CellError: 2 problems"
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["line 2, column 8", "line 2, column 12"]


@pytest.mark.parametrize(
    ("before", "word"),
    [("select '名前', ", "x1"), ("select 'e\u0301', ", "x1"), ("\tselect ", "x1"), ("y" * 3_000 + ", ", "x1")],
)
def test_the_marker_stands_below_its_word(before: str, word: str) -> None:
    """Wide and combining characters, tabs and very long lines do not move the marker."""
    import unicodedata

    source = f"{before}{word} from t"
    _, line, marker, *_ = render(CellError([problem(source, word)]), source)

    def columns(text: str) -> int:
        return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)

    assert columns(line[: line.index(word)]) == columns(marker[: marker.index("^")])
    assert marker.count("^") == len(word)
    assert len(line) < WIDTH + 20


def test_never_more_than_six_lines() -> None:
    """A message of pages with control characters and a trace is cut, flattened and told where to read on."""
    error = InputError("missing\x1b[31m\n" * 500, detail="at org.apache.spark…\n" * 900)
    lines = render(error, "%sql\nselect 1", more="%help error")
    assert len(lines) == 2
    assert len(lines[0]) < 500
    assert "\x1b" not in lines[0]
    assert lines[1] == "The engine's full text: `%help error`"
    assert len(render(error, "")) == 1


def test_places_outside_the_cell_are_not_quoted_from_it() -> None:
    """A problem in a file the stage refers to says so and quotes nothing of the cell."""
    span = Span(2, 1, 2, 5, origin="adults.sql")
    error: ArcbookError = CellError([Problem("sql-syntax", "unexpected `form`", span)])
    assert render(error, "a\nb\nc") == ["CellError: adults.sql, line 2, column 1: unexpected `form` [sql-syntax]"]


def test_a_place_that_does_not_exist_is_survived() -> None:
    """A wrong span must not hide the message."""
    error = CellError([Problem("syntax", "broken", Span(9, 40, 9, 41))])
    assert render(error, "one line") == ["CellError: line 9, column 40: broken [syntax]"]
    assert render(CellError([Problem("syntax", "broken", Span(1, 40, 1, 41))]), "short")[2].endswith("^")
