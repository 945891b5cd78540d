"""Show the versions of arcbook and of what it stands on, and the types of stages and plugins that there are."""

import platform
from collections.abc import Iterator
from typing import TYPE_CHECKING

from arcbook.core.failures import ArcbookError
from arcbook.core.versions import installed_version
from arcbook_magics.shown import Shown, listing

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.workbench import Workbench

_PACKAGES = ("arcbook", "ipykernel", "pyspark", "pyspark-client", "pysail", "sqlglot", "pydantic")


def _java(engine: str) -> str:
    """The version of Java; only the engine that runs on it needs to know."""
    if engine == "embedded":
        return f"not needed by {engine}"
    from arcbook.engines.java import find_java, java_version

    try:
        return str(java_version(str(find_java())))
    except ArcbookError as error:
        return error.message


def run(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Show the table."""
    from arcbook.engines.processes import memory_of_machine
    from arcbook.stages.registry import plugin_types, stage_types

    rows = [(name, found) for name in _PACKAGES if (found := installed_version(name))]
    rows += [("python", platform.python_version()), ("engine", bench.launch.engine)]
    rows += [("environment", bench.environment or "none chosen")]
    rows += [("memory", f"{memory_of_machine() / 2**30:.1f} GiB"), ("java", _java(bench.launch.engine))]
    for kind in dict.fromkeys(each.kind for each in stage_types().values()):
        rows.append((f"{kind} stages", ", ".join(name for name, each in stage_types().items() if each.kind == kind)))
    for kind in dict.fromkeys(each.kind for each in plugin_types().values()):
        rows.append((f"{kind} plugins", ", ".join(name for name, each in plugin_types().items() if each.kind == kind)))
    yield listing("", ("part", "version"), rows)
