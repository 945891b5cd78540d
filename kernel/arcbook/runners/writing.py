"""Writing frames as files, with what Sail's writers do differently levelled."""

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from arcbook.core.addresses import is_s3, within_s3
from arcbook.core.failures import DefinitionError, InputError
from arcbook.engines.session import Session
from arcbook.runners.base import Result
from arcbook.runners.intervals import NULL_FOLDER, replaced_files, require_declared
from arcbook.runners.loading import WritesFiles, rows_to_write, write_key
from arcbook.runners.placing import place
from arcbook.runners.reading.json_text import json_line
from arcbook.runners.reading.scan import filesystem_of
from arcbook.runners.written_rows import counting, rows_in_footers
from arcbook.sql.quote import identifier, literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType


def write_files(stage: WritesFiles, session: Session, file_format: str) -> Result:
    """Write the stage's view as files of a format ("json" or "parquet")."""
    frame, details = rows_to_write(stage, session)
    if not frame.columns:
        raise InputError(f"The view `{stage.input_view}` has no columns that can be written.")
    if len(stage.partition_by) >= len(frame.columns):
        raise DefinitionError("`partitionBy` names all columns: none would be left for the files.")
    require_declared(frame, stage.replace_where)
    prepared = _levelled(frame, stage.partition_by, file_format) if session.engine == "embedded" else frame

    rows: int | None = None

    def write(folder: str) -> None:
        nonlocal rows
        if session.engine == "embedded" and stage.num_partitions == 1 and not stage.partition_by:
            rows = _write_one(prepared, folder, file_format)
        else:
            rows = _write_by_engine(prepared, folder, file_format, stage.partition_by, session.engine)

    def write_columns(folder: str) -> None:
        if not stage.partition_by:
            _write_columns(frame, folder, file_format)

    placed = place(
        stage.output_uri,
        stage.save_mode,
        write,
        write_columns,
        key=write_key(stage, session),
        replaced=replaced_files(stage, frame, session),
    )
    details["skipped"] = placed.skipped
    details["outputFiles"] = len(placed.files)
    details["bytesWritten"] = sum(size for _, size in placed.files)
    if file_format == "parquet" and not placed.skipped:
        rows = rows_in_footers([file for file, _ in placed.files])
    if rows is not None and not placed.skipped:
        details["recordsWritten"] = rows
    return Result(frame=frame, details=details)


def _levelled(frame: "DataFrame", partition_by: tuple[str, ...], file_format: str) -> "DataFrame":
    folders = {name.lower() for name in partition_by}
    columns = []
    for field in frame.schema.fields:
        name = identifier(field.name)
        value = _as_json(name, field.dataType) if file_format == "json" else name
        if field.name.lower() in folders:
            value = f"coalesce(nullif(CAST({name} AS STRING), ''), '{NULL_FOLDER}')"
        columns.append(f"{value} AS {name}")
    return frame.selectExpr(*columns)


def _as_json(value: str, kind: "DataType") -> str:
    """The SQL of a value that Sail's JSON writer writes as Spark writes `value`."""
    from pyspark.sql.types import ArrayType, BinaryType, StructType, TimestampType

    if isinstance(kind, BinaryType):
        return f"base64({value})"
    if isinstance(kind, TimestampType):
        return f"date_format({value}, \"yyyy-MM-dd'T'HH:mm:ss.SSSXXX\")"
    if isinstance(kind, ArrayType):
        inner = _as_json("_each", kind.elementType)
        return value if inner == "_each" else f"transform({value}, _each -> {inner})"
    if isinstance(kind, StructType):
        members = {each.name: _as_json(f"{value}.{identifier(each.name)}", each.dataType) for each in kind.fields}
        if all(inner == f"{value}.{identifier(name)}" for name, inner in members.items()):
            return value
        listed = ", ".join(f"{literal(name)}, {inner}" for name, inner in members.items())
        return f"CASE WHEN {value} IS NULL THEN NULL ELSE named_struct({listed}) END"
    return value


def _write_by_engine(
    frame: "DataFrame", folder: str, file_format: str, partition_by: Sequence[str], engine: str
) -> int | None:
    """Have the engine write its files; returns how many rows they have where it tells, which Sail does not."""
    told = None
    if file_format == "json" and engine != "embedded":
        frame, told = counting(frame)
    frame.write.format(file_format).mode("append").partitionBy(*partition_by).save(folder)
    return told() if told else None


def _write_one(frame: "DataFrame", folder: str, file_format: str) -> int:
    """Write one file with the rows in their order and return their number.

    Sail deals the rows of one partition out to several files.
    """
    rows: Any = frame.toArrow()
    name = _new_file(folder, file_format)
    if file_format == "parquet":
        import pyarrow.parquet as pq

        pq.write_table(rows, _within(name), filesystem=filesystem_of(name), compression="snappy")
        return int(rows.num_rows)
    with filesystem_of(name).open_output_stream(_within(name)) as stream:
        for batch in rows.to_batches():
            stream.write("".join(json_line(row) for row in batch.to_pylist()).encode())
    return int(rows.num_rows)


def _write_columns(frame: "DataFrame", folder: str, file_format: str) -> None:
    """Sail writes no file for a frame without rows; Spark writes one, from which the columns can be read."""
    name = _new_file(folder, file_format)
    if file_format != "parquet":
        with filesystem_of(name).open_output_stream(_within(name)):
            return
    import pyarrow.parquet as pq
    from pyspark.sql.pandas.types import to_arrow_schema

    empty: Any = to_arrow_schema(frame.schema).empty_table()
    pq.write_table(empty, _within(name), filesystem=filesystem_of(name))


def _new_file(folder: str, file_format: str) -> str:
    """A name that no file has: the new ones may join others."""
    return f"{folder.rstrip('/')}/part-{uuid.uuid4().hex[:16]}.{file_format}"


def _within(uri: str) -> str:
    """The path that a file system of pyarrow knows."""
    return within_s3(uri) if is_s3(uri) else uri
