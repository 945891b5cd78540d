"""Expected rows against those a view holds: in any order, by the types of the view."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arcbook.sql.quote import identifier
from arcbook.testing.document import Expected
from arcbook.testing.values import frame_of, rows_of, schema_of, shown

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

#: Rows of a kind that a message shows.
_SHOWN = 5
#: More rows than this are not fetched: a test of so many says nothing that a smaller one would not.
MOST_ROWS = 100_000

Row = tuple[str | None, ...]


def differences(view: str, expected: Expected, spark: "SparkSession", folder: Path) -> list[str]:
    """What is not as expected of a view; empty when all is.

    Columns that the test does not name are not looked at. Floating numbers are equal when their first twelve digits
    are; text rows of both sides are made by the engine itself, so that a decimal or an instant is compared as such.

    Raises:
        ArcbookError: the view cannot be read, or the expectation does not fit its columns.
    """
    frame = spark.table(identifier(view))
    rows = rows_of(expected, folder) if expected.rows is not None or expected.csv is not None else None
    names = list(dict.fromkeys([*expected.columns, *(name for row in rows or () for name in row)]))
    actual = {field.name.lower(): field for field in frame.schema.fields}
    if missing := [name for name in names if name.lower() not in actual]:
        there = ", ".join(field.name for field in frame.schema.fields)
        return [f"the view `{view}` has no column {', '.join(f'`{name}`' for name in missing)}; it has {there}"]
    found = list(_types(expected.columns, frame.schema, spark))
    if expected.count is not None and (count := frame.count()) != expected.count:
        found.append(f"the view `{view}` has {_rows(count)}, not {expected.count}")
    if rows is None:
        return found
    types = {name: actual[name.lower()].dataType.simpleString() for name in names}
    if not names:  # no rows expected, and no columns named
        return [*found, *([] if frame.isEmpty() else [f"the view `{view}` should be empty"])]
    wanted = _texts(frame_of(rows, types, spark), types)
    held = _texts(frame.select([frame[identifier(name)].alias(name) for name in names]), types)
    return [*found, *_compared(view, names, wanted, held, ordered=expected.ordered)]


def _types(columns: Mapping[str, str], schema: "StructType", spark: "SparkSession") -> Iterator[str]:
    actual = {field.name.lower(): field.dataType.simpleString() for field in schema.fields}
    for field in schema_of(columns, spark) if columns else ():
        wanted, found = field.dataType.simpleString(), actual[field.name.lower()]
        if wanted != found:
            yield f"column `{field.name}` is of type {found}, not {wanted}"


def _texts(frame: "DataFrame", types: Mapping[str, str]) -> list[Row]:
    """The rows as texts, None for NULL."""
    columns = [f"{_as_text(type_, identifier(name))} AS {identifier(name)}" for name, type_ in types.items()]
    fetched = frame.selectExpr(*columns).limit(MOST_ROWS).collect()
    return [tuple(shown(value) if isinstance(value, float) else value for value in row) for row in fetched]


def _as_text(type_: str, column: str) -> str:
    if type_ in ("double", "float"):
        return f"CAST({column} AS DOUBLE)"
    return f"hex({column})" if type_ == "binary" else f"CAST({column} AS STRING)"


def _compared(view: str, names: Sequence[str], wanted: list[Row], held: list[Row], *, ordered: bool) -> list[str]:
    if ordered:
        pairs = [(a, b) for a, b in zip(wanted, held, strict=False) if a != b]
        missing = [a for a, _ in pairs] + wanted[len(held) :]
        extra = [b for _, b in pairs] + held[len(wanted) :]
    else:
        missing = list((Counter(wanted) - Counter(held)).elements())
        extra = list((Counter(held) - Counter(wanted)).elements())
    if not missing and not extra:
        return []
    lines = [f"the view `{view}` differs: {_rows(len(missing))} missing, {_rows(len(extra))} too many"]
    if missing and extra:
        lines.append(_first_difference(names, missing[0], extra[:1] if ordered else extra))
    lines += [f"  missing:  {_said(names, row)}" for row in missing[:_SHOWN]]
    lines += [f"  too many: {_said(names, row)}" for row in extra[:_SHOWN]]
    hidden = max(0, len(missing) - _SHOWN) + max(0, len(extra) - _SHOWN)
    return ["\n".join([*lines, f"  … and {hidden} more"] if hidden else lines)]


def _first_difference(names: Sequence[str], row: Row, extra: Sequence[Row]) -> str:
    """The first cell in which the row differs from the one that is most like it."""
    nearest = max(extra, key=lambda other: sum(a == b for a, b in zip(row, other, strict=True)))
    name, wanted, found = next((name, a, b) for name, a, b in zip(names, row, nearest, strict=True) if a != b)
    return f"  column `{name}`: expected {_value(wanted)}, found {_value(found)}"


def _said(names: Sequence[str], row: Row) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in zip(names, row, strict=True))


def _value(value: Any) -> str:
    return "null" if value is None else value if value.strip() == value != "" else repr(value)


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"
