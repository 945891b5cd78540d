"""Run the stage objects below, in HOCON or JSON, one or several.

    %arc numRows=5
    {
      "type": "DelimitedExtract", "name": "people", "environments": ["test"],
      "inputURI": "people.csv", "outputView": "people", "header": true
    }

A cell without magic does the same.
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
