"""DelimitedExtract."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.extracting import Extracted, finish, scan, with_internal
from arcbook.runners.files import read_by_engine, reads_itself, sources_of, text_of_view, total_size
from arcbook.runners.reading.delimited_text import Dialect, column_names, first_record
from arcbook.runners.reading.listing import absolute
from arcbook.runners.reading.scan import DelimitedReader, open_input
from arcbook.sql.quote import identifier, literal
from arcbook.stages.extract.delimited import DelimitedExtract

if TYPE_CHECKING:
    import pyarrow as pa

_SEPARATORS = {"Comma": ",", "Pipe": "|", "DefaultHive": "\x01"}
_QUOTES = {"DoubleQuote": '"', "SingleQuote": "'", "None": ""}
#: Spark takes the first line from the biggest split of a file, and no split is bigger.
_SPLIT_BYTES = 128 << 20


@run.register
def run_delimited_extract(stage: DelimitedExtract, session: Session) -> Result:
    """Read the files, or the text in a view."""
    dialect = Dialect(
        _SEPARATORS.get(stage.delimiter) or stage.custom_delimiter or ",",
        _QUOTES[stage.quote],
        stage.escape,
        stage.header,
        stage.multi_line,
    )
    internal = "index" if stage.contiguous_index else "id"
    if stage.input_view is not None:
        return finish(stage, session, _from_view(stage, dialect, session), internal=internal)
    place = stage.input_uri or ""
    if not reads_itself(session):
        return finish(stage, session, _scanned(stage, place, dialect, internal, session), internal=internal)
    reader = session.spark.read.options(**_options(dialect))
    if stage.base_path:
        reader = reader.option("basePath", absolute(stage.base_path))
    read = read_by_engine(place, lambda: reader.csv(absolute(place)))
    if read.frame is not None:
        read = replace(read, frame=with_internal(read.frame, internal, "input_file_name()"), complete=True)
    return finish(stage, session, read, internal=internal)


def _options(dialect: Dialect) -> dict[str, str]:
    return {
        "sep": dialect.separator,
        "quote": dialect.quote,
        "escape": dialect.escape,
        "header": str(dialect.header).lower(),
        "multiLine": str(dialect.multi_line).lower(),
        "inferSchema": "false",
    }


def _scanned(stage: DelimitedExtract, place: str, dialect: Dialect, internal: str, session: Session) -> Extracted:
    from pyspark.sql.types import StringType

    sources, lack = sources_of(place, stage.base_path)
    if lack is not None:
        return lack
    for source in sorted(sources, key=lambda each: -min(each.size, _SPLIT_BYTES)):
        with open_input(source.uri) as stream:
            first = first_record(stream, dialect)
        if first is not None:
            break
    else:
        return Extracted(lack="fields", place=place, files=len(sources))
    names = column_names(first, header=dialect.header)
    reader = DelimitedReader(dialect, len(names))
    frame = scan(sources, reader, [(name, StringType()) for name in names], internal, session)
    return Extracted(frame=frame, place=place, files=len(sources), size=total_size(sources), complete=True)


def _from_view(stage: DelimitedExtract, dialect: Dialect, session: Session) -> Extracted:
    """Each row of the view is one record. With a header, every line equal to the first one is left out, as in Spark."""
    lines = text_of_view(stage.input_view or "", stage.input_field, session).where("trim(value) <> ''")
    head = lines.first()
    if head is None:
        return Extracted(lack="fields")
    names = column_names(dialect.line(head[0]), header=dialect.header)
    if dialect.header:
        lines = lines.where(f"value <> {literal(head[0])}")
    if not reads_itself(session):
        schema = ", ".join(f"{identifier(name)} STRING" for name in names)
        return Extracted(frame=lines.coalesce(1).mapInArrow(_Lines(dialect, tuple(names)), schema))
    columns = ", ".join(f"c{position} STRING" for position in range(len(names)))
    options = {**_options(dialect), "header": "false"}
    given = ", ".join(f"{literal(key)}, {literal(value)}" for key, value in options.items())
    parsed = lines.selectExpr(f"from_csv(value, {literal(columns)}, map({given})) AS row")
    return Extracted(
        frame=parsed.selectExpr(*(f"row.c{position} AS {identifier(name)}" for position, name in enumerate(names)))
    )


@dataclass(frozen=True)
class _Lines:
    """Parses lines inside the engine's process."""

    dialect: Dialect
    names: tuple[str, ...]

    def __call__(self, batches: Iterable["pa.RecordBatch"]) -> Iterator["pa.RecordBatch"]:
        import pyarrow as pa

        width = len(self.names)
        for batch in batches:
            rows = [self.dialect.line(text)[:width] for text in batch.column(0).to_pylist()]
            padded = [[*row, *[""] * (width - len(row))] for row in rows]
            columns = [pa.array([row[at] or None for row in padded], pa.string()) for at in range(width)]
            yield pa.RecordBatch.from_arrays(columns, names=list(self.names))
