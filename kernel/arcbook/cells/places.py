"""Exact places inside a key's value: where a character of a SQL statement stands in the cell."""

from dataclasses import replace
from functools import lru_cache

from arcbook.cells.lexer import literal_offsets, unquote
from arcbook.cells.tree import Path, Tree
from arcbook.core.problem import Problem
from arcbook.core.span import Lines, Span


def span_within(tree: Tree, path: Path, source: str, start: int, end: int) -> Span | None:
    """The span of `value[start:end]`, where `value` is the text at `path` and `source` the text of its cell or file.

    Escapes and quotes are taken into account. A value read from a document has its places there. A value that does not
    stand in `source` as it is (glued together) yields the span of the whole key; a path without a place yields None.
    """
    span = tree.span(path)
    value = tree.at(path)
    if span is None or not isinstance(value, str) or path not in tree.spans:
        return span
    start, end = max(0, min(start, len(value))), max(0, min(end, len(value)))
    whole = tree.span(())
    if span.origin in tree.texts:
        source = tree.texts[span.origin]
    elif whole is not None and span.origin != whole.origin:
        # The value is the document's text from its first character on.
        return Lines(value, origin=span.origin).span(start, min(max(end, start + 1), len(value)))
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
    from_, to = (start, end) if offsets is None else (offsets[start], offsets[end])
    inner = _lines(source).span(first + from_, min(first + max(to, from_ + 1), len(source)))
    return replace(inner, cell=span.cell, origin=span.origin)


def place_of(problem: Problem) -> tuple[int, int, int]:
    """Where a problem stands, for sorting; what has no place comes first."""
    span = problem.span
    return (span.cell or 0, span.line, span.column) if span else (0, 0, 0)


def offset_of(source: str, line: int, column: int) -> int | None:
    """The offset of a 1-based line and column, or None when `source` has no such line."""
    return _lines(source).offset(line, column)


@lru_cache(maxsize=8)
def _lines(source: str) -> Lines:
    """Kept, because all stages of a job file share one text."""
    return Lines(source)


def _is_literal_of(literal: str, value: str) -> bool:
    if not literal.startswith('"') or not literal.endswith('"') or len(literal) < 2:
        return False
    try:
        return unquote(literal) == value
    except ValueError:
        return False
