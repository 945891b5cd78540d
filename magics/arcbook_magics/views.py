"""Looking at views: which one a cell names, its columns, its schema document."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from arcbook.core.failures import CellError
from arcbook.core.problem import Problem

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.types import DataType, StructField, StructType

    from arcbook.cells.model import Cell
    from arcbook_magics.workbench import Workbench


def schema_of(bench: "Workbench", cell: "Cell") -> "StructType":
    """The schema of the view that the cell names.

    Raises:
        CellError: no view is named, or there is none of that name.
    """
    from arcbook.cells.lines import named_view

    name, span = named_view(cell)

    def inside(spark: "SparkSession") -> "StructType":
        from arcbook.sql.quote import identifier

        return spark.table(identifier(name) if "." not in name and "`" not in name else name).schema

    from arcbook.core.failures import DefinitionError
    from arcbook.core.suggest import did_you_mean

    try:
        found: StructType = bench.with_session(lambda session: inside(session.spark))
    except DefinitionError as error:
        known: list[str] = bench.room.call(lambda executor: [view.name for view in executor.session({}).views])
        remedy = did_you_mean(name, known) or (f"The views are: {', '.join(known)}." if known else "")
        problem = Problem("unknown-view", f"there is no view `{name}`", span, remedy=remedy)
        raise CellError([problem]) from error
    return found


def tree_lines(schema: "StructType") -> Iterator[str]:
    """The columns as an indented tree, in the form Spark prints."""
    yield "root"
    for field in schema.fields:
        yield from _branch(field.name, field.dataType, field.nullable, 1)


def _branch(name: str, kind: "DataType", nullable: bool, depth: int) -> Iterator[str]:
    head = " |   " * (depth - 1) + " |-- "
    type_name = kind.typeName()
    shown = kind.simpleString() if type_name not in ("struct", "array", "map") else type_name
    yield f"{head}{name}: {shown} (nullable = {str(nullable).lower()})"
    if type_name == "struct":
        for field in kind.fields:  # type: ignore[attr-defined]
            yield from _branch(field.name, field.dataType, field.nullable, depth + 1)
    elif type_name == "array":
        yield from _branch("element", kind.elementType, kind.containsNull, depth + 1)  # type: ignore[attr-defined]
    elif type_name == "map":
        yield from _branch("key", kind.keyType, False, depth + 1)  # type: ignore[attr-defined]
        yield from _branch("value", kind.valueType, kind.valueContainsNull, depth + 1)  # type: ignore[attr-defined]


def document(schema: "StructType") -> list[dict[str, Any]]:
    """The schema as an Arc schema document: what a TypingTransform would take to make it."""
    return [_column(field) for field in schema.fields]


_TYPES = {
    "tinyint": "integer", "smallint": "integer", "int": "integer", "bigint": "long", "float": "double",
    "timestamp_ntz": "timestamp",
}  # fmt: skip


def _column(field: "StructField") -> dict[str, Any]:
    kind = field.dataType
    simple = kind.simpleString()
    own = dict(field.metadata or {})
    column: dict[str, Any] = {}
    if "id" in own:
        column["id"] = own.pop("id")
    column["name"] = field.name
    if "description" in own:
        column["description"] = own.pop("description")
    type_name = kind.typeName()
    column["type"] = _TYPES.get(simple, type_name)
    column["nullable"] = field.nullable
    if type_name == "decimal":
        column |= {"precision": kind.precision, "scale": kind.scale}  # type: ignore[attr-defined]
    elif type_name == "date":
        column["formatters"] = ["uuuu-MM-dd"]
    elif type_name == "timestamp":
        column |= {"formatters": ["uuuu-MM-dd HH:mm:ss"], "timezoneId": "UTC"}
    elif type_name == "struct":
        column["fields"] = document(kind)  # type: ignore[arg-type]
    elif type_name == "array":
        from pyspark.sql.types import StructField

        element = StructField("element", kind.elementType, kind.containsNull)  # type: ignore[attr-defined]
        column["elementType"] = _column(element)
    if own:
        column["metadata"] = own
    return column


def metadata_rows(schema: "StructType") -> tuple[tuple[str, ...], list[dict[str, str | None]]]:
    """Header and rows of `%metadata`: a row per column, a `metadata.<key>` column per key that any of them has."""
    keys = sorted({key for field in schema.fields for key in field.metadata or {}})
    rows = []
    for field in schema.fields:
        row: dict[str, str | None] = {
            "name": field.name,
            "nullable": str(field.nullable).lower(),
            "type": field.dataType.simpleString(),
        }
        row |= {f"metadata.{key}": _written((field.metadata or {}), key) for key in keys}
        rows.append(row)
    return ("name", "nullable", "type", *(f"metadata.{key}" for key in keys)), rows


def _written(metadata: Mapping[str, Any], key: str) -> str | None:
    value = metadata.get(key)
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
