"""MetadataExtract."""

from typing import ClassVar

from arcbook.stages.base import ExtractStage
from arcbook.stages.keys import InputView, NumPartitions, OutputView, PartitionBy, Persist


class MetadataExtract(ExtractStage):
    """Turn the columns of a view into rows: one for each column, in the form of a schema document.

    The columns of the result are `name`, `description`, `type`, `nullable`, `metadata` (a struct of all metadata) and
    what the types need (`precision`, `formatters`, …), in alphabetical order; what no row has is left out. The result
    can be the `schemaView` of another stage, or be saved as the documentation of a table.

    Columns of type void are left out; binary columns, which have no text to be typed from, are refused.
    """

    example: ClassVar[str] = """
{
  "type": "MetadataExtract",
  "name": "describe the contacts",
  "environments": ["test"],
  "inputView": "contacts",
  "outputView": "contacts_columns"
}
"""
    input_view: InputView
    output_view: OutputView
    persist: Persist = False
    num_partitions: NumPartitions | None = None
    partition_by: PartitionBy = ()
