"""Show the versions of arcbook and of what it stands on."""

import platform
from collections.abc import Iterator
from typing import TYPE_CHECKING

from arcbook.core.versions import installed_version
from arcbook_magics.shown import Shown, listing

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.workbench import Workbench

_PACKAGES = ("arcbook", "ipykernel", "pyspark", "pyspark-client", "pysail", "sqlglot", "pydantic")


def run(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Show the table."""
    rows = [(name, found) for name in _PACKAGES if (found := installed_version(name))]
    rows += [("python", platform.python_version()), ("engine", bench.launch.engine)]
    rows += [("environment", bench.environment or "none chosen")]
    yield listing("", ("part", "version"), rows)
