"""Writing stages as the text of a cell: `%sql` and its kin where the magic can say all, stage text otherwise.

Whatever is written is read again and compared, so that no rule of the first line's grammar is stated here twice.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from arcbook.cells.convert import trees_of
from arcbook.cells.describe import key_rows
from arcbook.cells.magics import MAGICS, read_cell
from arcbook.cells.model import Cell
from arcbook.cells.numbers import number
from arcbook.cells.render import CELL, render
from arcbook.cells.tree import Concatenation, Substitution
from arcbook.core.failures import CellError
from arcbook.stages.registry import stage_types

_MAGIC_OF = {spec.makes_stage: spec.name for spec in MAGICS.values() if spec.makes_stage}
_FIRST, _LAST = ("type", "name"), ("sql",)
_NEEDS_QUOTES = re.compile(r"[\s\"',\\]|^$")


def stages_of(cell: Cell) -> list[dict[str, Any]]:
    """The stages of a cell as a job file has them, unbound: `type` and `name` first, the statement last.

    What a magic's first line gives as text is a boolean or a number where the key wants one.

    Raises:
        CellError: the cell's text has problems.
    """
    values = [tree.value for tree in trees_of(cell)]
    if cell.magic in _MAGIC_OF.values():
        values = [_typed(value) for value in values]
    return [in_order(value) for value in values]


def in_order(stage: Mapping[str, Any]) -> dict[str, Any]:
    """A stage with `type` and `name` first and the statement last; its other keys stay in their order."""
    middle = [key for key in stage if key not in (*_FIRST, *_LAST)]
    return {key: stage[key] for key in (*_FIRST, *middle, *_LAST) if key in stage}


def other_arguments(cell: Cell) -> dict[str, str]:
    """The arguments of a cell's first line that are no keys of its stage: how to display the result, and the like."""
    if cell.magic not in ("arc", *_MAGIC_OF.values()):
        return {}
    kept = {key for tree in trees_of(cell) for key in tree.value} if cell.magic != "arc" else set()
    return {name: argument.value for name, argument in cell.arguments.items() if name not in kept}


def cell_text(stages: Sequence[dict[str, Any]], arguments: Mapping[str, str], comments: Iterable[str]) -> str | None:
    """The text of a cell with these stages, None when none says exactly that.

    A cell with comments is stage text, where they can stand in front; in a magic's body they would be SQL's.
    """
    noted = list(comments)
    said = render(list(stages))
    magic = None if noted or len(stages) != 1 else _magic_text(stages[0], arguments)
    readable = bool(stages[0].get("sql"))  # a magic without a statement reads worse than stage text
    written = ",\n".join(render(stage, style=CELL) for stage in stages)
    plain = ",\n".join(render(stage) for stage in stages)
    first_line = " ".join(["%arc", *(f"{name}={_quoted(value)}" for name, value in arguments.items())])
    head = [first_line] if arguments else []
    texts = ["\n".join([*head, *noted, text]) for text in (written, plain)]
    for text in [magic, *texts] if readable else [*texts, magic]:
        if text is not None and _says(text, said, arguments):
            return text
    return None


def _says(text: str, said: str, arguments: Mapping[str, str]) -> bool:
    try:
        cell = read_cell(text)
        return render(stages_of(cell)) == said and other_arguments(cell) == dict(arguments)
    except CellError:
        return False


def _magic_text(stage: dict[str, Any], arguments: Mapping[str, str]) -> str | None:
    magic = _MAGIC_OF.get(str(stage.get("type")))
    statement = stage.get("sql", "")
    if magic is None or not isinstance(statement, str):
        return None
    words = [f"%{magic}"]
    for key, value in stage.items():
        if key not in ("type", "sql"):
            words.append(f"{key}={_argument(value)}")
    words += [f"{name}={_quoted(value)}" for name, value in arguments.items()]
    return f"{' '.join(words)}\n{statement}"


def _argument(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{key}={_quoted(_text(item))}" for key, item in value.items())
    if isinstance(value, list):
        listed = ",".join(_text(item) for item in value)
        return f'"{_escaped(listed)}"' if re.search(r"[\s\"']", listed) else listed
    return _quoted(_text(value))


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"' if _NEEDS_QUOTES.search(text) else text


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _text(value: Any) -> str:
    if isinstance(value, Substitution):
        return f"${{{'?' if value.optional else ''}{value.name}}}"
    if isinstance(value, Concatenation):
        return "".join(_text(part) for part in value.parts)
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _typed(stage: dict[str, Any]) -> dict[str, Any]:
    kinds = _kinds(stage["type"])
    return {key: _value(item, kinds.get(key, "")) for key, item in stage.items()}


@cache
def _kinds(type_name: str) -> Mapping[str, str]:
    """What each key of a stage type holds, in the words of its documentation; empty for an unknown type."""
    declared = stage_types().get(type_name)
    return {row.key: row.kind for row in key_rows(declared)} if declared else {}


def _value(value: Any, kind: str) -> Any:
    if not isinstance(value, str):
        return value
    if kind == "true | false" and value in ("true", "false"):
        return value == "true"
    if kind in ("whole number", "number"):
        read = number(value)
        return read if type(read) in (int, float) else value
    return value
