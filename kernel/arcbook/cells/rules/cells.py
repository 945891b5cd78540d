"""Cells by themselves: Python that does not compile, arguments that change nothing or are given twice."""

import re
from collections.abc import Iterable, Iterator

from arcbook.cells.magics import MAGICS
from arcbook.cells.model import Cell
from arcbook.cells.python import python_problems
from arcbook.cells.rules.base import Rule
from arcbook.core.problem import Problem, Severity
from arcbook.core.span import Lines

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


class PlainCells(Rule):
    """What shows without looking at other cells."""

    def cell(self, cell: Cell) -> Iterable[Problem]:
        """Python, and arguments that Arc takes and ignores."""
        if cell.magic == "python":
            yield from python_problems(cell)
        spec = MAGICS.get(cell.magic)
        for name in spec.without_effect if spec else ():
            if name in cell.arguments:
                message = f"`{name}` has no effect on `%{cell.magic}`"
                span = cell.arguments[name].span
                yield Problem("magic-argument", message, span, name, "Remove it.", Severity.WARNING)
        yield from _given_twice(cell)


def _given_twice(cell: Cell) -> Iterator[Problem]:
    """Arguments that a later one of the same name overrules, as in Arc."""
    if not cell.arguments:
        return
    lines = Lines(cell.source, origin=cell.origin, cell=cell.number)
    for name, argument in cell.arguments.items():
        end = lines.offset(argument.span.line, argument.span.column) or 0
        start = cell.source.rfind("\n", 0, end) + 1
        before = _QUOTED.sub(lambda found: '"' * len(found[0]), cell.source[start:end])
        # The last stretch is the name in front of the value that counts.
        for found in [*re.finditer(rf"(?<!\S){re.escape(name)}=", before)][:-1]:
            span = lines.span(start + found.start(), start + found.end() - 1)
            message = f"a later `{name}=` wins over this one"
            yield Problem("conflicting-keys", message, span, name, "Remove one of the two.", Severity.WARNING)
