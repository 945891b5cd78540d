"""Show a view's schema as JSON, in Spark's form.

%schema customers
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from arcbook_magics.shown import Shown, text
from arcbook_magics.views import schema_of

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.workbench import Workbench


def run(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Print the JSON."""
    yield text(json.dumps(schema_of(bench, cell).jsonValue(), indent=2, ensure_ascii=False))
