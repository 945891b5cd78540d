"""Magics as plain IPython calls them: from a line and a cell back to the text of an arc cell."""

import re
from collections.abc import Callable
from typing import Any

from arcbook_magics.benches import get_workbench
from arcbook_magics.registry import Kind, magic
from arcbook_magics.shown import Shown

_ARGUMENT = re.compile(r'\s*[A-Za-z_]\w*=(?!=)(?:"(?:[^"\\]|\\.)*"|\S)+(?=\s|$)')


def adapt(shell: Any, name: str, kind: Kind) -> Callable[..., Shown | None]:
    """The function to register with IPython for magic `name`."""

    def line_magic(line: str) -> Shown | None:
        return get_workbench(shell).run(line_source(name, line))

    def cell_magic(line: str, cell: str) -> Shown | None:
        return get_workbench(shell).run(f"%{name} {line}".rstrip() + "\n" + cell)

    function: Callable[..., Shown | None] = line_magic if kind == "line" else cell_magic
    function.__name__ = name
    function.__doc__ = magic(name).__doc__
    return function


def line_source(name: str, line: str) -> str:
    """The arc cell that a line magic means: leading `key=value` words are arguments, the rest is the body."""
    position = 0
    while found := _ARGUMENT.match(line, position):
        position = found.end()
    arguments, body = line[:position].strip(), line[position:].strip()
    return f"%{name} {arguments}".rstrip() + (f"\n{body}" if body else "")
