"""ParquetLoad."""

from typing import ClassVar, Self

from pydantic import ConfigDict, model_validator

from arcbook.stages.base import LoadStage
from arcbook.stages.intervals import NEEDS_PARTITIONS, require_partitions
from arcbook.stages.keys import (
    Authentication,
    InputView,
    NumPartitions,
    OutputURI,
    PartitionBy,
    PartitionOverwriteMode,
    ReplaceWhere,
    SaveMode,
)


class ParquetLoad(LoadStage):
    """Write a view as Parquet files into a folder.

    `partitionBy` columns become `key=value` folders and leave the files. Columns that are only null (without a type)
    cannot be written: they are dropped and named in the result, or refused when that policy is off. A view without
    rows leaves one file that holds its columns, so that it can be read back.

    The files are written where no reader looks and moved when all are complete, so a failure leaves the target as it
    was. With `saveMode` `Overwrite` the folder is exchanged, or only the partitions that `replaceWhere` or
    `partitionOverwriteMode` names; `Append` adds files, `ErrorIfExists` fails when the folder is there and `Ignore`
    then does nothing. What an earlier attempt at the run added is not added again.
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

    model_config = ConfigDict(json_schema_extra=NEEDS_PARTITIONS)

    input_view: InputView
    output_uri: OutputURI
    authentication: Authentication = {}
    num_partitions: NumPartitions | None = None
    partition_by: PartitionBy = ()
    save_mode: SaveMode = "Overwrite"
    replace_where: ReplaceWhere | None = None
    partition_overwrite_mode: PartitionOverwriteMode = "static"
    at_most_one_of = (("replaceWhere", "partitionOverwriteMode"),)

    @model_validator(mode="after")
    def _intervals_are_partitions(self) -> Self:
        require_partitions(self)
        return self
