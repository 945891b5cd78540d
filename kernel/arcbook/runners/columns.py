"""The columns of a view as rows, in the form of a schema document, and statements over them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from arcbook.core.failures import InputError
from arcbook.engines.session import Session
from arcbook.runners.views import read_view
from arcbook.sql.errors import SqlError
from arcbook.sql.offsets import Rendered, render
from arcbook.sql.rewrite import renamed
from arcbook.stages.base import Stage
from arcbook.stages.keys import Role

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType, StructField, StructType

_TYPES = {
    "tinyint": "integer", "smallint": "integer", "int": "integer", "bigint": "long", "float": "double",
    "timestamp_ntz": "timestamp",
}  # fmt: skip
#: What statements call these rows, and the view that stands for them: so a view of the job that has the first name is
#: not touched.
NAMES: Mapping[str, str] = {"metadata": "_arcbook_columns"}


@contextmanager
def columns_as_view(view: str, session: Session) -> Iterator[Mapping[str, str]]:
    """The rows about `view` as a view until the block ends; yields what `execute_statement` takes as `names`."""
    (name,) = NAMES.values()
    column_rows(view, session).createOrReplaceTempView(name)
    try:
        yield NAMES
    finally:
        session.spark.catalog.dropTempView(name)


def as_run(stage: Stage, text: str) -> Rendered:
    """A stage's statement, its placeholders filled, as the engine is given it: for places in the engine's errors."""
    if not any(True for _ in stage.values_of(Role.METADATA_SQL)):
        return render(text, ())
    try:
        return renamed(text, NAMES)
    except SqlError:
        return render(text, ())


def column_rows(view: str, session: Session) -> "DataFrame":
    """One row for each column of `view`; the columns are those that Spark would infer from the rows as JSON.

    Raises:
        InputError: a column is binary: no schema document can describe what is in it.
    """
    rows = [_described(field) for field in read_view(view, session).schema.fields if _is_describable(field, view)]
    if not rows:
        raise InputError(f"The view `{view}` has no columns that can be described.")
    # Sail reads a member of a struct that is null as false or 0, so there a struct is never null.
    hollow = session.engine == "embedded"
    kind = _struct(rows)
    return session.spark.createDataFrame([_fitted(row, kind, hollow=hollow) for row in rows], kind)


def _is_describable(field: "StructField", view: str) -> bool:
    name = field.dataType.typeName()
    if name == "binary":
        raise InputError(f"The column `{field.name}` of the view `{view}` is binary, which no schema can describe.")
    return name != "void"


def _described(field: "StructField") -> dict[str, Any]:
    """A column as a schema document has it, with the defaults that Arc writes."""
    from pyspark.sql.types import StructField

    kind: Any = field.dataType
    name = kind.typeName()
    metadata = dict(field.metadata or {})
    row: dict[str, Any] = {
        "name": field.name,
        "description": str(metadata.get("description", "")),
        "nullable": field.nullable,
        "metadata": metadata,
        "type": _TYPES.get(kind.simpleString(), name),
    }
    if name not in ("struct", "array"):
        row |= {"trim": True, "nullableValues": ["", "null"]}
    if name == "boolean":
        row |= {"trueValues": ["true"], "falseValues": ["false"]}
    elif name == "decimal":
        row |= {"precision": kind.precision, "scale": kind.scale}
    elif name == "date":
        row["formatters"] = ["uuuu-MM-dd"]
    elif row["type"] == "timestamp":
        row |= {"formatters": ["uuuu-MM-dd HH:mm:ss"], "timezoneId": "UTC"}
    elif name == "struct":
        row["fields"] = [_described(inner) for inner in kind.fields]
    elif name == "array":
        row["elementType"] = _described(StructField("element", kind.elementType, kind.containsNull))
    return row


def _struct(values: Sequence[Mapping[str, Any]]) -> "StructType":
    """The type of objects with all members that any of them has, in alphabetical order."""
    from pyspark.sql.types import StructType

    found = StructType()
    for name in sorted({name for value in values for name in value}):
        kind = _kind([value.get(name) for value in values])
        if kind is not None:
            found.add(name, kind)
    return found


def _kind(values: Sequence[Any]) -> "DataType | None":
    """The type that holds all values; None when there are none, or nothing in them."""
    from pyspark.sql.types import ArrayType, BooleanType, DoubleType, LongType, StringType

    known = [value for value in values if value is not None]
    kinds = {type(value) for value in known}
    if not kinds:
        return None
    if kinds == {dict}:
        return _struct(known) if any(known) else None
    if kinds == {list}:
        return ArrayType(_kind([item for value in known for item in value]) or StringType())
    if kinds == {bool}:
        return BooleanType()
    if kinds <= {int, float}:
        return LongType() if kinds == {int} else DoubleType()
    return StringType()


def _fitted(value: Any, kind: "DataType", *, hollow: bool) -> Any:
    """`value` as a row of that type needs it. `hollow` makes a missing object one whose members are null."""
    name = kind.typeName()
    if name == "struct":
        if value is None and not hollow:
            return None
        members = value or {}
        return tuple(
            _fitted(members.get(field.name), field.dataType, hollow=hollow)
            for field in kind.fields  # type: ignore[attr-defined]
        )
    if value is None:
        return None
    if name == "array":
        return [_fitted(item, kind.elementType, hollow=hollow) for item in value]  # type: ignore[attr-defined]
    if name == "double":
        return float(value)
    return value if name != "string" or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
