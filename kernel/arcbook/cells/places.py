"""Exact places inside a key's value: where a character of a SQL statement stands in the cell."""

from bisect import bisect_right
from functools import lru_cache

from arcbook.cells.lexer import line_starts, literal_offsets, unquote
from arcbook.cells.tree import Path, Tree
from arcbook.core.problem import Problem
from arcbook.core.span import Span


def span_within(tree: Tree, path: Path, source: str, start: int, end: int) -> Span | None:
    """The span of `value[start:end]`, where `value` is the text at `path` and `source` the text of its cell or file.

    Escapes and quotes are taken into account. A value that does not stand in `source` as it is (glued together, or
    read from a document) yields the span of the whole key; a path without a place yields None.
    """
    span = tree.span(path)
    value = tree.at(path)
    if span is None or not isinstance(value, str) or path not in tree.spans:
        return span
    first, last = offset_of(source, span.line, span.column), offset_of(source, span.end_line, span.end_column)
    if first is None or last is None:
        return span
    literal = source[first:last]
    if literal == value:
        offsets = None
    elif _is_literal_of(literal, value):
        offsets = literal_offsets(literal)
    else:
        return span
    start, end = max(0, min(start, len(value))), max(0, min(end, len(value)))
    from_, to = (start, end) if offsets is None else (offsets[start], offsets[end])
    return _span(source, first + from_, first + max(to, from_ + 1), span)


def place_of(problem: Problem) -> tuple[int, int, int]:
    """Where a problem stands, for sorting; what has no place comes first."""
    span = problem.span
    return (span.cell or 0, span.line, span.column) if span else (0, 0, 0)


def offset_of(source: str, line: int, column: int) -> int | None:
    """The offset of a 1-based line and column, or None when `source` has no such line."""
    starts = _line_starts(source)
    if line > len(starts):
        return None
    offset = starts[line - 1] + column - 1
    return offset if offset <= len(source) else None


@lru_cache(maxsize=8)
def _line_starts(source: str) -> tuple[int, ...]:
    """Where lines start. Kept, because all stages of a job file share one text."""
    return line_starts(source)


def _span(source: str, start: int, end: int, like: Span) -> Span:
    """As `Span.at`, without counting the lines of a long text anew."""
    starts = _line_starts(source)
    end = min(end, len(source))
    line, end_line = bisect_right(starts, start), bisect_right(starts, end)
    return Span(line, start - starts[line - 1] + 1, end_line, end - starts[end_line - 1] + 1, like.cell, like.origin)


def _is_literal_of(literal: str, value: str) -> bool:
    if not literal.startswith('"') or not literal.endswith('"') or len(literal) < 2:
        return False
    try:
        return unquote(literal) == value
    except ValueError:
        return False
