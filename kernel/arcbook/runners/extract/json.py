"""JSONExtract."""

from dataclasses import replace

from arcbook.core.failures import InputError
from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.extracting import Extracted, finish, scan, schema_of, with_internal
from arcbook.runners.files import read_by_engine, reads_itself, sources_of, text_of_view, total_size
from arcbook.runners.json_files import all_records, columns_of, has_more, typed
from arcbook.runners.reading.json_text import CORRUPT, record_texts
from arcbook.runners.reading.listing import absolute
from arcbook.runners.reading.scan import JsonReader
from arcbook.schemas.model import Schema
from arcbook.sql.quote import identifier, literal
from arcbook.stages.extract.json import JSONExtract


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
    if not stage.multi_line or not has_more(read.first):
        return finish(stage, session, read, internal=internal)
    warning = (
        f"`{stage.name}` reads only the first JSON object of {read.first}, which holds more: by default a file is one "
        "value. With one object per line, set `multiLine` to false; else make a list of the objects."
    )
    result = finish(stage, session, read, internal=internal, details={"warning": warning})
    return replace(result, printed=f"Warning: {warning}")


def _scanned(stage: JSONExtract, place: str, schema: Schema | None, internal: str, session: Session) -> Extracted:
    from pyspark.sql.types import StringType

    sources, lack = sources_of(place, stage.base_path)
    if lack is not None:
        return lack
    columns, corrupt = columns_of(schema, all_records(sources, multi_line=stage.multi_line))
    if not columns:
        return _nothing(corrupt, place, len(sources))
    fields = [("_record", StringType()), (CORRUPT, StringType())]
    frame = scan(sources, JsonReader(stage.multi_line), fields, internal, session)
    rest = [name for name in frame.columns if name not in ("_record", CORRUPT, *columns)]
    frame = typed(frame, columns, [CORRUPT] if corrupt else [], rest)
    first, size = sources[0].uri, total_size(sources)
    return Extracted(frame=frame, place=place, files=len(sources), size=size, complete=True, first=first)


def _nothing(corrupt: bool, place: str, files: int | None) -> Extracted:
    if corrupt:
        where = f" of '{place}'" if place else ""
        raise InputError(f"No record{where} is a JSON object; with one object per line, set `multiLine` to false.")
    return Extracted(lack="fields", place=place, files=files)


def _from_view(stage: JSONExtract, session: Session) -> Extracted:
    """Each row of the view is one record, or a list of records. The schema decides no types, as in Arc."""
    lines = text_of_view(stage.input_view or "", stage.input_field, session)
    texts = (row[0] for row in lines.toLocalIterator())
    columns, corrupt = columns_of(None, (record for text in texts for record in record_texts(text, multi_line=False)))
    if not columns:
        return _nothing(corrupt, "", None)
    kinds = ", ".join(f"{identifier(name)}: {kind}" for name, kind in columns.items())
    one, many = f"STRUCT<{kinds}>", f"ARRAY<STRUCT<{kinds}>>"
    rows = lines.where("trim(value) <> ''").selectExpr(
        f"explode(CASE WHEN ltrim(value) LIKE '[%' THEN from_json(value, {literal(many)}) "
        f"ELSE array(from_json(value, {literal(one)})) END) AS _row"
    )
    return Extracted(frame=rows.selectExpr(*(f"_row.{identifier(name)} AS {identifier(name)}" for name in columns)))
