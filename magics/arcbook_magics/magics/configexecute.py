"""Compute values for `${name}` in later stages that are `resolution=lazy`.

%configexecute name="limits" environments=test
SELECT to_json(named_struct("MAX_AGE", max(age))) AS parameters FROM people
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
