"""JSONExtract."""

from typing import Annotated, ClassVar

from pydantic import Field

from arcbook.stages.base import ExtractStage
from arcbook.stages.keys import (
    Authentication,
    BasePath,
    ContiguousIndex,
    DocumentURI,
    Flag,
    Glob,
    InputField,
    InputView,
    NumPartitions,
    OutputView,
    PartitionBy,
    Persist,
    SchemaColumns,
    SchemaView,
    Watermark,
)


class JSONExtract(ExtractStage):
    """Read JSON documents from files or from a column of text.

    By default each file is one value, an object or a list of objects; set `multiLine` to false for files with one
    object on each line, of which otherwise only the first is read, with a warning. The columns are those of all
    objects, in alphabetical order, and their types are inferred by reading everything once: what was only null is text,
    what has several kinds is text. A record that does not parse goes to `_corrupt_record`.

    With a schema nothing is inferred: files give the schema's columns and types (missing members are null). Text in a
    view is always inferred, as in Arc; the schema's metadata goes to columns of the same name. When the path is missing
    or has no data, the stage fails unless there is a schema: then the view is empty and has the schema's types.
    """

    example: ClassVar[str] = """
{
  "type": "JSONExtract",
  "name": "read the orders",
  "environments": ["test"],
  "inputURI": "s3a://landing/orders/*.json",
  "multiLine": false,
  "outputView": "orders"
}
"""

    input_uri: Glob | None = None
    input_view: InputView | None = None
    input_field: InputField | None = None
    output_view: OutputView
    multi_line: Annotated[
        Flag, Field(description="True: one value per file, an object or a list of them; false: one object per line.")
    ] = True
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
