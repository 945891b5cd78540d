"""Run Python beside the stages.

    %python
    print(spark.table("customers").count(), params["region"])

The names `spark` (the engine's session), `views` (frames by view name) and `params` (the parameters' values) are
there. IPython's own magics (`%pip install`, `%time`, `!ls`, `%%bash`) work inside such a cell, and only there.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arcbook.core.failures import DefinitionError

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.shown import Shown
    from arcbook_magics.workbench import Workbench

#: A cell of plain IPython is Python anyway, and `%%python` is IPython's.
PLAIN: tuple[str, ...] = ()


def run(bench: "Workbench", cell: "Cell") -> "Iterator[Shown]":
    """Say that the cell does not run: our kernel's shell gives all other ones to IPython."""
    refused = bench.abandoned()
    if refused is not None:
        from arcbook_magics.stages import left_out

        yield left_out("%python", "", refused)
        return
    if bench.leaves_out(cell.source):
        from arcbook_magics.shown import text

        bench.leave_out(cell.source)
        yield text(f"left out: run {bench.launch.reuse['resume']} has completed it (--no-python-again)")
        return
    raise DefinitionError("`%python` cells run in the arc kernel; elsewhere write Python into an ordinary cell.")
