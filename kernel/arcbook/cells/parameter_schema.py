"""JSON Schema of parameters: what a given value may be, for editors, forms and whoever starts a job."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from arcbook.cells.intervals import iso_interval
from arcbook.cells.parameter_types import ParameterType
from arcbook.cells.secrets import Secret

if TYPE_CHECKING:
    from arcbook.cells.declarations import Declaration


def values_schema(declarations: "Iterable[Declaration]") -> dict[str, Any]:
    """The JSON Schema of an object of given values."""
    listed = list(declarations)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {each.name: value_schema(each) for each in listed},
        "required": [each.name for each in listed if each.required],
        "additionalProperties": False,
    }


def value_schema(declaration: "Declaration") -> dict[str, Any]:
    """The JSON Schema of one given value.

    Limits of dates, timestamps and of decimals given as text stand in `formatMinimum` and `formatMaximum`, for JSON
    Schema has no word of its own for them; the description names the limits of these and of intervals.
    """
    schema = _schema(declaration.type, declaration)
    kind = (declaration.type.item or declaration.type).kind
    limits = f"({declaration.limits()})" if declaration.limits() and kind not in _LIMITED_BY_WORDS else ""
    if described := " ".join(part for part in (declaration.help, limits) if part):
        schema["description"] = described
    if declaration.default is not None:
        schema["default"] = plain(declaration.default)
    return schema


def plain(value: Any) -> Any:
    """A value as JSON has it; a secret's address, never its value."""
    match value:
        case Secret():
            return value.address
        case list():
            return [plain(item) for item in value]
        case datetime():
            return value.isoformat()
        case date() | Decimal():
            return str(value)
        case timedelta():
            return iso_interval(value)
    return value


#: Kinds for whose limits JSON Schema has words.
_LIMITED_BY_WORDS = ("integer", "long", "double")


def _schema(type_: ParameterType, declaration: "Declaration") -> dict[str, Any]:
    if type_.item:
        return {"type": "array", "items": _schema(type_.item, declaration)}
    if type_.kind == "enum":
        return {"type": "string", "enum": list(type_.choices)}
    return _MAKERS.get(type_.kind, _formatted)(type_, declaration)


def _whole(type_: ParameterType, declaration: "Declaration") -> dict[str, Any]:
    most = 2**31 if type_.kind == "integer" else 2**63
    low, high = declaration.minimum, declaration.maximum
    return {
        "type": "integer",
        "minimum": -most if low is None else low,
        "maximum": most - 1 if high is None else high,
    }


def _double(type_: ParameterType, declaration: "Declaration") -> dict[str, Any]:
    return {"type": "number", **_limits("minimum", "maximum", declaration)}


def _decimal(type_: ParameterType, declaration: "Declaration") -> dict[str, Any]:
    """As text, which keeps all digits, or as a number."""
    before, scale = type_.precision - type_.scale, type_.scale
    digits = f"0*[0-9]{{1,{before}}}" if before else "0+"
    fraction = rf"(\.[0-9]{{0,{scale}}}0*)?" if scale else r"(\.0*)?"
    numbers = {word: _number(limit) for word, limit in _limits("minimum", "maximum", declaration).items()}
    return {
        "type": ["string", "number"],
        "pattern": f"^[+-]?{digits}{fraction}$",
        "exclusiveMinimum": -(10**before),
        "exclusiveMaximum": 10**before,
        **numbers,
        **{word: str(limit) for word, limit in _limits("formatMinimum", "formatMaximum", declaration).items()},
    }


def _number(value: Decimal) -> int | float:
    return int(value) if value == int(value) else float(value)


def _boolean(type_: ParameterType, declaration: "Declaration") -> dict[str, Any]:
    return {"type": "boolean"}


def _text(type_: ParameterType, declaration: "Declaration") -> dict[str, Any]:
    kept = {"format": "uri-reference", "minLength": 1} if type_.kind == "uri" else {}
    pattern = {"pattern": f"^(?:{declaration.pattern})$"} if declaration.pattern is not None else {}
    return {"type": "string", **kept, **pattern}


def _secret(type_: ParameterType, declaration: "Declaration") -> dict[str, Any]:
    return {"type": "string", "format": "password", "writeOnly": True, "minLength": 1}


def _formatted(type_: ParameterType, declaration: "Declaration") -> dict[str, Any]:
    limits = {} if type_.kind == "interval" else _limits("formatMinimum", "formatMaximum", declaration)
    return {
        "type": "string",
        "format": _FORMATS[type_.kind],
        **{word: plain(limit) for word, limit in limits.items()},
    }


def _limits(low: str, high: str, declaration: "Declaration") -> dict[str, Any]:
    found = {low: declaration.minimum, high: declaration.maximum}
    return {word: limit for word, limit in found.items() if limit is not None}


_FORMATS = MappingProxyType({"date": "date", "timestamp": "date-time", "interval": "duration"})
_MAKERS: Mapping[str, Callable[[ParameterType, "Declaration"], dict[str, Any]]] = MappingProxyType(
    {
        "string": _text,
        "uri": _text,
        "integer": _whole,
        "long": _whole,
        "double": _double,
        "decimal": _decimal,
        "boolean": _boolean,
        "secret": _secret,
    }
)
