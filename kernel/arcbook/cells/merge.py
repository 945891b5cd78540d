"""HOCON's rules for values that meet: adjacent values, keys written twice, references to oneself."""

from collections.abc import Sequence
from typing import Any

from arcbook.cells.tree import PLACEHOLDERS, Concatenation, Override, Substitution


def overridden(earlier: Any, later: Any) -> Any:
    """The value of a key written twice: objects merge, otherwise the later one wins."""
    if isinstance(earlier, dict) and isinstance(later, dict):
        merged = dict(earlier)
        for key, value in later.items():
            merged[key] = overridden(merged[key], value) if key in merged else value
        return merged
    undecided = isinstance(later, PLACEHOLDERS) or (isinstance(later, dict) and isinstance(earlier, PLACEHOLDERS))
    return Override(earlier, later) if undecided else later


def concatenate(parts: Sequence[Any]) -> Any:
    """Adjacent values as one: lists join, objects merge, anything else is glued as text."""
    if any(isinstance(part, PLACEHOLDERS) for part in parts):
        return Concatenation(tuple(parts))
    if all(isinstance(part, list) for part in parts):
        return [item for part in parts for item in part]
    if all(isinstance(part, dict) for part in parts):
        merged: Any = {}
        for part in parts:
            merged = overridden(merged, part)
        return merged
    return "".join(text_of(part) for part in parts)


def text_of(value: Any) -> str:
    """A simple value as text, as HOCON writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def without_self(value: Any, name: str, before: Any) -> Any:
    """`value` with references to the key being defined (`name`) replaced by what the key held before."""
    if isinstance(value, Substitution) and value.name == name and before is not None:
        return before
    if isinstance(value, Concatenation) and any(
        isinstance(part, Substitution) and part.name == name for part in value.parts
    ):
        kept = []
        for part in value.parts:
            if isinstance(part, Substitution) and part.name == name and (before is not None or part.optional):
                if before is not None:
                    kept.append(before)
            else:
                kept.append(part)
        return concatenate(kept) if kept else None
    return value
