"""ParquetExtract."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from arcbook.core.addresses import is_s3, within_s3
from arcbook.core.failures import InputError
from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.extracting import Extracted, finish, scan, with_internal
from arcbook.runners.files import read_by_engine, reads_itself, sources_of, total_size
from arcbook.runners.reading.listing import Source, absolute, can_list, list_sources, local_path
from arcbook.runners.reading.scan import ParquetReader, fs_s3
from arcbook.stages.extract.parquet import ParquetExtract

if TYPE_CHECKING:
    import pyarrow as pa


@run.register
def run_parquet_extract(stage: ParquetExtract, session: Session) -> Result:
    """Read the files; their columns are united."""
    internal = "index" if stage.contiguous_index else "id"
    if not reads_itself(session):
        return finish(stage, session, _scanned(stage, internal, session), internal=internal)
    if can_list(stage.input_uri) and not any(source.size for source in list_sources(stage.input_uri).files):
        # An empty file is none to Arc, and an error in Spark's own reader.
        _, lack = sources_of(stage.input_uri, None)
        return finish(stage, session, lack or Extracted(lack="files", place=stage.input_uri), internal=internal)
    reader = session.spark.read.option("mergeSchema", "true")
    if stage.base_path:
        reader = reader.option("basePath", absolute(stage.base_path))
    read = read_by_engine(stage.input_uri, lambda: reader.parquet(absolute(stage.input_uri)))
    if read.frame is not None:
        # Parquet knows the number of a row in its file, so nothing needs counting.
        frame = with_internal(read.frame, internal, "input_file_name()", "_metadata.row_index + 1")
        read = replace(read, frame=frame, complete=True)
    return finish(stage, session, read, internal=internal)


def _scanned(stage: ParquetExtract, internal: str, session: Session) -> Extracted:
    # pyspark's own mapping between Arrow's types and Spark's; it is not documented, but the Connect client rests on it.
    from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

    place = stage.input_uri
    sources, lack = sources_of(place, stage.base_path)
    if lack is not None:
        return lack
    sources = tuple(source for source in sources if source.size)
    if not sources:
        return Extracted(lack="files", place=place)
    known = from_arrow_schema(_united(sources))
    if not known.fields:
        return Extracted(lack="fields", place=place, files=len(sources))
    wanted = to_arrow_schema(known)
    reader = ParquetReader(wanted.serialize().to_pybytes())
    frame = scan(sources, reader, [(field.name, field.dataType) for field in known.fields], internal, session)
    return Extracted(frame=frame, place=place, files=len(sources), size=total_size(sources), complete=True)


def _united(sources: Sequence[Source]) -> "pa.Schema":
    """The columns of all files, from their footers."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schemas = []
    for source in sources:
        remote = is_s3(source.uri)
        place = within_s3(source.uri) if remote else local_path(source.uri)
        try:
            schemas.append(pq.read_schema(place, filesystem=fs_s3() if remote else None).remove_metadata())
        except pa.ArrowInvalid as error:
            raise InputError(f"{source.uri} is no Parquet file: {error}") from error
    try:
        return pa.unify_schemas(schemas)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise InputError(
            f"The files of {sources[0].uri.rpartition('/')[0]} disagree about a column: {error}"
        ) from error
