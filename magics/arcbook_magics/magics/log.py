"""Write what the statement yields to the log.

%log name="counts" environments=test
SELECT to_json(named_struct("rows", count(*))) AS message FROM people
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
