"""JSON Schema for editors: of a stage, of a cell of stages, of a job file.

What `check` accepts is valid here too: HOCON reads `"yes"` as true, `"3"` as a number, 3 as text and null as nothing;
only a boolean where text is wanted is not, so that editors do not offer `true` for a name. What no schema can know
(SQL, views, documents) is left to `check`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from arcbook.cells.authentication import ENCRYPTION, METHODS
from arcbook.cells.describe import documentation, summary
from arcbook.cells.layout import KEY, Layout
from arcbook.core.truth import TRUTH
from arcbook.schemas.model import COLUMN_TYPES
from arcbook.stages.base import Declared, Stage, description_of
from arcbook.stages.keys import SCHEMA, at_most_one, given
from arcbook.stages.registry import plugin_types, stage_types

_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
_NUMBER = r"^\s*[+-]?\d+(\.\d*)?([eE][+-]?\d+)?\s*$"
_FLAG = f"^({'|'.join(TRUTH)})$"
#: What HOCON reads as the value that a key wants: `pattern` concerns text alone.
_READ_AS: Mapping[str, dict[str, Any]] = {
    "string": {"type": ["string", "number"]},
    "boolean": {"type": ["boolean", "string"], "pattern": _FLAG},
    "integer": {"type": ["number", "string"], "pattern": _NUMBER},
    "number": {"type": ["number", "string"], "pattern": _NUMBER},
}
#: pydantic does not translate limits that stand behind a validator.
_LIMITS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}
#: Values of text maps: nested objects become dotted keys.
_TEXT_MAP_VALUE = {"type": ["string", "number", "boolean", "object", "null"]}
#: A value of a key that makes another key needed, in every stage type that has both.
_NEEDS = (("delimiter", "Custom", "customDelimiter"),)
#: The kinds of plugins, and what each is for.
_PLUGINS = {
    "config": "Plugins that compute values for `${name}` before the job starts.",
    "lifecycle": "Plugins around every stage.",
}

_COLUMN_KEYS: Mapping[str, str] = {
    "id": "Identifier, kept as metadata of the column.",
    "name": "Name of the column.",
    "description": "Text for readers, kept as metadata of the column.",
    "type": "Type of the column.",
    "metadata": "Anything to keep with the column: texts, numbers, booleans, lists of one kind, objects.",
    "nullable": "Whether a value may be missing.",
    "trim": "Remove blanks around the text first.",
    "nullableValues": "Texts that mean no value.",
    "nullReplacementValue": "Text to convert where there is no value.",
    "trueValues": "The exact texts for true.",
    "falseValues": "The exact texts for false.",
    "formatters": "Patterns, tried in order: Java's for dates and times (`uuuu-MM-dd`), for numbers (`#,##0`).",
    "caseSensitive": "Whether the case of names of months and days matters.",
    "precision": "Digits in all, at most 38.",
    "scale": "Digits behind the point.",
    "minLength": "Least length in UTF-16 units.",
    "maxLength": "Greatest length in UTF-16 units.",
    "regex": "Regular expression that the whole text must match.",
    "timezoneId": "Zone of times whose text says none, such as `Europe/Paris`.",
    "time": "Time of day for patterns without one.",
    "encoding": "How the bytes are written.",
    "fields": "The columns within the column.",
    "elementType": "The column that each element is.",
    "hour": "0 to 23.",
    "minute": "0 to 59.",
    "second": "0 to 59.",
    "nano": "Nanoseconds, 0 to 999999999.",
}


def stage_schema(declared: type[Declared]) -> dict[str, Any]:
    """The JSON Schema of a stage or plugin object of that type."""
    body, definitions = _object(declared)
    keys = declared.keys()
    one_of, at_most = (declared.one_of, declared.at_most_one_of) if issubclass(declared, Stage) else ((), ())
    groups = [(group, group in one_of) for group in (*one_of, *at_most)]
    rules = [
        rule
        for group, needed in groups
        if len(known := [key for key in group if key in keys]) > 1
        for rule in _alternatives(known, needed=needed)
    ]
    for key, value, wanted in _NEEDS:
        if key in keys and wanted in keys:
            condition = {"required": [key], "properties": {key: {"const": value}}}
            rules.append({"if": condition, "then": given(wanted)})
    rules += body.get("allOf", ())
    if "authentication" in keys:
        definitions["authentication"] = _authentication()
        described = body["properties"]["authentication"]["description"]
        body["properties"]["authentication"] = {"description": described, "$ref": "#/$defs/authentication"}
    if SCHEMA[0] in keys:
        definitions |= _columns()
        body["properties"][SCHEMA[0]] |= {"items": {"$ref": "#/$defs/Column"}}
    return {
        "$schema": _SCHEMA,
        "title": declared.type_name(),
        "description": re.sub(r"(?<!\n)\n(?!\n)", " ", documentation(declared)),
        "type": "object",
        "required": ["type", *body.get("required", [])],
        "properties": {"type": _type_key(declared), **body["properties"]},
        "additionalProperties": False,
        **({"allOf": rules} if rules else {}),
        **({"$defs": definitions} if definitions else {}),
    }


def job_schema(types: Mapping[str, type[Stage]] | None = None) -> dict[str, Any]:
    """The JSON Schema of a job file: an object whose `stages` and `plugins` are objects told apart by their `type`."""
    layout, definitions = _object(Layout)
    definitions |= _one_of("stage", types or stage_types())
    for kind in _PLUGINS:
        of_kind = {name: declared for name, declared in plugin_types().items() if declared.kind == kind}
        definitions |= _one_of(f"{kind}-plugin", of_kind)
    plugins = {kind: _listed(f"{kind}-plugin", text) for kind, text in _PLUGINS.items()}
    return {
        "$schema": _SCHEMA,
        "title": "arcbook job",
        "description": "A job: stages, run in their order. Other members are values for `${name}`.",
        "type": "object",
        "required": ["stages"],
        "properties": {
            "stages": _listed("stage", "The stages in the order in which they run."),
            "plugins": {
                "description": "What computes values before the job starts, and what acts around its stages.",
                "type": ["object", "null"],
                "properties": plugins,
                "additionalProperties": False,
            },
            KEY: {
                "description": "What the file keeps of the notebook it was made from; original Arc ignores it.",
                **layout,
            },
        },
        "$defs": definitions,
    }


def cell_schema() -> dict[str, Any]:
    """The JSON Schema of a stage cell: one stage object, or a list of them."""
    one = {"$ref": "#/$defs/stage"}
    return {
        "$schema": _SCHEMA,
        "title": "arcbook stage cell",
        "anyOf": [one, {"type": "array", "items": one}],
        "$defs": _one_of("stage", stage_types()),
    }


def _listed(kind: str, description: str) -> dict[str, Any]:
    return {"description": description, "type": "array", "items": {"$ref": f"#/$defs/{kind}"}}


def _one_of(kind: str, types: Mapping[str, type[Declared]]) -> dict[str, Any]:
    """The definitions of all types of a kind, and of `kind` itself, which is one of them."""
    definitions: dict[str, Any] = {}
    cases = []
    for name, declared in types.items():
        schema = stage_schema(declared)
        schema.pop("$schema")
        definitions |= schema.pop("$defs", {})
        definitions[name] = schema
        condition = {"required": ["type"], "properties": {"type": {"pattern": _named(name)}}}
        cases.append({"if": condition, "then": {"$ref": f"#/$defs/{name}"}})
    one = {
        "type": "object",
        "required": ["type"],
        "properties": {
            "type": {
                "description": f"Which {kind.replace('-', ' ')} it is.",
                "anyOf": [each for declared in types.values() for each in _type_key(declared)["anyOf"]],
            }
        },
        "allOf": cases,
    }
    return {kind: one, **definitions}


def _named(name: str) -> str:
    """The pattern of a type's name, which may be a full class name and have a version, as in Arc."""
    return rf"^([^:]*\.)?{name}(:.*)?$"


