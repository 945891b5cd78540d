"""What is derived from a stage's declaration: rows for help, and JSON Schema for editors."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from arcbook.cells.messages import keys_sentence
from arcbook.core.failures import DefinitionError
from arcbook.core.suggest import did_you_mean
from arcbook.stages.base import Stage
from arcbook.stages.registry import stage_types

__all__ = ["KeyRow", "job_schema", "key_rows", "keys_sentence", "stage_schema", "stage_type", "summary"]

_SCHEMA = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key of a stage as help shows it."""

    key: str
    kind: str
    required: bool
    default: str
    description: str


def stage_type(name: str) -> type[Stage]:
    """The stage type of that name, whatever its case.

    Raises:
        DefinitionError: there is none.
    """
    by_lower = {known.lower(): declared for known, declared in stage_types().items()}
    found = by_lower.get(name.lower())
    if found is None:
        raise DefinitionError(f"there is no stage type `{name}`. {did_you_mean(name, stage_types())}".strip())
    return found


def summary(declared: type[Stage]) -> str:
    """The first line of a stage's documentation."""
    return (inspect.getdoc(declared) or "").partition("\n")[0]


def key_rows(declared: type[Stage]) -> list[KeyRow]:
    """The keys: required ones first, then in the order of the declaration."""
    rows = []
    for name, field in declared.model_fields.items():
        default = "" if field.is_required() else _default(field.get_default(call_default_factory=True))
        description = field.description or _inner_description(field.annotation)
        rows.append(KeyRow(field.alias or name, _kind(field.annotation), field.is_required(), default, description))
    return sorted(rows, key=lambda row: not row.required)


def stage_schema(declared: type[Stage]) -> dict[str, Any]:
    """The JSON Schema of a stage object of that type."""
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
    """The JSON Schema of a job file: an object whose `stages` are stage objects told apart by their `type`."""
    definitions: dict[str, Any] = {}
    for name, declared in (types or stage_types()).items():
        schema = stage_schema(declared)
        schema.pop("$schema")
        definitions |= schema.pop("$defs", {})
        definitions[name] = schema
    names = list(types or stage_types())
    cases = [{"if": {"properties": {"type": {"const": name}}}, "then": {"$ref": f"#/$defs/{name}"}} for name in names]
    stage = {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": names}},
        "allOf": cases,
    }
    return {
        "$schema": _SCHEMA,
        "title": "arcbook job",
        "type": "object",
        "required": ["stages"],
        "properties": {"stages": {"type": "array", "items": {"$ref": "#/$defs/stage"}}},
        "$defs": {"stage": stage, **definitions},
    }


def _default(value: Any) -> str:
    if value is None or value == () or value == {} or value == []:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _inner_description(annotation: Any) -> str:
    """The description that an optional key's type carries inside its union."""
    for member in get_args(annotation):
        for item in getattr(member, "__metadata__", ()):
            if getattr(item, "description", None):
                return str(item.description)
    return ""


def _kind(annotation: Any) -> str:
    """A key's type in the language's words."""
    if get_origin(annotation) is Literal:
        return " | ".join(map(str, get_args(annotation)))
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
