"""What help shows of a stage's declaration."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from arcbook.cells.magics import MAGICS
from arcbook.core.failures import DefinitionError
from arcbook.stages.base import Declared, Stage, description_of
from arcbook.stages.plugins.base import Plugin
from arcbook.stages.registry import plugin_types, stage_types
from arcbook.stages.unknown import unknown_stage


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key of a stage as help shows it; `choices` are all its values when they can be listed."""

    key: str
    kind: str
    required: bool
    default: str
    description: str
    choices: tuple[str, ...] = ()


def find_stage_type(name: str) -> type[Stage] | None:
    """The stage type of that name, whatever its case, if there is one."""
    return {known.lower(): declared for known, declared in stage_types().items()}.get(name.lower())


def stage_type(name: str) -> type[Stage]:
    """The stage type of that name, whatever its case.

    Raises:
        DefinitionError: there is none.
    """
    found = find_stage_type(name)
    if found is None:
        raise DefinitionError(". ".join(unknown_stage(name)))
    return found


def find_plugin_type(name: str) -> type[Plugin] | None:
    """The plugin type of that name, whatever its case, if there is one."""
    return {known.lower(): declared for known, declared in plugin_types().items()}.get(name.lower())


def summary(declared: type[Declared]) -> str:
    """The first line of the documentation of a stage or plugin."""
    return documentation(declared).partition("\n")[0]


def offered_magics() -> list[str]:
    """The magics that can run, by name; one that makes a stage needs a package that declares the stage's type."""
    types = stage_types()
    return sorted(name for name, spec in MAGICS.items() if spec.makes_stage is None or spec.makes_stage in types)


def documentation(declared: type[Declared]) -> str:
    """All of the documentation of a stage or plugin; its first line is the summary."""
    return inspect.getdoc(declared) or ""


def key_rows(declared: type[Declared]) -> list[KeyRow]:
    """The keys: required ones first, then in the order of the declaration."""
    rows = []
    for name, field in declared.model_fields.items():
        default = "" if field.is_required() else _default(field.get_default(call_default_factory=True))
        description = description_of(field)
        key, kind, choices = field.alias or name, _kind(field.annotation), _choices(field.annotation)
        rows.append(KeyRow(key, kind, field.is_required(), default, description, choices))
    return sorted(rows, key=lambda row: not row.required)


def _default(value: Any) -> str:
    if value is None or value == () or value == {} or value == []:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _choices(annotation: Any) -> tuple[str, ...]:
    """The values of a key that is one of a few words."""
    base = getattr(annotation, "__origin__", annotation) if hasattr(annotation, "__metadata__") else annotation
    return tuple(map(str, get_args(base))) if get_origin(base) is Literal else ()


def _kind(annotation: Any) -> str:
    """A key's type in the language's words."""
    if choices := _choices(annotation):
        return " | ".join(choices)
    base = getattr(annotation, "__origin__", annotation) if hasattr(annotation, "__metadata__") else annotation
    if base is not annotation:
        return _kind(base)
    origin = get_origin(annotation)
    if origin in (tuple, list):
        return f"list of {_kind(get_args(annotation)[0])}"
    if origin is dict:
        return "object"
    members = [member for member in get_args(annotation) if member is not type(None)]
    if members:
        return " | ".join(dict.fromkeys(_kind(member) for member in members))
    return _WORDS.get(annotation, getattr(annotation, "__name__", str(annotation)))


_WORDS: Mapping[Any, str] = {
    str: "text", int: "whole number", float: "number", bool: "true | false", dict: "object", Any: "any value"
}  # fmt: skip
