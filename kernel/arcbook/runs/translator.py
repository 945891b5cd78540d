"""papermill's parameters as a `%params` cell, and a `%params` cell as papermill's help.

papermill asks for a class with `codify` and `inspect`; nothing of papermill is needed to be one.
"""

import json
import math
import numbers
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from arcbook.core.failures import ArcbookError, DefinitionError

_NAME = re.compile(r"[A-Za-z_]\w*")
#: More would take long to write, and no type holds it.
_MOST_BITS = 4096


class ArcTranslator:
    """Writes parameters as lines `name = <JSON literal>` below `%params`."""

    @classmethod
    def codify(cls, parameters: Mapping[str, Any], comment: str = "Parameters") -> str:
        """The text of the injected cell.

        None, NaN and the infinities are written as `null`, `NaN` and `Infinity`, which no declared type accepts: the
        run is refused with a record, which an exception at this point would not leave.

        Raises:
            ParameterRefusedError: a name or a value that cannot be written at all.
        """
        lines = ["%params"]
        for name, value in parameters.items():
            if not _NAME.fullmatch(name):
                raise refused(f"A parameter cannot be called {name!r}: letters, digits and `_` only.")
            lines.append(f"{name} = {literal(name, value)}")
        return "\n".join(lines) + "\n"

    @classmethod
    def inspect(cls, parameters_cell: Any) -> list[Any]:
        """papermill's description of each declared parameter, for `papermill --help-notebook`.

        A cell that declares nothing, or wrongly, gives an empty list, as papermill asks for; running reports it.
        """
        from papermill.models import Parameter

        from arcbook.cells.magics import read_cell
        from arcbook.cells.params import is_assignments, read_declarations

        try:
            cell = read_cell(parameters_cell["source"])
            declared = () if cell.magic != "params" or is_assignments(cell) else tuple(read_declarations(cell))
        except ArcbookError:
            return []
        return [
            Parameter(
                name=each.name,
                inferred_type_name=str(each.type),
                default="none: required" if each.required else str(each.default_text()),
                help="; ".join(part for part in (each.help, each.rules()) if part),
            )
            for each in declared
        ]


def literal(name: str, value: Any) -> str:
    """`value` as a JSON literal on one line: decimals, dates and times as text, so that nothing is rounded.

    Characters that nobody sees, or that some editors take for the end of a line, are escaped.
    """
    written = json.dumps(_plain(name, value), ensure_ascii=False)
    return written if written.isprintable() else "".join(map(_visible, written))


def _visible(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]


def _plain(name: str, value: Any) -> Any:
    plain: Any
    match value:
        case None | bool() | str():
            plain = value
        case datetime() | date() | time():
            plain = value.isoformat()
        case Decimal() | PurePath():
            plain = str(value)
        case numbers.Integral():
            plain = int(value)
            if plain.bit_length() > _MOST_BITS:
                raise refused(f"Parameter {name} is a whole number of too many digits.")
        case numbers.Real():
            plain = float(value)
        case Mapping():
            plain = {str(key): _plain(name, item) for key, item in value.items()}
        case list() | tuple():
            plain = [_plain(name, item) for item in value]
        case _:
            kind = type(value).__name__
            raise refused(f"Parameter {name} is a {kind}; pass text, a number, a boolean, a date, a list or an object.")
    return plain


def is_finite(value: Any) -> bool:
    """Whether a value holds neither None nor a number that is none, at any depth."""
    if isinstance(value, list | tuple):
        return all(map(is_finite, value))
    if isinstance(value, Mapping):
        return all(map(is_finite, value.values()))
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def refused(message: str) -> Exception:
    """The exception for a parameter that cannot be passed on; papermill's command ends with its exit code."""
    from arcbook.runs.papermill_errors import JobRefusedError

    return JobRefusedError(DefinitionError(message))
