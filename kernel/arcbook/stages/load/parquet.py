"""ParquetLoad."""

from typing import ClassVar

from arcbook.stages.base import LoadStage
from arcbook.stages.keys import Authentication, InputView, NumPartitions, OutputURI, PartitionBy, SaveMode


class ParquetLoad(LoadStage):
    """Write a view as Parquet files into a folder.

    `partitionBy` columns become `key=value` folders and leave the files. Columns that are only null (without a type)
    cannot be written: they are dropped and named in the result, or refused when that policy is off. A view without
    rows leaves one file that holds its columns, so that it can be read back.

    The files are written beside the target and moved into it when all are complete, so a failure leaves the target as
    it was. With `saveMode` `Overwrite` the folder is exchanged, with `Append` files are added, `ErrorIfExists` fails
    when the folder is there and `Ignore` then does nothing. A repeated run appends its rows once more: where that must
    not happen, `Overwrite` a folder of the run's own, or use `DeltaLakeLoad`.
    """

    example: ClassVar[str] = """
{
  "type": "ParquetLoad",
  "name": "write the trips",
  "environments": ["test"],
  "inputView": "trips",
  "outputURI": "s3a://lake/trips",
  "partitionBy": ["day"],
  "saveMode": "Overwrite"
}
"""

    input_view: InputView
    output_uri: OutputURI
    authentication: Authentication = {}
    num_partitions: NumPartitions | None = None
    partition_by: PartitionBy = ()
    save_mode: SaveMode = "Overwrite"
