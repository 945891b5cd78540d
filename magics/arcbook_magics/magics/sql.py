"""Run one statement; its result is shown and, with `outputView=name`, kept as a view.

    %sql name="adults" outputView=adults environments=dev,test
    SELECT * FROM people WHERE age >= :minimum

`:name` binds a parameter of the job. `sqlParams=a=1,b=2` fills `${a}` and `${b}` with text, as in Arc. The statement
starts on the second line; in plain IPython `%sql SELECT 1` takes it from the first.
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
