"""Show a view's columns with their metadata: a row per column, a column per metadata key.

    %metadata customers

With `outputView=name` the table is kept as a view.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arcbook_magics.shown import Shown
from arcbook_magics.small_tables import show
from arcbook_magics.views import metadata_rows, schema_of

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.workbench import Workbench


def run(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Show the table."""
    head, rows = metadata_rows(schema_of(bench, cell))
    types = {name: "boolean" if name == "nullable" else "string" for name in head}
    yield show(bench, cell, types, rows)
