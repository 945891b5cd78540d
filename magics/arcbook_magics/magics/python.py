"""Run Python beside the stages.

    %python
    print(spark.table("customers").count(), params["region"])

The names `spark` (the engine's session), `views` (frames by view name) and `params` (the parameters' values) are
there. IPython's own magics (`%pip install`, `%time`, `!ls`, `%%bash`) work inside such a cell, and only there.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from arcbook.core.failures import DefinitionError

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.shown import Shown
    from arcbook_magics.workbench import Workbench

#: A cell of plain IPython is Python anyway, and `%%python` is IPython's.
PLAIN: tuple[str, ...] = ()


def run(bench: "Workbench", cell: "Cell") -> "Iterable[Shown]":
    """Never reached in our kernel, whose shell gives these cells to IPython."""
    raise DefinitionError("`%python` cells run in the arc kernel; elsewhere write Python into an ordinary cell.")
