"""Rows of a view into a checkpoint and back, with all that their schema says."""

import hashlib
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from arcbook.core.addresses import is_s3, within_s3
from arcbook.core.failures import InputError
from arcbook.engines.session import Session
from arcbook.reuse.checkpoints import ROWS, Checkpoint, Checkpoints
from arcbook.runners.reading.scan import filesystem_of
from arcbook.sql.quote import identifier

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructField

#: So many rows are written by us, in one file and in their order; more by the engine, which keeps no order.
MOST_ROWS = 200_000
#: Words in the JSON of a schema for types that Parquet cannot hold.
_NOT_IN_PARQUET = ('"void"', '"interval', '"variant"', '"calendar', '"udt"', "interval ")
#: A value of each type that has one, for columns that are never null.
_ANY_VALUE = {
    "tinyint": "0Y", "smallint": "0S", "int": "0", "bigint": "0L", "float": "CAST(0 AS FLOAT)", "double": "0D",
    "string": "''", "boolean": "false", "date": "DATE '1970-01-01'", "binary": "X''",
    "timestamp": "TIMESTAMP '1970-01-01 00:00:00'", "timestamp_ntz": "TIMESTAMP_NTZ '1970-01-01 00:00:00'",
}  # fmt: skip


def unstorable(frame: "DataFrame") -> str:
    """Why the rows of a frame cannot be stored; empty when they can."""
    names = [name.lower() for name in frame.columns]
    if not names:
        return "it has no columns"
    if len(set(names)) < len(names):
        return "two of its columns have one name"
    schema = frame.schema.json()
    unfit = [word for word in _NOT_IN_PARQUET if word in schema]
    return f"it has a column of a type that Parquet does not know ({unfit[0].strip(chr(34))})" if unfit else ""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written into a folder: how many rows, and size and SHA-256 of the one file that we wrote ourselves.

    `rows` is None when the engine wrote them, in files of its own.
    """

    rows: int | None = None
    size: int = 0
    sha256: str = ""


def write_rows(frame: "DataFrame", folder: str, *, few_only: bool = False) -> Written | None:
    """Write the rows of `frame` into `folder`, which is empty.

    Returns None, with nothing written, when there are more than `MOST_ROWS` and `few_only`: little input can yield any
    number.
    """
    few: Any = frame.limit(MOST_ROWS + 1).toArrow()
    if few.num_rows > MOST_ROWS:
        if few_only:
            return None
        frame.write.mode("append").parquet(f"{folder}/files")
        return Written()
    import pyarrow.parquet as pq

    content = io.BytesIO()
    pq.write_table(few, content, compression="zstd", row_group_size=MOST_ROWS)
    name = f"{folder}/{ROWS}"
    with filesystem_of(name).open_output_stream(within_s3(name) if is_s3(name) else name) as stream:
        stream.write(content.getbuffer())
    return Written(int(few.num_rows), len(content.getbuffer()), hashlib.sha256(content.getbuffer()).hexdigest())


def read_rows(checkpoint: Checkpoint, store: Checkpoints, session: Session) -> "DataFrame":
    """The stored rows as a frame with the columns, metadata and nullability that the view had.

    Raises:
        InputError: what is read back has other columns or types.
    """
    folder = store.folder(checkpoint.key)
    names = [name for name in checkpoint.files if name.endswith(".parquet")]
    ours = [name for name in names if name.endswith(f"/{ROWS}")]
    address = f"{folder}/{ours[0]}" if ours else f"{folder}/{names[0].split('/')[0]}/files" if names else ""
    if not address:
        raise InputError(f"The checkpoint {folder} has no rows.")
    frame = session.spark.read.parquet(address)
    wanted = _fields(checkpoint.schema)
    found = {field.name: field for field in frame.schema.fields}
    for field in wanted:
        back = found.get(field.name)
        if back is None or back.dataType.simpleString() != field.dataType.simpleString():
            kind = back.dataType.simpleString() if back else "nothing"
            raise InputError(
                f"The checkpoint {folder} has {kind} for `{field.name}`, not {field.dataType.simpleString()}."
            )
    solid = frame.selectExpr(*(_solid(field, found[field.name]) for field in wanted))
    return solid.select(
        *(
            solid[identifier(field.name)].alias(field.name, metadata=dict(field.metadata or {}))
            if field.metadata
            else solid[identifier(field.name)]
            for field in wanted
        )
    )


def _solid(wanted: "StructField", found: "StructField") -> str:
    """The column; one that is never null is told to the engine as such, files do not say so."""
    name = identifier(wanted.name)
    kind = wanted.dataType.simpleString()
    value = f"CAST(0 AS {kind})" if kind.startswith("decimal") else _ANY_VALUE.get(kind)
    if wanted.nullable or not found.nullable or value is None:
        return name
    return f"coalesce({name}, {value}) AS {name}"


def _fields(schema: str) -> "list[StructField]":
    from pyspark.sql.types import StructType

    return list(StructType.fromJson(json.loads(schema)).fields)
