"""Finding magics: every module of `arcbook_magics.magics` is one."""

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Literal, Protocol, cast

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.shown import Shown
    from arcbook_magics.workbench import Workbench


#: What plain IPython calls a magic by: one `%`, or `%%` with a cell below.
Kind = Literal["line", "cell"]


class Magic(Protocol):
    """What a module of a magic offers.

    A module may also state `PLAIN`: the kinds (`line`, `cell`) under which plain IPython gets the magic; both unless
    it says otherwise. It says so where IPython has a magic of that name or the magic only has a meaning in our kernel.
    """

    __doc__: str | None

    def run(self, bench: "Workbench", cell: "Cell") -> Iterable["Shown"]:
        """Do what the cell says; yield what there is to show, each as soon as it is known."""


@cache
def magic_names() -> tuple[str, ...]:
    """The magics there are, in alphabetical order."""
    package = importlib.import_module("arcbook_magics.magics")
    return tuple(sorted(info.name for info in pkgutil.iter_modules(package.__path__)))


def magic(name: str) -> Magic:
    """The magic `name` (lower case); a bare cell is `arc`."""
    return cast("Magic", importlib.import_module(f"arcbook_magics.magics.{name or 'arc'}"))


def plain_kinds(name: str) -> frozenset[Kind]:
    """The kinds under which plain IPython gets the magic."""
    return frozenset(getattr(magic(name), "PLAIN", ("line", "cell")))
