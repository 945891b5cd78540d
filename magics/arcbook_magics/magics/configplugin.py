"""Compute values for `${name}` by configuration plugins, and show them.

    %configplugin
    {
      "type": "DeltaPeriodDynamicConfigurationPlugin", "environments": ["test"],
      "returnName": "PERIOD", "lagDays": 2, "leadDays": 0, "formatter": "uuuu-MM-dd"
    }

Values given to the run, parameters and `%env` cells win over these; of two plugins the earlier one. Running the cell
again computes its values anew. Other packages add plugins through the entry point group `arcbook.plugins`.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from arcbook_magics.shown import Shown, listing, text

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.workbench import Workbench


def run(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Compute the values and show them."""
    from arcbook.cells.plugins import config_values

    bench.refuse_secrets(cell)
    context = replace(bench.context(), plugins=bench.inputs.plugins_without(cell.cell_id))
    values = config_values(cell, context.scope(), context.settings, fetch=context.fetch)
    bench.inputs.set_plugins(values, cell.cell_id)
    shown = [(name, str(value)) for name, value in values.items()]
    yield listing("", ("name", "value"), shown) if shown else text("No plugin works in this environment.")
