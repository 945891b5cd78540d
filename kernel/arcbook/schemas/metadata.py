"""The free metadata of a column: which values Spark can keep."""

from collections.abc import Mapping
from typing import Any

from arcbook.schemas.model import Finding, Path


def clean_metadata(value: Mapping[str, Any]) -> dict[str, Any]:
    """The same metadata without null values, at any depth."""
    return {
        key: clean_metadata(item) if isinstance(item, Mapping) else item
        for key, item in value.items()
        if item is not None
    }


def metadata_problems(value: Mapping[str, Any], path: Path) -> list[Finding]:
    """What Spark cannot keep: lists that are empty, nested, of several kinds or with null."""
    found: list[Finding] = []
    for key, item in value.items():
        where = (*path, key)
        if isinstance(item, Mapping):
            found += metadata_problems(item, where)
        elif isinstance(item, list | tuple):
            message = _list_problem(list(item))
            if message:
                found.append((where, f"Metadata attribute '{key}' cannot contain {message}"))
            for position, inner in enumerate(item):
                if isinstance(inner, Mapping):
                    found += metadata_problems(inner, (*where, position))
    return found


def _list_problem(items: list[Any]) -> str:
    """The first thing wrong with a list, or an empty text. Its first member tells its kind."""
    if not items:
        return "empty `arrays`."
    if items[0] is None:
        return "`null` values inside `array`."
    if isinstance(items[0], list | tuple):
        return "nested `arrays` inside `array`."
    kinds = {_kind(item) for item in items}
    if kinds == {"integer", "double"}:
        return "`number` arrays of different types (all values must be `integers` or all values must be `doubles`)."
    return "" if len(kinds) == 1 else "arrays of different types."


def _kind(item: object) -> str:
    if isinstance(item, bool):
        return "boolean"
    if isinstance(item, int):
        return "integer"
    return {float: "double", str: "text", dict: "object"}.get(type(item), type(item).__name__)
