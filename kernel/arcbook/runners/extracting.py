"""What all file extracts share: missing and empty input, internal columns, metadata, the view."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from arcbook.core.addresses import scheme_of
from arcbook.core.failures import InputError
from arcbook.engines.session import Session
from arcbook.runners.base import Result
from arcbook.runners.reading.listing import Source
from arcbook.runners.reading.partitions import partition_columns
from arcbook.runners.reading.scan import Reader, Scan, internal_names
from arcbook.runners.views import MakesView, make_view, read_view
from arcbook.schemas.model import Schema
from arcbook.schemas.read import SchemaError, parse_schema
from arcbook.sql.quote import identifier

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

INTERNAL = ("_filename", "_index", "_monotonically_increasing_id")
_FROM = "An Arc internal field describing where this row was originally sourced from."
_WHERE = "An Arc internal field describing where in _filename this row was originally sourced from."
_METADATA: Mapping[str, Mapping[str, Any]] = {
    "_filename": {"internal": True, "description": _FROM},
    "_index": {"internal": True, "description": _WHERE},
    "_monotonically_increasing_id": {"internal": True, "description": _WHERE},
}
_EMPTY = "and no schema has been provided to create an empty dataframe."


class HasSchema(MakesView, Protocol):
    """The keys of an extract that takes a schema."""

    @property
    def columns(self) -> Schema | None: ...
    @property
    def schema_view(self) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """What was read. Without a `frame`, `lack` says what was missing: "path", "files" or "fields".

    `place` is the pattern for messages, empty for a view. `size` is that of the files in bytes, None when unknown.
    `complete` says that the internal columns are there. `first` is the address of the first file, where known.
    """

    frame: "DataFrame | None" = None
    lack: str = ""
    place: str = ""
    files: int | None = None
    size: int | None = None
    complete: bool = False
    first: str = ""


def finish(
    stage: HasSchema,
    session: Session,
    read: Extracted,
    *,
    internal: str,
    details: Mapping[str, Any] | None = None,
    delta_path: str | None = None,
) -> Result:
    """Complete what was read to the stage's view; `internal` as in `Scan`, `delta_path` as in `make_view`.

    Raises:
        InputError: nothing was there and no schema says how the empty view should look.
    """
    gained: dict[str, Any] = dict(details or {})
    schema = schema_of(stage, session)
    if read.files is not None:
        gained["inputFiles"] = read.files
    if read.size is not None:
        gained["inputBytes"] = read.size
    frame = read.frame
    if frame is None:
        if schema is None:
            raise InputError(_lack(read))
        frame = empty(schema, session)
        if read.lack != "fields":
            gained["records"] = 0
    if not read.complete:
        frame = with_internal(frame, internal, "NULL" if read.frame is None else "''")
    return make_view(with_metadata(frame, schema), stage, session, details=gained, delta_path=delta_path)


def _lack(read: Extracted) -> str:
    relative = not scheme_of(read.place) and not Path(read.place).is_absolute()
    start = f" Relative addresses start at {Path.cwd()}." if relative else ""
    if relative and re.search(r"[*?\[{]", str(Path.cwd())):
        # As for Hadoop, in whose pattern syntax the whole address is written.
        start += " The name of that folder has a sign of patterns (`*`, `?`, `[` or `{`), so no address in it is found."
    if read.lack == "path":
        return f"Path '{read.place}' does not exist {_EMPTY}{start}"
    if read.lack == "files":
        return f"No files matched '{read.place}' {_EMPTY}{start}"
    place = f" '{read.place}'" if read.place else ""
    return f"Input{place} does not contain any fields {_EMPTY}"


def schema_of(stage: HasSchema, session: Session) -> Schema | None:
    """The stage's schema: its document, read when the job was checked, or the rows of a view."""
    if stage.columns is not None or stage.schema_view is None:
        return stage.columns
    rows = [_without_null(row.asDict(recursive=True)) for row in read_view(stage.schema_view, session).collect()]
    try:
        return parse_schema(rows)
    except SchemaError as error:
        raise InputError(f"Schema view '{stage.schema_view}' cannot be parsed as it has errors: {error}.") from error


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_null(item) for key, item in value.items() if item is not None}
    return [_without_null(item) for item in value] if isinstance(value, list) else value


def empty(schema: Schema, session: Session) -> "DataFrame":
    """A frame without rows and with the schema's columns."""
    columns = ", ".join(f"CAST(NULL AS {column.sql_type}) AS {identifier(column.name)}" for column in schema)
    return session.spark.sql(f"SELECT {columns} WHERE FALSE")


def with_internal(frame: "DataFrame", internal: str, file: str, number: str = "") -> "DataFrame":
    """`frame` with Arc's internal columns, unless it has one of them.

    `file` is the SQL of the source file's name; `number` that of the row's number in its file (from 1), where the
    format knows it. Otherwise rows are counted in the order in which the engine reads them.
    """
    names = internal_names(internal)
    if any(name in frame.columns for name in INTERNAL) or not names:
        return frame
    file = f"coalesce({file}, '') AS _filename"
    if internal == "id":
        return frame.selectExpr("*", "monotonically_increasing_id() AS _monotonically_increasing_id", file)
    if number:
        return frame.selectExpr("*", file, f"CAST({number} AS BIGINT) AS _index")
    marked = frame.selectExpr("*", file, "monotonically_increasing_id() AS _order")
    counted = "CAST(row_number() OVER (PARTITION BY _filename ORDER BY _order) AS BIGINT) AS _index"
    return marked.selectExpr("*", counted).drop("_order")


def with_metadata(frame: "DataFrame", schema: Schema | None) -> "DataFrame":
    """`frame` with the metadata of internal columns, and of the schema's columns of the same name."""
    described = {column.name: column.field_metadata for column in schema or ()}
    selected = []
    for field in frame.schema.fields:
        metadata = _METADATA.get(field.name) or described.get(field.name)
        column = frame[identifier(field.name)]
        selected.append(column.alias(field.name, metadata=dict(metadata)) if metadata else column)
    return frame.select(*selected)


def scan(
    sources: Sequence[Source], reader: Reader, fields: Sequence[tuple[str, Any]], internal: str, session: Session
) -> "DataFrame":
    """The rows of files by our own readers: exact order, file names and row numbers on an engine that keeps none.

    `fields` are the reader's columns with their Spark types. The frame is lazy: files are read whenever it is.
    """
    from pyspark.sql.types import LongType, StringType, StructField, StructType

    names = [name for name, _ in fields]
    partitions = {name: kind for name, kind in partition_columns(tuple(sources)).items() if name not in names}
    if any(name in (*names, *partitions) for name in INTERNAL):
        internal = ""
    values = {source.uri: dict(source.partitions) for source in sources} if partitions else {}
    work = Scan(reader, tuple(names), tuple(partitions.items()), internal, values)
    schema = StructType([StructField(name, kind) for name, kind in fields])
    for name, kind in partitions.items():
        schema.add(name, _spark_type(kind))
    for name in internal_names(internal):
        schema.add(name, StringType() if name == "_filename" else LongType(), nullable=False)
    listed = session.spark.createDataFrame(
        [(part, source.uri) for part, source in enumerate(sources)], "part INT, uri STRING"
    )
    return listed.coalesce(1).mapInArrow(work, schema)


def _spark_type(kind: str) -> Any:
    from pyspark.sql import types

    return {
        "INT": types.IntegerType(), "BIGINT": types.LongType(), "DOUBLE": types.DoubleType(), "DATE": types.DateType(),
    }.get(kind, types.StringType())  # fmt: skip
