"""Ask for secret values, one name a line; `${NAME}` then fills them in and every output hides them.

    %secret
    DB_PASSWORD

Where nobody can be asked, the value comes from the launch values or the environment variable of that name.
"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from arcbook.core.failures import AccessError, DefinitionError
from arcbook_magics.magics.env import shown_values
from arcbook_magics.shown import Shown

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.workbench import Workbench


def run(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Ask for each name and show the list."""
    from arcbook.cells.lines import read_names

    for name in read_names(cell):
        bench.inputs.keep_secret(name, _value(bench, name))
    yield shown_values(bench)


def _value(bench: "Workbench", name: str) -> str:
    known = bench.launch.values.get(name) or os.environ.get(name)
    if known:
        return known
    nobody = f"nobody can be asked for the secret `{name}`; set the environment variable {name}"
    if not bench.interactive:
        raise AccessError(nobody)
    import getpass

    from IPython.core.error import StdinNotImplementedError

    try:
        return getpass.getpass(f"{name}: ")
    except (EOFError, StdinNotImplementedError):
        raise DefinitionError(nobody) from None
