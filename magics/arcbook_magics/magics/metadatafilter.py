"""Keep the columns that a query over the view's metadata selects.

%metadatafilter inputView=people outputView=public environments=test
SELECT * FROM metadata WHERE NOT metadata.personal
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
