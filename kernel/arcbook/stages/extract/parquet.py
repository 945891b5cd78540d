"""ParquetExtract."""

from typing import Annotated, ClassVar

from pydantic import Field

from arcbook.stages.base import ExtractStage
from arcbook.stages.keys import (
    Authentication,
    BasePath,
    ContiguousIndex,
    DocumentURI,
    Glob,
    NumPartitions,
    OutputView,
    PartitionBy,
    Persist,
    SchemaColumns,
    SchemaView,
    Watermark,
)


class ParquetExtract(ExtractStage):
    """Read Parquet files into a view.

    The view has the columns of all files; where a file lacks one, it is null. Folders named `key=value` below the path
    become columns; when a pattern reaches into them (`…/day=2026-*`), say in `basePath` where they begin.

    A schema changes no types; its metadata goes to columns of the same name. When the path is missing or has no files,
    the stage fails unless there is a schema: then the view is empty and has the schema's types.
    """

    example: ClassVar[str] = """
{
  "type": "ParquetExtract",
  "name": "read the trips",
  "environments": ["test"],
  "inputURI": "s3a://lake/trips/day=2026-*",
  "basePath": "s3a://lake/trips",
  "outputView": "trips"
}
"""

    input_uri: Glob
    output_view: OutputView
    authentication: Authentication = {}
    contiguous_index: ContiguousIndex = True
    columns: Annotated[SchemaColumns | None, Field(alias="schema")] = None
    schema_uri: DocumentURI | None = None
    schema_view: SchemaView | None = None
    base_path: BasePath | None = None
    persist: Persist = False
    num_partitions: NumPartitions | None = None
    partition_by: PartitionBy = ()
    watermark: Watermark | None = None
