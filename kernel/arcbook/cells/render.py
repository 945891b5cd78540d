"""Writing a tree's value as HOCON, placeholders included."""

import json
import re
from typing import Any

from arcbook.cells.tree import Concatenation, Override, Substitution

_PLAIN_NAME = re.compile(r"[\w-]+(\.[\w-]+)*")


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
        name = value.name if _PLAIN_NAME.fullmatch(value.name) else json.dumps(value.name)
        return f"${{{'?' if value.optional else ''}{name}}}"
    if isinstance(value, Concatenation):
        return "".join(render(part, indent) for part in value.parts)
    return json.dumps(value, ensure_ascii=False)


def _member(key: str, value: Any, indent: int) -> list[str]:
    if isinstance(value, Override):
        return [*_member(key, value.earlier, indent), *_member(key, value.later, indent)]
    return [f"{json.dumps(key, ensure_ascii=False)}: {render(value, indent)}"]
