"""Values that a job file holds beside its stages, in HOCON; `${name}` fills them in.

    %document
    root = "s3://lake/landing"

`arcbook run` makes such a cell when it runs a job file as a notebook; a new notebook says the same by `%params` or
`%env`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arcbook_magics.shown import Shown, text

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.workbench import Workbench


def run(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Add the values."""
    from arcbook.cells.fetch import frozen
    from arcbook.cells.notebook import document_values

    values = document_values(cell, frozen(bench.launch.documents))
    bench.inputs.document.update(values)
    yield text(f"values: {', '.join(sorted(values)) or 'none'}")
