"""Frames without rows."""

from typing import TYPE_CHECKING

from arcbook.engines.session import Session
from arcbook.sql.quote import identifier

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType, StructType


def empty_frame(schema: "StructType", session: Session) -> "DataFrame":
    """A frame without rows that has the columns of `schema` with their metadata."""
    from pyspark.sql import functions

    # Not by `createDataFrame`: Sail does not take the metadata there. Nor by a statement, which is a request by itself.
    columns = (
        functions.expr(f"CAST(NULL AS {ddl(field.dataType)})").alias(field.name, metadata=dict(field.metadata or {}))
        for field in schema
    )
    return session.spark.range(0).select(*columns)


def ddl(kind: "DataType") -> str:
    """A type as SQL writes it, the members' names quoted."""
    from pyspark.sql.types import ArrayType, MapType, NullType, StructType

    if isinstance(kind, StructType):
        return f"STRUCT<{', '.join(f'{identifier(each.name)}: {ddl(each.dataType)}' for each in kind)}>"
    if isinstance(kind, ArrayType):
        return f"ARRAY<{ddl(kind.elementType)}>"
    if isinstance(kind, MapType):
        return f"MAP<{ddl(kind.keyType)}, {ddl(kind.valueType)}>"
    return "VOID" if isinstance(kind, NullType) else kind.simpleString()
