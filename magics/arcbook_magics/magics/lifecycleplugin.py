"""Have plugins act before and after every later stage, and show those that are active.

    %lifecycleplugin
    {"type": "ControlFlow", "environments": ["test"]}

Without a body the active plugins are shown. `%lifecycleplugin remove=ControlFlow` takes those of a type away,
`remove=all` all of them. Running a cell again replaces what it added; a plugin that is active with the same keys is not
added again.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arcbook_magics.shown import Shown, listing, text

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.workbench import Workbench


def run(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Add and remove, and show what is active."""
    from arcbook.cells.plugins import lifecycle_plugins

    bench.refuse_secrets(cell)
    context = bench.context()
    before = bench.inputs.lifecycle_without(cell.cell_id)
    active = lifecycle_plugins(cell, context.scope(), context.settings, before, fetch=context.fetch)
    bench.inputs.set_lifecycle(active, cell.cell_id)
    rows = [(plugin.type_name(), plugin.model_dump_json(by_alias=True, exclude={"environments"})) for plugin in active]
    yield listing("", ("active plugin", "keys"), rows) if rows else text("No lifecycle plugin is active.")
