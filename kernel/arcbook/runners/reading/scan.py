"""The rows of files as Arrow batches with file name and row number, produced inside the engine's process."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from arcbook.core.addresses import is_s3, within_s3
from arcbook.runners.reading.delimited_text import Dialect, tables
from arcbook.runners.reading.json_text import parsed, record_texts
from arcbook.runners.reading.listing import local_path
from arcbook.runners.reading.partitions import arrow_type, partition_value

if TYPE_CHECKING:
    import pyarrow as pa

#: As Spark numbers rows: the number of the part in the bits above, that of the row in the bits below.
_PART_BITS = 33
_BATCH_ROWS = 32_768


class Reader(Protocol):
    """Reads one file into blocks of columns, always the same ones."""

    def blocks(self, uri: str) -> Iterator["list[pa.Array]"]: ...


def open_input(uri: str) -> IO[bytes]:
    """The bytes of a file, local or on S3."""
    if is_s3(uri):
        stream: IO[bytes] = fs_s3().open_input_stream(within_s3(uri))
        return stream
    return Path(local_path(uri)).open("rb")


def filesystem_of(uri: str) -> Any:
    """The file system of a path or address, as pyarrow knows it."""
    from pyarrow import fs

    return fs_s3() if is_s3(uri) else fs.LocalFileSystem()


def fs_s3() -> Any:
    """S3 through pyarrow, by the same environment as the engine."""
    from pyarrow import fs

    # Sail's process has the first name, ours the others.
    names = ("AWS_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    endpoint = next((os.environ[name] for name in names if os.environ.get(name)), None)
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return fs.S3FileSystem(endpoint_override=endpoint, region=region)


@dataclass(frozen=True)
class DelimitedReader:
    """Delimited text with `width` columns."""

    dialect: Dialect
    width: int

    def blocks(self, uri: str) -> Iterator["list[pa.Array]"]:
        """The file's rows, a block of lines at a time."""
        with open_input(uri) as stream:
            yield from tables(stream, self.dialect, self.width)


@dataclass(frozen=True)
class JsonReader:
    """JSON records as text, with a second column of those that are corrupt."""

    multi_line: bool

    def blocks(self, uri: str) -> Iterator["list[pa.Array]"]:
        """The file's records."""
        import pyarrow as pa

        with open_input(uri) as stream:
            text = stream.read().decode("utf-8", errors="replace")
        records = list(record_texts(text, multi_line=self.multi_line))
        for start in range(0, len(records), _BATCH_ROWS):
            part = records[start : start + _BATCH_ROWS]
            corrupt = [None if parsed(record) is not None else record for record in part]
            yield [pa.array(part, pa.string()), pa.array(corrupt, pa.string())]


@dataclass(frozen=True)
class ParquetReader:
    """Parquet files, brought to one schema (in Arrow's own serialised form)."""

    schema: bytes

    def blocks(self, uri: str) -> Iterator["list[pa.Array]"]:
        """The file's rows in their order; columns that it lacks are null."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        wanted = pa.ipc.read_schema(pa.py_buffer(self.schema))
        filesystem = fs_s3() if is_s3(uri) else None
        place = within_s3(uri) if is_s3(uri) else local_path(uri)
        with pq.ParquetFile(place, filesystem=filesystem) as file:
            known = {name.lower(): name for name in file.schema_arrow.names}
            present = [known[name.lower()] for name in wanted.names if name.lower() in known]
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=present):
                columns = {name.lower(): batch.column(name) for name in present}
                yield [
                    _fitting(columns[each.name.lower()], each.type)
                    if each.name.lower() in columns
                    else pa.nulls(batch.num_rows, each.type)
                    for each in wanted
                ]


def _fitting(column: "pa.Array", kind: "pa.DataType") -> "pa.Array":
    return column if column.type == kind else column.cast(kind)


@dataclass(frozen=True)
class Scan:
    """What to produce for each file: the reader's columns, partition columns, then the internal ones.

    `internal` is "index" (`_filename`, `_index` from 1), "id" (`_monotonically_increasing_id` from 0, `_filename`) or
    empty.
    """

    reader: Reader
    names: tuple[str, ...]
    partitions: tuple[tuple[str, str], ...] = ()
    internal: str = "index"
    values: dict[str, dict[str, str]] = field(default_factory=dict)

    def __call__(self, batches: Iterable["pa.RecordBatch"]) -> Iterator["pa.RecordBatch"]:
        """The rows of the files listed in `batches` (columns `part` and `uri`)."""
        for batch in batches:
            for part, uri in zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True):
                first = 0
                for columns in self.reader.blocks(uri):
                    rows = len(columns[0]) if columns else 0
                    if rows:
                        yield self._completed(columns, rows, part, uri, first)
                    first += rows

    def _completed(self, columns: "list[pa.Array]", rows: int, part: int, uri: str, first: int) -> "pa.RecordBatch":
        import pyarrow as pa

        columns = list(columns)
        names = list(self.names)
        for name, kind in self.partitions:
            value = partition_value(self.values.get(uri, {}).get(name), kind)
            columns.append(pa.repeat(pa.scalar(value, arrow_type(kind)), rows))
            names.append(name)
        if self.internal:
            files = pa.repeat(pa.scalar(uri, pa.string()), rows)
            start = first + 1 if self.internal == "index" else (part << _PART_BITS) + first
            numbers = _range(start, rows)
            columns += [files, numbers] if self.internal == "index" else [numbers, files]
            names += internal_names(self.internal)
        return pa.RecordBatch.from_arrays(columns, names=names)


def internal_names(internal: str) -> list[str]:
    """The internal columns in Arc's order."""
    return {"index": ["_filename", "_index"], "id": ["_monotonically_increasing_id", "_filename"]}.get(internal, [])


def _range(start: int, rows: int) -> "pa.Array":
    import numpy as np
    import pyarrow as pa

    return pa.array(np.arange(start, start + rows, dtype=np.int64))
