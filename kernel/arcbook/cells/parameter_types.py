"""The types of parameters: reading a given value, writing it as text, describing it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from arcbook.cells.secrets import Secret
from arcbook.core.suggest import did_you_mean
from arcbook.core.truth import TRUTH

#: What to do when papermill's `-p` made a number of a text.
TEXT_REMEDY = "papermill's `-p` turns text into numbers: use `-r {name} …`, or `arcbook run -p {name}=…`."


class ValueProblemError(ValueError):
    """A value does not fit a type: `expected` completes "must be …", `remedy` is a sentence or empty."""

    def __init__(self, expected: str, remedy: str = "") -> None:
        super().__init__(expected)
        self.expected = expected
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class ParameterType:
    """A declared type: its kind and what stands in its brackets."""

    kind: str
    precision: int = 10
    scale: int = 0
    choices: tuple[str, ...] = ()
    item: "ParameterType | None" = None

    def read(self, value: Any) -> Any:
        """The value in Python's type for it, from text or from a JSON value.

        Raises:
            ValueProblemError: it does not fit.
        """
        return _READERS[self.kind](self, value)

    def text(self, value: Any) -> str:
        """A value as `${name}` pastes it."""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, list):
            return ",".join((self.item or self).text(item) for item in value)
        if isinstance(value, datetime):
            return value.isoformat(sep=" ")
        if isinstance(value, timedelta):
            return _interval_text(value)
        if isinstance(value, Decimal):
            return format(value, "f")
        return value.reveal() if isinstance(value, Secret) else str(value)

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of a given value."""
        if self.kind == "list":
            return {"type": "array", "items": self.item.schema() if self.item else {}}
        if self.kind == "enum":
            return {"type": "string", "enum": list(self.choices)}
        return dict(_SCHEMAS[self.kind])

    def __str__(self) -> str:
        if self.kind == "decimal":
            return f"decimal({self.precision},{self.scale})"
        if self.kind == "enum":
            return f"enum({', '.join(f'{choice!r}' for choice in self.choices)})".replace("'", '"')
        return f"list[{self.item}]" if self.kind == "list" else self.kind


_SCHEMAS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "string": {"type": "string"},
        "integer": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
        "long": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
        "decimal": {"type": "string", "format": "decimal"},
        "double": {"type": "number"},
        "boolean": {"type": "boolean"},
        "date": {"type": "string", "format": "date"},
        "timestamp": {"type": "string", "format": "date-time"},
        "interval": {"type": "string", "format": "duration"},
        "uri": {"type": "string", "format": "uri-reference"},
        "secret": {"type": "string", "format": "password", "writeOnly": True},
    }
)


