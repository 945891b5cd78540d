"""Draw what the stages that ran here read, make and write.

    %lineage
    %lineage columns=true

The picture has places, stages with their views, and on demand the columns of each view and where they come from. It is
made from a plan of the stages: no rows are read. `arcbook plan JOB --svg FILE` draws it without running anything.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arcbook_magics.shown import Shown, text, visible

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook.runners.executor import Executor
    from arcbook_magics.workbench import Workbench


def run(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Show the picture."""
    steps = tuple(step for cell_steps in bench.ran.values() for step in cell_steps)
    if not steps:
        yield text("No stage has run yet.")
        return
    given = cell.arguments.get("columns")
    columns = given is not None and given.value.lower() == "true"
    context = bench.context()

    def inside(executor: "Executor") -> tuple[str, str]:
        # Imported here, in the engine's thread: that of the cells must not import.
        from arcbook.core.masking import masker
        from arcbook.engines.embedded import EmbeddedEngine
        from arcbook.planning.graph import graph_of
        from arcbook.planning.picture import describe, draw
        from arcbook.planning.rehearsal import rehearse_steps

        shared = isinstance(executor.engine, EmbeddedEngine)
        engine = executor.engine if shared else EmbeddedEngine()
        try:
            plan = rehearse_steps("", steps, context, engine, opaque=True)
        finally:
            if not shared:
                engine.close()
        mask = masker().mask
        return mask(draw([plan], columns=columns)), mask(describe(graph_of([plan])))

    svg, words = bench.room.call(inside)
    # At its own size, with scroll bars, instead of squeezed into the width of the page.
    yield Shown({"image/svg+xml": svg, "text/plain": visible(words)}, {"image/svg+xml": {"unconfined": True}})
