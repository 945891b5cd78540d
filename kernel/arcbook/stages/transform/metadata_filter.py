"""MetadataFilterTransform."""

from typing import ClassVar

from arcbook.stages.base import TransformStage
from arcbook.stages.keys import (
    STATEMENT,
    Authentication,
    DocumentURI,
    InputView,
    MetadataSql,
    NumPartitions,
    OutputView,
    PartitionBy,
    Persist,
    SqlParams,
)


class MetadataFilterTransform(TransformStage):
    """Keep the columns of a view that a query over their metadata selects.

    Within the statement `metadata` has one row for each column of `inputView`, with `name`, `type`, `nullable`,
    `description` and the struct `metadata` (as MetadataExtract makes it). The query returns a column `name`; the
    columns it names are kept, in the view's order, names that the view lacks are ignored.

    A view of the job that is called `metadata` is not touched; inside the statement the name means the columns.
    """

    example: ClassVar[str] = """
{
  "type": "MetadataFilterTransform",
  "name": "drop what is personal",
  "environments": ["test"],
  "inputView": "contacts",
  "sql": "SELECT name FROM metadata WHERE NOT metadata.personal",
  "outputView": "public_contacts"
}
"""
    one_of = (STATEMENT,)

    input_view: InputView
    input_uri: DocumentURI | None = None
    sql: MetadataSql | None = None
    sql_params: SqlParams = {}
    authentication: Authentication = {}
    output_view: OutputView
    persist: Persist = False
    num_partitions: NumPartitions | None = None
    partition_by: PartitionBy = ()
