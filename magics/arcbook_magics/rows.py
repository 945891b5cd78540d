"""Reading the first rows of a frame as exact text, never more than is shown.

Values become text in the engine, which knows every type's exact form; only doubles travel as they are. Long values are
cut there too, so that neither a billion rows nor one huge value reaches this process.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Characters read of one value when nothing cuts it.
LONGEST_VALUE = 10_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result; `type` as SQL writes it. `number` says whether its values are numbers."""

    name: str
    type: str
    nullable: bool
    number: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """The first rows of a result: texts, None for NULL. `more` says that there are further rows, not read."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str | None, ...], ...]
    more: bool = False


_NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal")


def columns_of(frame: "DataFrame") -> tuple[Column, ...]:
    """The columns of a frame; analyses it, runs nothing."""
    return tuple(
        Column(field.name, field.dataType.simpleString(), field.nullable, _is_number(field.dataType.simpleString()))
        for field in frame.schema.fields
    )


def read_rows(frame: "DataFrame", *, limit: int, truncate: int, most_characters: int) -> Rows:
    """At most `limit` rows whose values are cut to one character more than `truncate` (0: not cut by the caller).

    Reads one row more than `limit`, to know whether there are more, and stops early when `most_characters` have come.
    """
    columns = columns_of(frame)
    if not columns or limit < 1:
        return Rows(columns, ())
    positions = [f"c{index}" for index in range(len(columns))]
    length = truncate + 1 if truncate > 0 else LONGEST_VALUE
    texts = [_as_text(column.type, position, length) for column, position in zip(columns, positions, strict=True)]
    selected = frame.toDF(*positions).limit(limit + 1).selectExpr(*texts)
    rows: list[tuple[str | None, ...]] = []
    size = 0
    arriving: Iterator[Any] = selected.toLocalIterator()
    for row in arriving:
        if len(rows) == limit or size > most_characters:
            return Rows(columns, tuple(rows), more=True)
        values = tuple(_shown(value, column.type) for value, column in zip(row, columns, strict=True))
        size += sum(len(value) for value in values if value is not None)
        rows.append(values)
    return Rows(columns, tuple(rows))


def cut(value: str, truncate: int) -> str:
    """`value` in at most `truncate` characters, the last three of them dots when something is left out."""
    if truncate < 1 or len(value) <= truncate:
        return value
    return value[:truncate] if truncate < 4 else value[: truncate - 3] + "..."


def double_text(value: float) -> str:
    """A double with at least two and at most ten decimals, never with an exponent."""
    if value != value or value in (float("inf"), float("-inf")):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    text = format(Decimal(repr(value)).quantize(Decimal("1e-10"), ROUND_HALF_EVEN, _CONTEXT), "f")
    whole, _, fraction = text.partition(".")
    shown = f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"
    return shown.removeprefix("-") if not shown.strip("-0.") else shown


_CONTEXT = Context(prec=400)


def _is_number(type_text: str) -> bool:
    return type_text.startswith(_NUMBERS) and not type_text.startswith("interval")


def _as_text(type_text: str, column: str, length: int) -> str:
    """The SQL expression that turns a column into what travels."""
    if type_text == "double":
        return column
    if type_text == "binary":
        return f"left(hex({column}), {2 * (length // 3 + 2)}) AS {column}"
    if type_text == "timestamp":
        # The zone is part of an instant's text; `Z` when the session's zone is UTC.
        return f"concat(CAST({column} AS STRING), date_format({column}, 'XXX')) AS {column}"
    if type_text in ("string", "boolean", "date") or _is_number(type_text):
        text = column if type_text == "string" else f"CAST({column} AS STRING)"
        return f"left({text}, {length}) AS {column}" if type_text == "string" else f"{text} AS {column}"
    return f"left(CAST({column} AS STRING), {length}) AS {column}"


def _shown(value: Any, type_text: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, float):
        return double_text(value)
    if type_text == "binary":
        return "[" + " ".join(value[index : index + 2] for index in range(0, len(value), 2)) + "]"
    return str(value)
