"""JSONLoad."""

from typing import ClassVar

from arcbook.stages.base import LoadStage
from arcbook.stages.keys import Authentication, InputView, NumPartitions, OutputURI, PartitionBy, SaveMode


class JSONLoad(LoadStage):
    """Write a view as files with one JSON object on each line.

    Members that are null are left out, nulls within lists stay. Dates are `yyyy-MM-dd`, timestamps ISO text with
    milliseconds and offset in the session's zone, binary values base64. `partitionBy` columns become `key=value`
    folders and leave the objects. Columns that are only null (without a type) are dropped and named in the result, or
    refused when that policy is off. A view without rows leaves an empty file.

    The files are written beside the target and moved into it when all are complete, so a failure leaves the target as
    it was. With `saveMode` `Overwrite` the folder is exchanged, with `Append` files are added, `ErrorIfExists` fails
    when the folder is there and `Ignore` then does nothing. A repeated run appends its rows once more: where that must
    not happen, `Overwrite` a folder of the run's own, or use `DeltaLakeLoad`.
    """

    example: ClassVar[str] = """
{
  "type": "JSONLoad",
  "name": "write the orders",
  "environments": ["test"],
  "inputView": "orders",
  "outputURI": "s3a://lake/orders_json",
  "numPartitions": 1,
  "saveMode": "Append"
}
"""

    input_view: InputView
    output_uri: OutputURI
    authentication: Authentication = {}
    num_partitions: NumPartitions | None = None
    partition_by: PartitionBy = ()
    save_mode: SaveMode = "Overwrite"
