"""The types of parameters: reading a given value, writing it as text, describing it."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from arcbook.cells.intervals import interval_words, read_interval
from arcbook.cells.secrets import Secret
from arcbook.core.suggest import did_you_mean
from arcbook.core.truth import TRUTH

#: What to do when papermill's `-p`, or its YAML, made a number or a boolean of a text.
TEXT_REMEDY = "papermill's `-p` turns text into numbers: use `-r {name} …`, or `arcbook run -p {name}=…`."
#: Digits that survive the way through a binary floating point number, whatever they are.
_SURE_DIGITS = 15


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
            return interval_words(value)
        if isinstance(value, Decimal):
            return format(value, "f")
        return value.reveal() if isinstance(value, Secret) else str(value)

    @property
    def sql(self) -> str:
        """The SQL type of a value."""
        if self.kind == "decimal":
            return f"DECIMAL({self.precision},{self.scale})"
        return f"ARRAY<{self.item.sql}>" if self.item else _SQL_TYPES.get(self.kind, "STRING")

    def example(self) -> str:
        """A value that fits the type, as one writes it on a command line."""
        if self.kind == "enum":
            return self.choices[0]
        if self.kind == "decimal":
            return "0" if self.scale == 0 else f"0.{'5'.ljust(min(self.scale, 2), '0')}"
        return f'["{self.item.example()}"]' if self.item else _EXAMPLES[self.kind]

    def __str__(self) -> str:
        if self.kind == "decimal":
            return f"decimal({self.precision},{self.scale})"
        if self.kind == "enum":
            return f"enum({', '.join(f'{choice!r}' for choice in self.choices)})".replace("'", '"')
        return f"list[{self.item}]" if self.kind == "list" else self.kind


_SQL_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "integer": "INT", "long": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE",
        "timestamp": "TIMESTAMP", "interval": "INTERVAL DAY TO SECOND",
    }
)  # fmt: skip
_EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "string": "text", "integer": "7", "long": "7", "double": "0.5", "boolean": "true", "date": "2026-11-23",
        "timestamp": "2026-11-23T08:00:00+09:00", "interval": "P2DT3H", "uri": "s3://bucket/folder",
        "secret": "env://NAME",
    }
)  # fmt: skip


def _string(type_: ParameterType, value: Any) -> str:
    if isinstance(value, bool):
        raise ValueProblemError("text, not a boolean", TEXT_REMEDY)
    if isinstance(value, int | float):
        raise ValueProblemError("text, not a number", TEXT_REMEDY)
    if not isinstance(value, str):
        raise ValueProblemError("text")
    if any("\ud800" <= character <= "\udfff" for character in value):
        # Bytes of a command line that are not UTF-8 arrive so; no file and no engine could take them.
        raise ValueProblemError("text in UTF-8")
    return value


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
_NUMBER = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,5})?\s*", re.ASCII)


def _decimal(type_: ParameterType, value: Any) -> Decimal:
    expected = f"a {type_}"
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueProblemError(expected)
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueProblemError(expected)
    try:
        read = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueProblemError(expected) from None
    if not read.is_finite():
        raise ValueProblemError(expected)
    if type(value) is float and len(read.as_tuple().digits) > _SURE_DIGITS:
        raise ValueProblemError(f"{expected} given as text: a number of so many digits may have been rounded", _AS_TEXT)
    if read and read.adjusted() >= type_.precision - type_.scale:
        raise ValueProblemError(f"{expected}: at most {type_.precision - type_.scale} digits before the point")
    rounded = read.quantize(Decimal(1).scaleb(-type_.scale), context=_WIDE) if read else _zero(type_)
    if rounded != read:
        raise ValueProblemError(f"{expected}: at most {type_.scale} digits behind the point")
    return rounded


_AS_TEXT = "Use papermill's `-r {name} …`, or `arcbook run -p {name}=…`, which keep every digit."


def _zero(type_: ParameterType) -> Decimal:
    return Decimal((0, (0,), -type_.scale))


def _double(type_: ParameterType, value: Any) -> float:
    fits = isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value))
    if fits and not isinstance(value, bool):
        try:
            read = float(value)
        except OverflowError:
            raise ValueProblemError("a number") from None
        if math.isfinite(read):
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


_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?!.*[.,]\d{7}).*)?", re.ASCII)


def _timestamp(type_: ParameterType, value: Any) -> datetime:
    """A time without a zone is in UTC, the zone of all sessions."""
    try:
        if isinstance(value, str) and _TIMESTAMP.fullmatch(value.strip()):
            value = datetime.fromisoformat(value.strip())
        if isinstance(value, datetime):
            read = value if value.tzinfo else value.replace(tzinfo=UTC)
            # The first and the last hours of all time may lie outside of it in another zone.
            read.astimezone(UTC)
            return read
    except (ValueError, OverflowError):
        pass
    raise ValueProblemError("a timestamp such as 2026-11-23T08:00:00+09:00, with at most 6 digits of a second")


def _interval(type_: ParameterType, value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    read = read_interval(value) if isinstance(value, str) else None
    if read is None:
        raise ValueProblemError("an interval such as `2 days 3 hours` or `P2DT3H`")
    return read


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
    """A list given on a command line: JSON, whose numbers keep their text, or items separated by commas."""
    import json

    if text.strip().startswith("["):
        try:
            return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError):
            raise ValueProblemError('a list such as ["a", "b"]') from None
    items = [part.strip() for part in text.split(",")] if text.strip() else []
    if not all(items):
        raise ValueProblemError('a list without empty items; write them as JSON: ["a", ""]')
    return items


def _secret(type_: ParameterType, value: Any) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, str) and value.strip():
        return Secret(_string(type_, value))
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
