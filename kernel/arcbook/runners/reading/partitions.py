"""Values of `key=value` folders as columns, typed as Spark types them."""

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from arcbook.runners.reading.listing import Source

if TYPE_CHECKING:
    import pyarrow as pa

_NULL = "__HIVE_DEFAULT_PARTITION__"
_WHOLE = re.compile(r"[+-]?\d{1,18}\Z")
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


def partition_columns(sources: tuple[Source, ...]) -> dict[str, str]:
    """The partition columns of all files, with Spark's type (INT, BIGINT, DOUBLE, DATE or STRING)."""
    values: dict[str, list[str]] = {}
    for source in sources:
        for name, value in source.partitions:
            values.setdefault(name, []).append(value)
    return {name: _type_of([value for value in found if value != _NULL]) for name, found in values.items()}


def partition_value(text: str | None, kind: str) -> Any:
    """One folder's value in the column's type."""
    if text is None or text == _NULL:
        return None
    if kind in ("INT", "BIGINT"):
        return int(text)
    if kind == "DOUBLE":
        return float(text)
    return date.fromisoformat(text) if kind == "DATE" else text


def arrow_type(kind: str) -> "pa.DataType":
    """The type of a partition column's values."""
    import pyarrow as pa

    types = {"INT": pa.int32(), "BIGINT": pa.int64(), "DOUBLE": pa.float64(), "DATE": pa.date32()}
    return types.get(kind, pa.string())


def _type_of(values: list[str]) -> str:
    if not values:
        return "STRING"
    if all(_WHOLE.match(value) for value in values):
        return "INT" if all(-(1 << 31) <= int(value) < 1 << 31 for value in values) else "BIGINT"
    if all(_FLOAT.match(value) for value in values):
        return "DOUBLE"
    return "DATE" if all(_is_day(value) for value in values) else "STRING"


def _is_day(value: str) -> bool:
    try:
        return bool(_DAY.match(value)) and bool(date.fromisoformat(value))
    except ValueError:
        return False
