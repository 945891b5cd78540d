"""What is derived from a stage's declaration: rows for help, and JSON Schema for editors."""

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

_SCHEMA = "https://json-schema.org/draft/2020-12/schema"


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


def stage_schema(declared: type[Declared]) -> dict[str, Any]:
    """The JSON Schema of a stage or plugin object of that type."""
    schema = declared.model_json_schema(by_alias=True, mode="validation")
    properties = {"type": {"const": declared.type_name()}, **schema.get("properties", {})}
    required = ["type", *schema.get("required", [])]
    return {
        "$schema": _SCHEMA,
        **schema,
        "title": declared.type_name(),
        "description": summary(declared),
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def job_schema(types: Mapping[str, type[Stage]] | None = None) -> dict[str, Any]:
    """The JSON Schema of a job file: an object whose `stages` and `plugins` are objects told apart by their `type`."""
    definitions: dict[str, Any] = {}
    kinds: dict[str, Any] = {"stage": _one_of(types or stage_types(), definitions)}
    for kind in dict.fromkeys(declared.kind for declared in plugin_types().values()):
        of_kind = {name: declared for name, declared in plugin_types().items() if declared.kind == kind}
        kinds[f"{kind}-plugin"] = _one_of(of_kind, definitions)

    def listed(kind: str) -> dict[str, Any]:
        return {"type": "array", "items": {"$ref": f"#/$defs/{kind}"}}

    plugins = {kind.removesuffix("-plugin"): listed(kind) for kind in kinds if kind != "stage"}
    return {
        "$schema": _SCHEMA,
        "title": "arcbook job",
        "type": "object",
        "required": ["stages"],
        "properties": {
            "plugins": {"type": "object", "properties": plugins, "additionalProperties": False},
            "stages": listed("stage"),
        },
        "$defs": {**kinds, **definitions},
    }


def _one_of(types: Mapping[str, type[Declared]], definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of an object of one of these types, which are added to `definitions`."""
    for name, declared in types.items():
        schema = stage_schema(declared)
        schema.pop("$schema")
        definitions.update(schema.pop("$defs", {}))
        definitions[name] = schema
    cases = [{"if": {"properties": {"type": {"const": name}}}, "then": {"$ref": f"#/$defs/{name}"}} for name in types]
    return {"type": "object", "required": ["type"], "properties": {"type": {"enum": list(types)}}, "allOf": cases}


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
