"""Dotted keys and names: reading them, and putting values where they lead."""

import re
from typing import Any

from arcbook.cells.lexer import unquote
from arcbook.cells.merge import append, put
from arcbook.cells.tree import BEHIND, PLACEHOLDERS, Concatenation, Override, Substitution

#: What HOCON keeps out of keys and names.
_RESERVED = re.compile(r'[$"{}\[\]:=,+#`^?!@*&\\]')
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
#: A piece of a substitution's name: quoted text, a dot, or other text.
_NAME_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|\.|[^.$"{}\[\]:=,+#`^?!@*&\\]+')


class BadNameError(ValueError):
    """The name of a substitution cannot be read."""


def name_parts(text: str) -> list[str]:
    """The keys that the name of a substitution stands for.

    Raises:
        BadNameError: it is empty, or holds what must stand in quotes.
    """
    if not text:
        raise BadNameError("a substitution needs a name")
    if not _RESERVED.search(text):
        parts = text.split(".")
        if "" in parts:
            raise BadNameError("a part of this dotted name is empty")
        return parts
    pieces = _NAME_PIECE.findall(text)
    if "".join(pieces) != text:
        reserved = _RESERVED.search(_QUOTED.sub("", text))
        raise BadNameError(f"`{reserved[0] if reserved else text}` cannot stand in the name of a substitution")
    parts, given = [""], [False]
    for piece in pieces:
        if piece == ".":
            parts.append("")
            given.append(False)
        else:
            parts[-1] += unquote(piece) if piece.startswith('"') else piece
            given[-1] = True
    if not all(given):
        raise BadNameError("a part of this dotted name is empty")
    return parts


def next_position(target: dict[str, Any], keys: list[str]) -> int:
    """The position of an item that is appended to the list at a key."""
    value: Any = target
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, Override) and value.append:
        return BEHIND + len(value.later)
    return len(value) if isinstance(value, list) else BEHIND if isinstance(value, PLACEHOLDERS) else 0


def place(target: dict[str, Any], keys: list[str], value: Any) -> None:
    """Set a dotted key, creating the objects between; values that are no objects yet merge when they are bound."""
    holder = target
    for position, key in enumerate(keys[:-1]):
        inner = holder.get(key)
        if inner is None:
            inner = holder[key] = {}
        if not isinstance(inner, dict):
            for outer in reversed(keys[position + 1 :]):
                value = {outer: value}
            put(holder, key, value)
            return
        holder = inner
    put(holder, keys[-1], value)


def append_at(target: dict[str, Any], keys: list[str], item: Any, itself: Substitution) -> None:
    """`key += item`; `itself` stands for what the key held where that shows only when it is bound."""
    holder: Any = target
    for key in keys[:-1]:
        if holder.get(key) is None:
            holder[key] = {}
        holder = holder[key]
        if not isinstance(holder, dict):
            place(target, keys, Concatenation((itself, [item])))
            return
    append(holder, keys[-1], item)
