"""Writing Python values and names as SQL text that both engines read back unchanged."""

import datetime
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
_NEEDS_ESCAPE = re.compile("[\\\\'\n\r\t\0]")
_INT_MAX = 2**31
_LONG_MAX = 2**63
_DECIMAL_DIGITS = 38


@dataclass(frozen=True, slots=True)
class Typed:
    """A value with the SQL type it was declared with (`BIGINT`, `DECIMAL(5,2)`, `ARRAY<DATE>` …)."""

    value: Any
    type: str


def identifier(name: str) -> str:
    """`name` as one quoted identifier; dots in it are part of the name."""
    if not name:
        raise ValueError("an empty name cannot be quoted")
    return "`" + name.replace("`", "``") + "`"


def text_literal(value: str) -> str:
    """`value` as a text literal."""
    # Spark fills `${name}` from its settings even inside text; the escaped brace reads back as a brace.
    escaped = _NEEDS_ESCAPE.sub(lambda found: _ESCAPES[found.group()], value).replace("${", "$\\{")
    return f"'{escaped}'"


def literal(value: Any) -> str:
    """`value` as a SQL expression of the fitting type; a `Typed` one has exactly its type, also as null or empty list.

    Raises:
        TypeError: for kinds of values that SQL has no literal for.
        ValueError: for numbers no SQL type can hold.
    """
    if isinstance(value, Typed):
        return _typed(value.value, value.type)
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return text_literal(value)
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if isinstance(value, datetime.date | datetime.timedelta):
        return _time(value)
    if isinstance(value, bytes | bytearray):
        return f"X'{bytes(value).hex().upper()}'"
    if isinstance(value, list | tuple):
        return f"array({items(value)})"
    if isinstance(value, Mapping):
        return "map(" + ", ".join(f"{literal(key)}, {literal(item)}" for key, item in value.items()) + ")"
    raise TypeError(f"{type(value).__name__} has no SQL literal")


def _typed(value: Any, type_: str) -> str:
    if value is None:
        return f"CAST(NULL AS {type_})"
    if isinstance(value, list | tuple):
        if not value:
            return f"CAST(array() AS {type_})"
        item = type_.removeprefix("ARRAY<").removesuffix(">")
        return f"array({items([Typed(each, item) for each in value])})"
    if isinstance(value, Decimal):
        return f"CAST('{value:f}' AS {type_})"
    if value in (-_INT_MAX, -_LONG_MAX) and isinstance(value, int):
        # The least one cannot be written as a minus sign before a literal of its type.
        return f"CAST('{value}' AS {type_})"
    return f"{value}L" if type_ == "BIGINT" else literal(value)


def items(values: Iterable[Any]) -> str:
    """The values as expressions with commas between them."""
    return ", ".join(map(literal, values))


def _number(value: int | float | Decimal) -> str:
    if isinstance(value, int):
        if -_INT_MAX <= value < _INT_MAX:
            return str(value)
        # The least long cannot be written as a minus sign before a long literal.
        if -_LONG_MAX < value < _LONG_MAX:
            return f"{value}L"
        if len(str(abs(value))) > _DECIMAL_DIGITS:
            raise ValueError(f"{value} has more digits than a SQL number can hold")
        return f"CAST('{value}' AS DECIMAL({_DECIMAL_DIGITS}, 0))"
    if isinstance(value, float):
        # Not the suffix D: the embedded engine reads some of its forms as null.
        return f"CAST('{_float_text(value)}' AS DOUBLE)"
    return _decimal(value)


def _float_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"{value} is no SQL decimal")
    plain = format(value, "f")
    scale = len(plain.partition(".")[2])
    digits = max(len(plain.lstrip("-").replace(".", "").lstrip("0")), scale, 1)
    if digits > _DECIMAL_DIGITS:
        raise ValueError(f"{value} has more digits than a SQL decimal can hold")
    return f"CAST('{plain}' AS DECIMAL({digits}, {scale}))"


def _time(value: datetime.date | datetime.timedelta) -> str:
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            return f"TIMESTAMP_NTZ '{value.isoformat(sep=' ')}'"
        # In UTC, so that the session's zone does not matter.
        moment = value.astimezone(datetime.UTC).replace(tzinfo=None)
        return f"TIMESTAMP '{moment.isoformat(sep=' ')}Z'"
    if isinstance(value, datetime.date):
        return f"DATE '{value.isoformat()}'"
    # In whole microseconds: a float of seconds would round.
    micros = value // datetime.timedelta(microseconds=1)
    sign, rest = ("-" if micros < 0 else ""), abs(micros)
    days, rest = divmod(rest, 86_400_000_000)
    hours, rest = divmod(rest, 3_600_000_000)
    minutes, rest = divmod(rest, 60_000_000)
    seconds, fraction = divmod(rest, 1_000_000)
    return f"INTERVAL '{sign}{days} {hours:02}:{minutes:02}:{seconds:02}.{fraction:06}' DAY TO SECOND"
