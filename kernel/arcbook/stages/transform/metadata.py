"""MetadataTransform."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from arcbook.stages.base import TransformStage
from arcbook.stages.keys import (
    SCHEMA,
    DocumentURI,
    InputView,
    NumPartitions,
    OutputView,
    PartitionBy,
    Persist,
    SchemaColumns,
    SchemaView,
)


class MetadataTransform(TransformStage):
    """Give the columns of a view the metadata of a schema.

    Metadata goes to columns of the same name and replaces what they had; other columns keep theirs. Data, types and
    order do not change. With `failMode` `failfast` view and schema must have the same names.
    """

    example: ClassVar[str] = """
{
  "type": "MetadataTransform",
  "name": "describe the contacts",
  "environments": ["test"],
  "inputView": "contacts",
  "schema": [{"name": "email", "type": "string", "nullable": true, "metadata": {"personal": true}}],
  "outputView": "described_contacts"
}
"""
    one_of = (SCHEMA,)

    input_view: InputView
    columns: Annotated[SchemaColumns | None, Field(alias="schema")] = None
    schema_uri: DocumentURI | None = None
    schema_view: SchemaView | None = None
    fail_mode: Annotated[
        Literal["permissive", "failfast"], Field(description="Whether view and schema must have the same columns.")
    ] = "permissive"
    output_view: OutputView
    persist: Persist = False
    num_partitions: NumPartitions | None = None
    partition_by: PartitionBy = ()
