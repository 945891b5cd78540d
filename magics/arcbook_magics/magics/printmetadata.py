"""Show a view's columns as an Arc schema document, to be edited and used by a TypingTransform.

%printmetadata customers
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from arcbook_magics.shown import Shown, text
from arcbook_magics.views import document, schema_of

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.workbench import Workbench


def run(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Print the document."""
    yield text(json.dumps(document(schema_of(bench, cell)), indent=2, ensure_ascii=False))