def _string(type_: ParameterType, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueProblemError("text, not a number", TEXT_REMEDY)
    raise ValueProblemError("text")


def _whole(bits: int) -> Callable[[ParameterType, Any], int]:
    def read(type_: ParameterType, value: Any) -> int:
        expected = f"a whole number of {bits} bits"
        if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d{1,30}\s*", value, re.ASCII):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueProblemError(expected)
        if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
            raise ValueProblemError(expected)
        return int(value)

    return read


#: Digits of any decimal, and one more that rounding may carry.
_WIDE = Context(prec=39)


def _decimal(type_: ParameterType, value: Any) -> Decimal:
    expected = f"a {type_}"
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueProblemError(expected)
    try:
        read = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueProblemError(expected) from None
    if not read.is_finite():
        raise ValueProblemError(expected)
    if read.adjusted() >= type_.precision - type_.scale and read != 0:
        raise ValueProblemError(f"{expected}: at most {type_.precision - type_.scale} digits before the point")
    rounded = read.quantize(Decimal(1).scaleb(-type_.scale), context=_WIDE)
    if rounded != read:
        raise ValueProblemError(f"{expected}: at most {type_.scale} digits behind the point")
    return rounded


def _double(type_: ParameterType, value: Any) -> float:
    if not isinstance(value, bool) and isinstance(value, str | int | float):
        try:
            read = float(value)
        except (ValueError, OverflowError):
            raise ValueProblemError("a number") from None
        if read == read and abs(read) != float("inf"):
            return read
    raise ValueProblemError("a number")


def _boolean(type_: ParameterType, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in TRUTH:
        return TRUTH[value.strip().lower()]
    raise ValueProblemError("true or false")


def _date(type_: ParameterType, value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip(), re.ASCII):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            pass
    raise ValueProblemError("a date such as 2026-11-23")


def _timestamp(type_: ParameterType, value: Any) -> datetime:
    """A time without a zone is in UTC, the zone of all sessions."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, str) and re.match(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}|$)", value.strip(), re.ASCII):
        try:
            read = datetime.fromisoformat(value.strip())
            return read if read.tzinfo else read.replace(tzinfo=UTC)
        except ValueError:
            pass
    raise ValueProblemError("a timestamp such as 2026-11-23T08:00:00+09:00")


_UNITS = {
    "week": 7 * 86400, "day": 86400, "hour": 3600, "minute": 60, "second": 1, "millisecond": 0.001,
    "microsecond": 0.000001,
}  # fmt: skip
_WORDS = re.compile(r"\s*([+-]?\d{1,9}(?:\.\d{1,6})?)\s*([a-z]+?)s?(?=[\s\d,+-]|$),?")
_ISO = re.compile(
    r"(-?)P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,6})?)S)?)?"
)


def _interval(type_: ParameterType, value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    try:
        read = _timedelta(value.strip()) if isinstance(value, str) else None
    except OverflowError:
        read = None
    if read is None:
        raise ValueProblemError("an interval such as `2 days 3 hours` or `P2DT3H`")
    return read


def _timedelta(text: str) -> timedelta | None:
    iso = _ISO.fullmatch(text)
    if iso and any(iso.groups()[1:]):
        seconds = [
            float(part or 0) * unit for part, unit in zip(iso.groups()[1:], (604800, 86400, 3600, 60, 1), strict=True)
        ]
        return timedelta(seconds=sum(seconds) * (-1 if iso[1] else 1))
    total, position = timedelta(), 0
    while position < len(text):
        found = _WORDS.match(text, position)
        if found is None or found[2] not in _UNITS:
            break
        total += timedelta(seconds=float(found[1]) * _UNITS[found[2]])
        position = found.end()
    return total if text and position == len(text) else None


def _interval_text(value: timedelta) -> str:
    parts = [f"{value.days} days"] if value.days else []
    if value.seconds or not (value.days or value.microseconds):
        parts.append(f"{value.seconds} seconds")
    if value.microseconds:
        parts.append(f"{value.microseconds} microseconds")
    return " ".join(parts)


def _enum(type_: ParameterType, value: Any) -> str:
    text = _string(type_, value)
    if text in type_.choices:
        return text
    shown = ", ".join(f"`{choice}`" for choice in type_.choices)
    raise ValueProblemError(f"one of {shown}", did_you_mean(text, type_.choices))


def _uri(type_: ParameterType, value: Any) -> str:
    text = _string(type_, value).strip()
    scheme, separator, rest = text.partition("://")
    # `jdbc:postgresql://…` has two schemes.
    sound = bool(
        re.fullmatch(r"([A-Za-z][A-Za-z0-9+.-]*:)*[A-Za-z][A-Za-z0-9+.-]*", scheme) and rest and " " not in rest
    )
    if text and not any(ord(character) < 32 for character in text) and (sound or not separator):
        return text
    raise ValueProblemError("an address such as s3://bucket/folder, or a path")


def _list(type_: ParameterType, value: Any) -> list[Any]:
    item = type_.item or ParameterType("string")
    if isinstance(value, str):
        value = _list_from_text(value)
    if not isinstance(value, list | tuple):
        raise ValueProblemError(f"a list of {item}")
    items = []
    for position, each in enumerate(value, start=1):
        try:
            items.append(item.read(each))
        except ValueProblemError as error:
            raise ValueProblemError(
                f"a list of {item}; item {position} must be {error.expected}", error.remedy
            ) from None
    return items


def _list_from_text(text: str) -> Any:
    """A list given on a command line: JSON, or items separated by commas."""
    import json

    if text.strip().startswith("["):
        try:
            return json.loads(text)
        except ValueError:
            raise ValueProblemError('a list such as ["a", "b"]') from None
    return [part.strip() for part in text.split(",")] if text.strip() else []


def _secret(type_: ParameterType, value: Any) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, str) and value:
        return Secret(value)
    raise ValueProblemError("text: the secret, or its address")


_READERS: Mapping[str, Callable[[ParameterType, Any], Any]] = MappingProxyType(
    {
        "string": _string,
        "integer": _whole(32),
        "long": _whole(64),
        "decimal": _decimal,
        "double": _double,
        "boolean": _boolean,
        "date": _date,
        "timestamp": _timestamp,
        "interval": _interval,
        "enum": _enum,
        "uri": _uri,
        "list": _list,
        "secret": _secret,
    }
)
#: The names of all types.
KINDS = tuple(_READERS)
