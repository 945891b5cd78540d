"""Writing a tree's value as HOCON, placeholders included."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from arcbook.cells.numbers import WrittenFloat, WrittenInt
from arcbook.cells.parser import Blank
from arcbook.cells.tree import Concatenation, Override, Substitution

_PLAIN_NAME = re.compile(r"[\w-]+")
_PLAIN_KEY = re.compile(r"(?!include$)[A-Za-z_][\w-]*", re.ASCII)
_HALF = re.compile("[\ud800-\udfff]")
#: Columns up to which a short list or object stays on one line.
_WIDTH = 110


@dataclass(frozen=True, slots=True)
class Style:
    """How a value is written: text of several lines in triple quotes, plain keys without quotes."""

    triple: bool = False
    bare_keys: bool = False


#: Plain JSON, but for placeholders.
JSON = Style()
#: JSON in which statements keep their lines: the text of stage cells.
CELL = Style(triple=True)
#: As people write job files by hand.
HOCON = Style(triple=True, bare_keys=True)


def render(value: Any, indent: int = 0, style: Style = JSON) -> str:
    """`value` as text that reads back as the same value; a value without placeholders becomes plain JSON.

    Short lists and objects within it stay on one line. `indent` is that of the line on which the value starts.
    """
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        lines = [f"{inner}{line}" for key, item in value.items() for line in _members(key, item, indent + 2, style)]
        return "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}" if lines else "{}"
    if isinstance(value, list):
        items = [f"{inner}{_item(item, indent + 2, style)}" for item in value]
        return "[\n" + ",\n".join(items) + "\n" + " " * indent + "]" if items else "[]"
    if isinstance(value, Concatenation):
        return "".join(render(part, indent, style) for part in _texts_joined(value.parts))
    return _simple(value, style)


def member(key: str, value: Any, indent: int = 0, style: Style = JSON) -> str:
    """`"key": value` as text, for members that are written one by one; two of them where two values meet."""
    return f",\n{' ' * indent}".join(_members(key, value, indent, style))


def _members(key: str, value: Any, indent: int, style: Style) -> list[str]:
    name = _key(key, style)
    if isinstance(value, Override) and value.append:
        added = (f"{name} += {_item(item, indent, style, len(name) + 4)}" for item in value.later)
        return [*_members(key, value.earlier, indent, style), *added]
    if isinstance(value, Override):
        return [*_members(key, value.earlier, indent, style), *_members(key, value.later, indent, style)]
    return [f"{name}: {_item(value, indent, style, len(name) + 2)}"]


def _item(value: Any, indent: int, style: Style, before: int = 0) -> str:
    """A value within another one, on one line where it is short."""
    if not isinstance(value, dict | list):
        return render(value, indent, style)
    short = _on_one_line(value, style, _WIDTH - indent - before)
    return render(value, indent, style) if short is None else short


def dumped(value: Any, indent: int | None = None) -> str:
    """Plain JSON. Its letters stay as they are, unless there is half of one, which no file can hold."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return json.dumps(value, indent=indent) if _HALF.search(text) else text


def _on_one_line(value: Any, style: Style, width: int) -> str | None:
    """The value in at most `width` characters on one line, if it can be so written."""
    if isinstance(value, Override):
        return None
    if not isinstance(value, dict | list):
        text = render(value, 0, style)
        return None if "\n" in text or len(text) > width else text
    parts = []
    for key in value if isinstance(value, dict) else range(len(value)):
        item = _on_one_line(value[key], style, width)
        if item is None:
            return None
        parts.append(f"{_key(key, style)}: {item}" if isinstance(key, str) else item)
        width -= len(parts[-1]) + 2
        if width < 0:
            return None
    return f"{{{', '.join(parts)}}}" if isinstance(value, dict) else f"[{', '.join(parts)}]"


def _key(key: str, style: Style) -> str:
    return key if style.bare_keys and _PLAIN_KEY.fullmatch(key) else dumped(key)


def _simple(value: Any, style: Style) -> str:
    if isinstance(value, Substitution):
        return f"${{{'?' if value.optional else ''}{'.'.join(map(_name, value.parts))}}}"
    if isinstance(value, WrittenInt | WrittenFloat):
        return value.text  # `007` is that number and, where text is wanted, that text
    if isinstance(value, Blank):
        return str(value)  # nothing between lists or objects, hence without quotes
    if style.triple and isinstance(value, str) and "\n" in value:
        plain = '"""' not in value and not value.endswith('"') and not _HALF.search(value)
        return f'"""{value}"""' if plain else dumped(value)
    return dumped(value)


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
    return part if _PLAIN_NAME.fullmatch(part) else dumped(part)
