"""Show help.

%help                    the magics
%help sql                one magic
%help DelimitedExtract   one type of stages or plugins
%help conf               the options
%help error              the engine's full text of the last error
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arcbook_magics.pages import page
from arcbook_magics.shown import Shown

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.workbench import Workbench


def run(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Show the page of each topic, or the overview."""
    from arcbook.cells.lines import read_names

    for topic in read_names(cell) or ("",):
        yield page(bench, topic)
