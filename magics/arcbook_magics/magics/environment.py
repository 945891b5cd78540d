"""Choose the environment in which the notebook's stages run, where nothing else has chosen one.

    %environment test

A stage runs when its `environments` list the chosen one. What starts the run wins: `--environment`,
`etl.config.environment`, the variable ETL_CONF_ENV. Without a name the magic shows what is chosen.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arcbook.core.failures import CellError
from arcbook.core.problem import Problem
from arcbook.core.span import Span
from arcbook_magics.shown import Shown, text

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.workbench import Workbench


def run(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Note the choice and say what is in force."""
    from arcbook.cells.lines import read_names

    names = read_names(cell)
    if len(names) > 1:
        span = Span.at(cell.source, 0, len(cell.source.rstrip()), cell=cell.number)
        raise CellError([Problem("magic-argument", "`%environment` takes one name", span)])
    if names:
        bench.chosen = names[0]
    launch = bench.launch
    if bench.environment is None:
        yield text("No environment is chosen: every stage runs.")
    elif launch.environment and bench.chosen and bench.chosen != launch.environment:
        yield text(f"environment: {launch.environment} (chosen by {launch.environment_source}; not {bench.chosen})")
    else:
        by = f" (chosen by {launch.environment_source})" if launch.environment else ""
        yield text(f"environment: {bench.environment}{by}")
