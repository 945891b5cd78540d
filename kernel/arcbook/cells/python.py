"""Whether the Python of a `%python` cell compiles; it is never run here."""

import ast
import re
import warnings

from arcbook.cells.model import Cell
from arcbook.core.problem import Problem
from arcbook.core.span import Span

#: What only IPython reads: magics, shell lines, prompts, questions, and the results of the first two.
_IPYTHON = re.compile(r"^[ \t]*(?:[%!?,;/]|>>>|In \[)|\?[ \t]*$|=[ \t]*[%!]", re.MULTILINE)


def python_problems(cell: Cell) -> list[Problem]:
    """The syntax error of a cell, if Python finds one and IPython would not read the text otherwise."""
    magic_line = cell.source.count("\n", 0, cell.source.index("%")) + 1
    # Text on the magic's own line has blanks in front of it, for its columns.
    text = cell.body.lstrip(" ") if cell.body_line == magic_line else cell.body
    # Empty lines in front keep the numbers, also those within messages.
    numbered = "\n" * (cell.body_line - 1) + text
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(numbered, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError as error:
        return [] if _IPYTHON.search(text) else [_problem(cell, error, len(cell.body) - len(text))]
    except (ValueError, RecursionError, MemoryError):
        return []  # a zero byte, or nesting beyond what this interpreter compiles: running it says so
    return []


def _problem(cell: Cell, error: SyntaxError, indent: int) -> Problem:
    line = min(max(error.lineno or 0, cell.body_line), cell.source.count("\n") + 1)
    column = max(error.offset or 0, 1) + (indent if line == cell.body_line else 0)
    end = column + 1
    if error.end_lineno == error.lineno and (error.end_offset or 0) > (error.offset or 0):
        end = column + (error.end_offset or 0) - (error.offset or 0)
    span = Span(line, column, line, end, cell.number, cell.origin)
    return Problem("syntax", f"this is no Python: {error.msg}", span)
