"""JSON text as Spark's reader understands it: records, and the columns that they have."""

import json
import math
import re
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from arcbook.sql.quote import identifier

CORRUPT = "_corrupt_record"
_LINE_END = re.compile(r"\r\n|\r|\n")
_BLANK = re.compile(r"\s*")
_DECODER = json.JSONDecoder()
_LONG = 1 << 63
_DECIMAL_DIGITS = 38

#: A type: None (only nulls seen), a name, ("array", type) or ("struct", {name: type}).
Type = Any


def record_texts(text: str, *, multi_line: bool) -> Iterator[str]:
    """The text of each record: lines, or with `multi_line` the first value of the file; arrays yield their members."""
    text = text.removeprefix("\ufeff")
    for value in (text,) if multi_line else _LINE_END.split(text):
        start = _skip(value, 0)
        if start == len(value):
            continue
        if value[start] == "[":
            yield from _members(value, start)
        elif multi_line:
            yield _first_value(value, start)
        else:
            yield value


def parsed(text: str) -> dict[str, Any] | None:
    """The record's object, or None when the record is corrupt."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def holds_several(beginning: str) -> bool:
    """Whether a text begins with an object and then has another one, as far as its beginning tells."""
    text = beginning.removeprefix("\ufeff")
    start = _skip(text, 0)
    if text[start : start + 1] != "{":
        return False
    try:
        _, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return False
    return text[_skip(text, end) :].startswith("{")


def _skip(text: str, start: int) -> int:
    found = _BLANK.match(text, start)
    return found.end() if found else start


def _first_value(text: str, start: int) -> str:
    try:
        _, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return text
    return text[start:end]


def _members(text: str, start: int) -> Iterator[str]:
    """The members of an array as they are written; the whole text when it is no array."""
    found, position = [], _skip(text, start + 1)
    if text[position : position + 1] == "]":
        return
    while True:
        try:
            _, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            yield text
            return
        found.append(text[position:end])
        position = _skip(text, end)
        mark = text[position : position + 1]
        if mark == "]":
            yield from found
            return
        if mark != ",":
            yield text
            return
        position = _skip(text, position + 1)


def infer(records: Iterable[str]) -> tuple[dict[str, Type], bool]:
    """The columns of all records, by name in alphabetical order, and whether a record is corrupt."""
    whole: Type = ("struct", {})
    corrupt = False
    for text in records:
        value = parsed(text)
        if value is None:
            corrupt = True
        else:
            whole = _merged(whole, _type_of(value))
    columns = _finished(whole)
    fields: dict[str, Type] = columns[1] if columns else {}
    return dict(sorted(fields.items())), corrupt


def ddl(kind: Type) -> str:
    """A type as Spark writes it."""
    if not isinstance(kind, tuple):
        return str(kind)
    if kind[0] == "array":
        return f"ARRAY<{ddl(kind[1])}>"
    return f"STRUCT<{', '.join(f'{identifier(name)}: {ddl(inner)}' for name, inner in kind[1].items())}>"


def json_line(row: dict[str, Any]) -> str:
    """A row as Spark's writer writes it: null members left out, numbers as they are, no blanks."""
    members = ",".join(f"{_quoted(name)}:{_written(value)}" for name, value in row.items() if value is not None)
    return f"{{{members}}}\n"


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return json_line(value).rstrip("\n")
    if isinstance(value, list | tuple):
        if value and all(isinstance(item, tuple) for item in value):  # a map, as Arrow gives it
            return json_line({str(key): item for key, item in value}).rstrip("\n")
        return f"[{','.join(_written(item) for item in value)}]"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return f'"{value.isoformat()}"'
    if isinstance(value, float):
        return _number(value)
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _number(value: float) -> str:
    """A double as Java writes it; Python agrees but for the exponents."""
    if math.isnan(value) or math.isinf(value):
        return '"NaN"' if math.isnan(value) else f'"{"-" if value < 0 else ""}Infinity"'
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    digits, _, exponent = f"{Decimal(repr(value)).normalize():E}".partition("E")
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _type_of(value: Any) -> Type:
    if value is None:
        return None
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int):
        digits = len(str(abs(value)))
        if -_LONG <= value < _LONG:
            return "BIGINT"
        return f"DECIMAL({digits},0)" if digits <= _DECIMAL_DIGITS else "DOUBLE"
    if isinstance(value, float):
        return "DOUBLE"
    if isinstance(value, list):
        inner: Type = None
        for item in value:
            inner = _merged(inner, _type_of(item))
        return ("array", inner)
    if isinstance(value, dict):
        return ("struct", {name: _type_of(item) for name, item in value.items()})
    return "STRING"


def _merged(one: Type, other: Type) -> Type:
    """The type that holds values of both, which is text when nothing else does."""
    if one == other or other is None:
        return one
    if one is None:
        return other
    if isinstance(one, tuple) and isinstance(other, tuple) and one[0] == other[0]:
        if one[0] == "array":
            return ("array", _merged(one[1], other[1]))
        fields = dict(one[1])
        for name, kind in other[1].items():
            fields[name] = _merged(fields.get(name), kind)
        return ("struct", fields)
    numbers = [kind for kind in (one, other) if isinstance(kind, str) and kind.startswith(("BIGINT", "DECIMAL"))]
    if "DOUBLE" in (one, other) and len(numbers) == 1:
        return "DOUBLE"
    if len(numbers) == 2:
        digits = max(_digits(kind) for kind in numbers)
        return f"DECIMAL({digits},0)"
    return "STRING"


def _digits(kind: str) -> int:
    return 20 if kind == "BIGINT" else int(kind[8:].partition(",")[0])


def _finished(kind: Type) -> Type:
    """The type with text in place of what was never seen, and without objects that have no members."""
    if kind is None:
        return "STRING"
    if not isinstance(kind, tuple):
        return kind
    if kind[0] == "array":
        inner = _finished(kind[1])
        return ("array", inner) if inner else None
    fields = {name: _finished(inner) for name, inner in sorted(kind[1].items())}
    kept = {name: inner for name, inner in fields.items() if inner is not None}
    return ("struct", kept) if kept else None
