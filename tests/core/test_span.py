"""Lines and columns of a text, and the way back."""

from hypothesis import given
from hypothesis import strategies as st

from arcbook.core.span import Lines, Span


@given(text=st.text(alphabet="a\n\r😀\u2028"), data=st.data())
def test_offsets_become_places_and_places_offsets(text: str, data: st.DataObject) -> None:
    """Only a line feed ends a line; columns count code points; the way back leads to the same offset."""
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    span = Lines(text, origin="o", cell=2).span(start, end)
    assert (span.line, span.column) == (text.count("\n", 0, start) + 1, start - (text.rfind("\n", 0, start) + 1) + 1)
    assert Lines(text).offset(span.line, span.column) == start
    assert Lines(text).offset(span.end_line, span.end_column) == end
    assert Span.at(text, start, end, cell=2, origin="o") == span


def test_what_is_not_in_the_text_has_no_offset() -> None:
    """A line that is not there, in a text that begins further down as well."""
    lines = Lines("ab\nc", first_line=3)
    assert [lines.offset(3, 1), lines.offset(4, 2), lines.offset(2, 1), lines.offset(5, 1), lines.offset(4, 3)] == [
        0, 4, None, None, None,
    ]  # fmt: skip
