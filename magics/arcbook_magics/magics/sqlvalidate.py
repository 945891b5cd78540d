"""Fail the job unless the statement yields true in its first column.

    %sqlvalidate name="no rejects" environments=test
    SELECT count(*) = 0 AS valid, concat(count(*), " rejects") AS message FROM people WHERE size(_errors) > 0

The second column is the message. A false outcome is a failure of class `quality`.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.shown import Shown
    from arcbook_magics.workbench import Workbench


def run(bench: "Workbench", cell: "Cell") -> "Iterable[Shown]":
    """Run the cell's stages."""
    return bench.run_stages(cell)
