"""Restore what a recorded run had before it failed, to find out why.

    %replay 20261126T0312
    %replay latest s3://lake/runs

The run's id, or its beginning, may be followed by the place of the records (else ARCBOOK_RECORD, else `runs`). The
kernel gets the run's parameters, time and environment, and the views before the failed stage: from checkpoints, else by
running what may be repeated again, Delta tables in the version that the run read. Loads and statements that change
tables then write to a scratch place, never to the real one. A restart of the kernel ends it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arcbook.core.failures import CellError, DefinitionError
from arcbook.core.problem import Problem
from arcbook.core.span import Span
from arcbook_magics.shown import Shown

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.workbench import Workbench


def run(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Restore the run and say what was restored and how."""
    from arcbook.cells.lines import read_names
    from arcbook_magics.replaying import replay

    names = read_names(cell)
    if not 1 <= len(names) <= 2:
        span = Span.at(cell.source, 0, len(cell.source.rstrip()), cell=cell.number)
        remedy = "Write its id or `latest`: `%replay latest`; `arcbook runs list` shows them."
        raise CellError([Problem("magic-argument", "`%replay` takes a run", span, remedy=remedy)])
    if not bench.launch.interactive:
        raise DefinitionError("`%replay` is for somebody at a notebook; a job that is run cannot replay another one.")
    if bench.replay is not None:
        raise DefinitionError(f"This kernel replays {bench.replay.run_id} already. Restart it first.")
    yield from replay(bench, names[0], names[1] if len(names) > 1 else None)
