"""Set values for `${NAME}`, one `KEY=value` a line, and show all that are set.

    %env
    ETL_CONF_ROOT=s3://lake/landing

A later cell adds to what earlier ones set. Values given to the run win over these, and parameters too. A value whose
name says that it is secret is shown as stars; `%secret` asks for a value instead of keeping it in the notebook.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arcbook_magics.shown import Shown, text

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.workbench import Workbench

#: IPython has a line magic `%env` of its own.
PLAIN = ("cell",)


def run(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Add the values and show all."""
    from arcbook.cells.lines import read_settings

    bench.inputs.set_env(read_settings(cell))
    yield shown_values(bench)


def shown_values(bench: "Workbench") -> Shown:
    """The sorted list of names and values, secrets as stars; a value given to the run is shown as it is."""
    lines = [f"{name}: {value}" for name, value in bench.inputs.listed()]
    return text("\n".join(lines) or "No values are set.")
