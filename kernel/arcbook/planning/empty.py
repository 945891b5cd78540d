"""Frames without rows."""

from typing import TYPE_CHECKING

from arcbook.engines.session import Session
from arcbook.sql.quote import identifier

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType, StructType


def empty_frame(schema: "StructType", session: Session) -> "DataFrame":
    """A frame without rows that has the columns of `schema` with their metadata."""
    # Not by `createDataFrame`: Sail does not take the metadata there.
    columns = ", ".join(f"CAST(NULL AS {ddl(field.dataType)}) AS {identifier(field.name)}" for field in schema)
    frame = session.spark.sql(f"SELECT {columns} WHERE FALSE")
    return frame.select(
        *(frame[identifier(field.name)].alias(field.name, metadata=dict(field.metadata or {})) for field in schema)
    )


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
