"""JSONExtract."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arcbook.core.failures import ArcbookError, InputError
from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.extracting import Extracted, finish, scan, schema_of, with_internal
from arcbook.runners.files import read_by_engine, reads_itself, sources_of, text_of_view, total_size
from arcbook.runners.reading.json_text import CORRUPT, ddl, holds_several, infer, record_texts
from arcbook.runners.reading.listing import Source, absolute, can_list
from arcbook.runners.reading.scan import JsonReader, open_input
from arcbook.schemas.model import Schema
from arcbook.sql.quote import identifier, literal
from arcbook.stages.extract.json import JSONExtract

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: How much of a file is looked at to see that it holds several objects.
_BEGINNING = 1 << 16


@run.register
def run_json_extract(stage: JSONExtract, session: Session) -> Result:
    """Read the files, or the text in a view; what is passed over of a file of several objects is said."""
    internal = "index" if stage.contiguous_index else "id"
    if stage.input_view is not None:
        return finish(stage, session, _from_view(stage, session), internal=internal)
    place = stage.input_uri or ""
    schema = schema_of(stage, session)
    if not reads_itself(session):
        return _read(stage, session, _scanned(stage, place, schema, internal, session), internal)
    reader = session.spark.read.option("multiLine", str(stage.multi_line).lower())
    if stage.base_path:
        reader = reader.option("basePath", absolute(stage.base_path))
    if schema is not None:
        reader = reader.schema(schema.ddl)
    read = read_by_engine(place, lambda: reader.json(absolute(place)))
    if read.frame is not None:
        read = replace(read, frame=with_internal(read.frame, internal, "input_file_name()"), complete=True)
    return _read(stage, session, read, internal)


def _read(stage: JSONExtract, session: Session, read: Extracted, internal: str) -> Result:
    if not stage.multi_line or not _has_more(read.first):
        return finish(stage, session, read, internal=internal)
    warning = (
        f"`{stage.name}` reads only the first JSON object of {read.first}, which holds more: by default a file is one "
        "value. With one object per line, set `multiLine` to false; else make a list of the objects."
    )
    result = finish(stage, session, read, internal=internal, details={"warning": warning})
    return replace(result, printed=f"Warning: {warning}")


def _has_more(file: str) -> bool:
    """Whether a file holds further objects behind the first; False where its beginning cannot be had from here."""
    if not file or not can_list(file):
        return False
    # The engine has its own way to the file, with other credentials perhaps: what it reads decides on the stage.
    with suppress(OSError, ArcbookError), open_input(file) as stream:
        return holds_several(stream.read(_BEGINNING).decode("utf-8", errors="replace"))
    return False


def _scanned(stage: JSONExtract, place: str, schema: Schema | None, internal: str, session: Session) -> Extracted:
    from pyspark.sql.types import StringType

    sources, lack = sources_of(place, stage.base_path)
    if lack is not None:
        return lack
    columns, corrupt = _columns(schema, _records(sources, multi_line=stage.multi_line))
    if not columns:
        return _nothing(corrupt, place, len(sources))
    fields = [("_record", StringType()), (CORRUPT, StringType())]
    frame = scan(sources, JsonReader(stage.multi_line), fields, internal, session)
    rest = [name for name in frame.columns if name not in ("_record", CORRUPT, *columns)]
    frame = _typed(frame, columns, [CORRUPT] if corrupt else [], rest)
    first, size = sources[0].uri, total_size(sources)
    return Extracted(frame=frame, place=place, files=len(sources), size=size, complete=True, first=first)


def _records(sources: Sequence[Source], *, multi_line: bool) -> Iterator[str]:
    for source in sources:
        with open_input(source.uri) as stream:
            yield from record_texts(stream.read().decode("utf-8", errors="replace"), multi_line=multi_line)


def _columns(schema: Schema | None, records: Iterator[str]) -> tuple[dict[str, str], bool]:
    """The columns with their types, and whether corrupt records need one of their own."""
    if schema is not None:
        return {column.name: column.sql_type for column in schema}, False
    found, corrupt = infer(records)
    columns = {name: ddl(kind) for name, kind in found.items()}
    folded = [name.lower() for name in columns]
    for name in columns:
        if folded.count(name.lower()) > 1:
            raise InputError(f"The JSON objects have members that differ only in case: `{name}`.")
    return columns, corrupt


def _nothing(corrupt: bool, place: str, files: int | None) -> Extracted:
    if corrupt:
        where = f" of '{place}'" if place else ""
        raise InputError(f"No record{where} is a JSON object; with one object per line, set `multiLine` to false.")
    return Extracted(lack="fields", place=place, files=files)


def _typed(frame: "DataFrame", columns: Mapping[str, str], first: list[str], rest: list[str]) -> "DataFrame":
    """The members of `_record` as columns, with the columns `first` sorted in and `rest` behind."""
    text = {name for name, kind in columns.items() if kind == "TIMESTAMP"}
    # Sail's parser refuses the T of ISO timestamps, its cast does not.
    wanted = ", ".join(f"{identifier(name)} {'STRING' if name in text else kind}" for name, kind in columns.items())
    row = frame.selectExpr(f"from_json(_record, {literal(wanted)}) AS _row", *map(identifier, (*first, *rest)))
    members: dict[str, Any] = {name: f"_row.{identifier(name)} AS {identifier(name)}" for name in columns}
    for name in text:
        members[name] = f"try_cast(_row.{identifier(name)} AS TIMESTAMP) AS {identifier(name)}"
    members |= {name: identifier(name) for name in first}
    order = sorted(members) if first else list(members)
    return row.selectExpr(*(members[name] for name in order), *map(identifier, rest))


def _from_view(stage: JSONExtract, session: Session) -> Extracted:
    """Each row of the view is one record, or a list of records. The schema decides no types, as in Arc."""
    lines = text_of_view(stage.input_view or "", stage.input_field, session)
    texts = (row[0] for row in lines.toLocalIterator())
    columns, corrupt = _columns(None, (record for text in texts for record in record_texts(text, multi_line=False)))
    if not columns:
        return _nothing(corrupt, "", None)
    kinds = ", ".join(f"{identifier(name)}: {kind}" for name, kind in columns.items())
    one, many = f"STRUCT<{kinds}>", f"ARRAY<STRUCT<{kinds}>>"
    rows = lines.where("trim(value) <> ''").selectExpr(
        f"explode(CASE WHEN ltrim(value) LIKE '[%' THEN from_json(value, {literal(many)}) "
        f"ELSE array(from_json(value, {literal(one)})) END) AS _row"
    )
    return Extracted(frame=rows.selectExpr(*(f"_row.{identifier(name)} AS {identifier(name)}" for name in columns)))
