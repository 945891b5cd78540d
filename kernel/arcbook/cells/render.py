"""Writing a tree's value as HOCON, placeholders included."""

import json
import re
from collections.abc import Iterable
from typing import Any

from arcbook.cells.numbers import WrittenFloat, WrittenInt
from arcbook.cells.parser import Blank
from arcbook.cells.tree import Concatenation, Override, Substitution

_PLAIN_NAME = re.compile(r"[\w-]+")


def render(value: Any, indent: int = 0) -> str:
    """`value` as text that reads back as the same value; a value without placeholders becomes plain JSON."""
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        lines = [f"{inner}{line}" for key, item in value.items() for line in _member(key, item, indent + 2)]
        return "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}" if lines else "{}"
    if isinstance(value, list):
        items = [f"{inner}{render(item, indent + 2)}" for item in value]
        return "[\n" + ",\n".join(items) + "\n" + " " * indent + "]" if items else "[]"
    if isinstance(value, Substitution):
        return f"${{{'?' if value.optional else ''}{'.'.join(map(_name, value.parts))}}}"
    if isinstance(value, Concatenation):
        # Blanks stay outside quotes: between lists and objects they mean nothing.
        parts = _texts_joined(value.parts)
        return "".join(str(part) if isinstance(part, Blank) else render(part, indent) for part in parts)
    if isinstance(value, WrittenInt | WrittenFloat):
        return value.text
    return json.dumps(value, ensure_ascii=False)


def _texts_joined(parts: Iterable[Any]) -> list[Any]:
    """The parts with adjacent texts as one: side by side the quotes of an empty one would begin a triple quote."""
    joined: list[Any] = []
    for part in parts:
        if joined and all(isinstance(each, str) and not isinstance(each, Blank) for each in (joined[-1], part)):
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def _name(part: str) -> str:
    return part if _PLAIN_NAME.fullmatch(part) else json.dumps(part, ensure_ascii=False)


def _member(key: str, value: Any, indent: int) -> list[str]:
    name = json.dumps(key, ensure_ascii=False)
    if isinstance(value, Override) and value.append:
        return [*_member(key, value.earlier, indent), *(f"{name} += {render(item, indent)}" for item in value.later)]
    if isinstance(value, Override):
        return [*_member(key, value.earlier, indent), *_member(key, value.later, indent)]
    return [f"{name}: {render(value, indent)}"]
