"""Show a view's columns as a tree.

    %printschema customers

The name may also stand on the second line, as in Arc.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arcbook_magics.shown import Shown, text
from arcbook_magics.views import schema_of, tree_lines

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.workbench import Workbench


def run(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Print the tree."""
    yield text("\n".join(tree_lines(schema_of(bench, cell))))