def _type_key(declared: type[Declared]) -> dict[str, Any]:
    name = declared.type_name()
    return {"anyOf": [{"const": name, "description": summary(declared)}, {"pattern": _named(name)}]}


def _alternatives(keys: list[str], *, needed: bool) -> Iterator[dict[str, Any]]:
    if needed:
        yield {"description": f"One of {', '.join(keys)}.", "oneOf": [given(key) for key in keys]}
    else:
        yield {"description": f"At most one of {', '.join(keys)}.", **at_most_one(*keys)}


def _authentication() -> dict[str, Any]:
    """The methods and the keys each needs; an empty object means none."""
    rules = [_needed("method", method, keys) for method, keys in METHODS.items() if keys]
    encryptions = [_needed("encryptionAlgorithm", name, keys) for name, keys in ENCRYPTION.items() if keys]
    amazon = {"required": ["method"], "properties": {"method": {"const": "AmazonIAM"}}}
    encrypted = {"properties": {"encryptionAlgorithm": {"enum": [*ENCRYPTION, None]}}, "allOf": encryptions}
    return {
        "type": ["object", "null"],
        "properties": {"method": {"description": "How to sign in.", "enum": list(METHODS)}},
        "additionalProperties": _TEXT_MAP_VALUE,
        "anyOf": [{"maxProperties": 0}, {"type": "null"}, {"required": ["method"]}],
        "allOf": [*rules, {"if": amazon, "then": encrypted}],
    }


