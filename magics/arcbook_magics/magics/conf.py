"""Set options of the kernel, `key=value` anywhere in the cell, and show all of them.

    %conf numRows=50 truncate=0

The options and their defaults are on `%help conf`. An unknown option or a value that does not fit is an error.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arcbook_magics.shown import Shown, listing

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.workbench import Workbench


def run(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Set and show options."""
    bench.options = bench.options.with_cell(cell)
    head = ("option", "value", "meaning")
    yield listing("Arc options", head, list(bench.options.listed("arc")))
    yield listing("Display options", head, list(bench.options.listed("display")))
