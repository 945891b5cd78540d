"""Cells by themselves: Python that does not compile, arguments that change nothing or are given twice."""

from collections.abc import Iterable, Iterator

from arcbook.cells.lines import named_place, named_view
from arcbook.cells.magics import MAGICS
from arcbook.cells.model import Cell
from arcbook.cells.options import Options
from arcbook.cells.python import python_problems
from arcbook.cells.rules.base import Rule
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem, Severity


class PlainCells(Rule):
    """What shows without looking at other cells."""

    def cell(self, cell: Cell) -> Iterable[Problem]:
        """Python, arguments that Arc takes and ignores, and lines that the magic would refuse when it runs."""
        if cell.magic == "python":
            yield from python_problems(cell)
        spec = MAGICS.get(cell.magic)
        yield from _refused(cell, spec.body if spec else "")
        for name in spec.without_effect if spec else ():
            if name in cell.arguments:
                message = f"`{name}` has no effect on `%{cell.magic}`"
                span = cell.arguments[name].span
                yield Problem("magic-argument", message, span, name, "Remove it.", Severity.WARNING)
        yield from _given_twice(cell)


def _refused(cell: Cell, body: str) -> Iterable[Problem]:
    try:
        if cell.magic == "conf":
            Options().with_cell(cell)
        elif body == "view":
            named_view(cell)
        elif body == "place":
            named_place(cell)
    except CellError as error:
        return error.problems
    return ()


def _given_twice(cell: Cell) -> Iterator[Problem]:
    """Arguments that a later one of the same name overrules, as in Arc."""
    for name, argument in cell.overruled:
        message = f"`{name}` is given twice; the last one, `{cell.arguments[name].value}`, is taken"
        place = argument.key or argument.span
        yield Problem("conflicting-keys", message, place, name, "Remove one of the two.", Severity.WARNING)