def _needed(key: str, value: str, others: tuple[str, ...]) -> dict[str, Any]:
    condition = {"required": [key], "properties": {key: {"const": value}}}
    return {"if": condition, "then": {"allOf": [given(other) for other in others]}}


def _columns() -> dict[str, Any]:
    """The definition `Column`: a column of a typing schema, told apart by its `type`."""
    definitions: dict[str, Any] = {}
    cases = []
    for name, declared in COLUMN_TYPES.items():
        body, inner = _object(declared)
        definitions |= {key: _with_column_keys(each) for key, each in inner.items()}
        body = _with_column_keys(body)
        body["properties"]["metadata"]["type"] = ["object", "string", "null"]  # also as JSON in a text
        condition = {"required": ["type"], "properties": {"type": {"const": name}}}
        cases.append({"if": condition, "then": body})
    column = {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"description": _COLUMN_KEYS["type"], "enum": list(COLUMN_TYPES)}},
        "allOf": cases,
    }
    return {**definitions, "Column": column}  # in place of the base, to which nested columns refer


def _with_column_keys(schema: dict[str, Any]) -> dict[str, Any]:
    described = {key: {**value, "description": _COLUMN_KEYS[key]} for key, value in schema["properties"].items()}
    return {**schema, "properties": described}


def _object(model: type[BaseModel]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A model's schema as an editor wants it, and the definitions it refers to."""
    schema = model.model_json_schema(by_alias=True, mode="validation")
    definitions = {name: _lenient(each) for name, each in schema.pop("$defs", {}).items()}
    schema = _lenient(schema)
    for name, field in model.model_fields.items():
        if text := description_of(field):
            schema["properties"][field.alias or name]["description"] = text
    return schema, definitions


def _lenient(schema: dict[str, Any]) -> dict[str, Any]:
    """An object's schema in which keys that may be missing may be null, and values are read as HOCON reads them."""
    required = schema.get("required", ())
    kept = {key: value for key, value in schema.items() if key != "title"}
    if "properties" in schema:
        kept["properties"] = {
            key: _read(value, nullable=key not in required) for key, value in schema["properties"].items()
        }
    return kept


def _read(schema: dict[str, Any], *, nullable: bool = False) -> dict[str, Any]:
    kept = {_LIMITS.get(key, key): value for key, value in schema.items() if key != "title"}
    if isinstance(default := kept.pop("default", None), dict):
        default = {key: value for key, value in default.items() if value is not None}
    if default is not None:
        kept["default"] = default
    members = [each for each in kept.pop("anyOf", ()) if each != {"type": "null"}]
    if len(members) == 1:
        kept = {**members[0], **kept}
    elif members:
        kept["anyOf"] = [*map(_read, members), *([{"type": "null"}] if nullable else [])]
        return kept
    if "items" in kept:
        kept["items"] = _read(kept["items"])
    values = kept.get("additionalProperties")
    if isinstance(values, dict):
        kept["additionalProperties"] = _TEXT_MAP_VALUE if values.get("type") == "string" else _read(values)
    if "enum" in kept:
        kept.pop("type", None)
        return {**kept, "enum": [*kept["enum"], None]} if nullable else kept
    if "pattern" not in kept:
        kept |= _READ_AS.get(kept.get("type", ""), {})
    if not nullable:
        return kept
    if "type" in kept:
        listed = kept["type"] if isinstance(kept["type"], list) else [kept["type"]]
        return {**kept, "type": [*listed, "null"]}
    if "$ref" in kept:
        return {"anyOf": [{"$ref": kept.pop("$ref")}, {"type": "null"}], **kept}
    return kept
