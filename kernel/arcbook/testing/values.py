"""Rows as a test file writes them, as rows of an engine."""

import csv
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arcbook.core.failures import DefinitionError
from arcbook.core.translate import translating
from arcbook.core.truth import TRUTH
from arcbook.sql.quote import identifier
from arcbook.testing.document import Plain, Rows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import DataType, StructType

_INT_MAX = 2**31
_MIXED_NUMBERS = {"int", "float"}


def rows_of(given: Rows, folder: Path) -> list[Mapping[str, Any]]:
    """The rows of a test file, or of the CSV file it names; an empty field of CSV is null.

    Raises:
        InputError: the CSV file cannot be read.
        DefinitionError: it has a row of another length than its header.
    """
    if given.csv is None:
        return list(given.rows or ())
    path = folder / given.csv
    with translating(f"cannot read {path}"):
        text = path.read_text(encoding="utf-8-sig")
    reader = csv.reader(text.splitlines())
    header = next(reader, [])
    found: list[Mapping[str, Any]] = []
    for row in reader:
        if len(row) != len(header):
            raise DefinitionError(f"{path}, line {reader.line_num}: {len(row)} values for {len(header)} columns.")
        found.append({name: value or None for name, value in zip(header, row, strict=True)})
    return found


def frame_of(rows: Sequence[Mapping[str, Any]], types: Mapping[str, str], spark: "SparkSession") -> "DataFrame":
    """Rows as a frame. Columns without a type in `types` get the one their values show.

    Raises:
        DefinitionError: a value does not fit its column, or no type can be told.
    """
    names = list(dict.fromkeys([*types, *(name for row in rows for name in row)]))
    if not names:
        raise DefinitionError("There are neither rows nor `columns`, so the view would have no columns.")
    known = {name: types.get(name) or _shown_type(name, [row.get(name) for row in rows]) for name in names}
    schema = schema_of(known, spark)
    values = [
        tuple(read(row.get(field.name), field.dataType, f"row {number}, {field.name}") for field in schema)
        for number, row in enumerate(rows, start=1)
    ]
    return spark.createDataFrame(values, schema)


def schema_of(types: Mapping[str, str], spark: "SparkSession") -> "StructType":
    """The schema of columns whose types are written as SQL writes them.

    Raises:
        DefinitionError: a type is none.
    """
    columns = ", ".join(f"CAST(NULL AS {type_}) AS {identifier(name)}" for name, type_ in types.items())
    with translating(f"the columns are not understood ({', '.join(f'{n}: {t}' for n, t in types.items())})"):
        return spark.sql(f"SELECT {columns}").schema


def _shown_type(name: str, values: list[Any]) -> str:
    kinds = {value.kind if isinstance(value, Plain) else "str" for value in values if value is not None}
    if any(isinstance(value, list | dict) for value in values):
        raise DefinitionError(f"The type of the column `{name}` cannot be told: give it under `columns`.")
    if not kinds or kinds == {"str"}:
        return "STRING"
    if kinds == {"int"}:
        return "INT" if all(abs(int(value)) < _INT_MAX for value in values if value is not None) else "BIGINT"
    if kinds <= _MIXED_NUMBERS:
        return "DOUBLE"
    if kinds == {"bool"}:
        return "BOOLEAN"
    if kinds == {"timestamp"}:
        return "TIMESTAMP" if any(len(value) > len("2026-01-01") for value in values if value) else "DATE"
    raise DefinitionError(f"The values of the column `{name}` are of several types: give its type under `columns`.")


def read(value: Any, type_: "DataType", place: str) -> Any:
    """A value of a test file as Python's value of a column type.

    Raises:
        DefinitionError: it does not fit; the message opens with `place`.
    """
    from pyspark.sql import types as t

    if value is None:
        return None
    if isinstance(type_, t.ArrayType):
        return [read(item, type_.elementType, place) for item in _a(list, value, type_, place)]
    if isinstance(type_, t.StructType):
        members = _a(dict, value, type_, place)
        if unknown := set(members) - set(type_.names):
            raise DefinitionError(f"{place}: {type_.simpleString()} has no member {', '.join(sorted(unknown))}.")
        return tuple(read(members.get(field.name), field.dataType, f"{place}.{field.name}") for field in type_)
    if isinstance(type_, t.MapType):
        members = _a(dict, value, type_, place)
        return {read(k, type_.keyType, place): read(v, type_.valueType, place) for k, v in members.items()}
    if not isinstance(value, str):
        raise DefinitionError(f"{place}: {type_.simpleString()} expected, not a {type(value).__name__}.")
    try:
        return _simple(str(value), type_)
    except (ValueError, InvalidOperation, KeyError):
        raise DefinitionError(f"{place}: `{value}` is no {type_.simpleString()}.") from None


def _a(kind: type, value: Any, type_: "DataType", place: str) -> Any:
    if not isinstance(value, kind):
        raise DefinitionError(f"{place}: {type_.simpleString()} expected, not `{value}`.")
    return value


def _simple(text: str, type_: "DataType") -> Any:
    from pyspark.sql import types as t

    if isinstance(type_, t.IntegralType):
        return _whole(text, type_)
    if isinstance(type_, t.FractionalType) and not isinstance(type_, t.DecimalType):
        return float(text.replace(".inf", "inf").replace(".nan", "nan").replace(".NaN", "nan"))
    if isinstance(type_, t.DecimalType):
        number = Decimal(text)
        fitted = number.quantize(Decimal(1).scaleb(-type_.scale))
        if fitted != number or len(fitted.as_tuple().digits) > type_.precision:
            raise ValueError(text)
        return fitted
    if isinstance(type_, t.BooleanType):
        return TRUTH[text.lower()]
    if isinstance(type_, t.DateType):
        return date.fromisoformat(text)
    if isinstance(type_, t.TimestampNTZType):
        return datetime.fromisoformat(text).replace(tzinfo=None)
    if isinstance(type_, t.TimestampType):
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if isinstance(type_, t.BinaryType):
        return bytes.fromhex(text)
    return text


_BITS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}


def _whole(text: str, type_: "DataType") -> int:
    number = int(text)
    limit = 2 ** (_BITS[type_.simpleString()] - 1)
    if not -limit <= number < limit:
        raise ValueError(text)
    return number


def shown(value: float) -> str:
    """A floating number as it is compared: its first twelve digits."""
    return str(value) if math.isnan(value) or math.isinf(value) else f"{value:.12g}"
