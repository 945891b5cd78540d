"""HOCON's rules for values that meet: adjacent values, keys written twice, objects that stand for lists."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from arcbook.cells.tree import PLACEHOLDERS, Concatenation, Override, Substitution

#: A key whose value depends on the one before may be written this often; each time costs a step of recursion.
MAX_LAYERS = 40

_ABSENT = object()


class MergeError(ValueError):
    """Values that cannot meet; the text says why."""


def overridden(earlier: Any, later: Any) -> Any:
    """The value of a key written twice: objects merge, otherwise the later one wins. Neither is changed.

    Raises:
        MergeError: the key was written too often.
    """
    if isinstance(earlier, dict) and isinstance(later, dict):
        merged = dict(earlier)
        for key, value in later.items():
            merged[key] = overridden(merged[key], value) if key in merged else value
        return merged
    undecided = isinstance(later, PLACEHOLDERS) or (isinstance(later, dict) and isinstance(earlier, PLACEHOLDERS))
    return _layered(earlier, later) if undecided else later


def put(holder: dict[str, Any], key: str, value: Any) -> None:
    """Set a key of an object that is being read, over what it holds already; `holder` is changed.

    Raises:
        MergeError: as for `overridden`.
    """
    before = holder.get(key, _ABSENT)
    if before is _ABSENT:
        holder[key] = value
        return
    if isinstance(value, dict):
        # The latest object takes further members, so that a thousand of them are no thousand layers.
        target = before.later if isinstance(before, Override) else before
        if isinstance(target, dict):
            for name, item in value.items():
                put(target, name, item)
            return
    holder[key] = overridden(before, value)


def append(holder: dict[str, Any], key: str, item: Any) -> None:
    """`key += item` in an object that is being read; `holder` is changed.

    Raises:
        MergeError: the key holds something else than a list, or was written too often.
    """
    before = holder.get(key)
    if isinstance(before, list):
        before.append(item)
    elif before is None:
        holder[key] = [item]
    elif isinstance(before, Override) and before.append:
        before.later.append(item)
    elif isinstance(before, PLACEHOLDERS):
        holder[key] = _layered(before, [item], append=True)
    else:
        holder[key] = extended(before, [item])


def extended(earlier: Any, items: list[Any]) -> list[Any]:
    """A list with items behind it; the list may be written as an object with numbers as keys.

    Raises:
        MergeError: it is no list.
    """
    known = as_list(earlier)
    if not isinstance(known, list):
        raise MergeError(f"`+=` adds to a list, not to {kind_of(earlier)}")
    return [*known, *items]


def _layered(earlier: Any, later: Any, *, append: bool = False) -> Override:
    layers = earlier.layers + 1 if isinstance(earlier, Override) else 1
    if layers > MAX_LAYERS:
        raise MergeError(f"the key is written more than {MAX_LAYERS} times with values that need the ones before")
    return Override(earlier, later, append, layers)


def concatenate(parts: Sequence[Any]) -> Any:
    """Adjacent values as one: lists join, objects merge, anything else is glued as text.

    Raises:
        MergeError: a list or object stands beside text, or an object beside a list.
    """
    if any(isinstance(part, PLACEHOLDERS) for part in parts):
        return Concatenation(tuple(parts))
    kinds = {list if isinstance(part, list) else dict if isinstance(part, dict) else str for part in parts}
    if kinds == {list, dict}:
        parts, kinds = [as_list(part) for part in parts], {list}
        if not all(isinstance(part, list) for part in parts):
            raise MergeError("an object and a list cannot be joined")
    if kinds == {list}:
        return [item for part in parts for item in part]
    if kinds == {dict}:
        merged: Any = {}
        for part in parts:
            merged = overridden(merged, part)
        return merged
    if str in kinds and len(kinds) > 1:
        container = next(part for part in parts if isinstance(part, list | dict))
        simple = next(part for part in parts if not isinstance(part, list | dict))
        raise MergeError(f"{kind_of(container)} cannot be joined with {kind_of(simple)}")
    return "".join(text_of(part) for part in parts)


def merged(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Adjacent objects that were just read, as one; the first is changed."""
    first, *others = parts
    for part in others:
        for key, value in part.items():
            put(first, key, value)
    return first


def settled(value: Any, root: Mapping[str, Any]) -> Any:
    """A document's value with the names in included files made out: below the place of the include, or from the root.

    Objects and lists are changed in place.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            value[key] = settled(item, root)
    elif isinstance(value, list):
        value[:] = [settled(item, root) for item in value]
    elif isinstance(value, Substitution) and value.home:
        parts = (*value.home, *value.parts)
        if not _may_have(root, parts):
            return replace(value, home=())
        path = parts if any("." in part for part in parts) else ()
        return Substitution(".".join(parts), value.span, value.optional, path)
    elif isinstance(value, Concatenation):
        return Concatenation(tuple(settled(part, root) for part in value.parts))
    elif isinstance(value, Override):
        return replace(value, earlier=settled(value.earlier, root), later=settled(value.later, root))
    return value


def _may_have(value: Any, parts: tuple[str, ...]) -> bool:
    """Whether a path leads to something, or may do so when placeholders are filled."""
    if not parts:
        return True
    if isinstance(value, Override):
        return _may_have(value.earlier, parts) or _may_have(value.later, parts)
    if isinstance(value, PLACEHOLDERS):
        return True
    return isinstance(value, Mapping) and parts[0] in value and _may_have(value[parts[0]], parts[1:])


def text_of(value: Any) -> str:
    """A simple value as text, as HOCON writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def as_list(value: Any) -> Any:
    """An object with whole numbers as keys (`{"0": a, "1": b}`) as the list it stands for; anything else as it is."""
    if not isinstance(value, Mapping):
        return value
    keys = numbered(value)
    return [value[key] for key in keys] if keys else value


def numbered(value: Mapping[str, Any]) -> list[str]:
    """The keys that are whole numbers, in the order of these; other keys are passed over, as HOCON does."""
    return sorted((key for key in value if key.isascii() and key.isdigit() and len(key) < 10), key=int)


def kind_of(value: Any) -> str:
    """What a value is, for messages."""
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else "null" if value is None else f"`{text_of(value)[:40]}`"
