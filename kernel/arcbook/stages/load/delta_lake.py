"""DeltaLakeLoad."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from arcbook.stages.base import LoadStage
from arcbook.stages.keys import (
    Authentication,
    Flag,
    InputView,
    NumPartitions,
    OutputURI,
    PartitionBy,
    SaveMode,
    TextMap,
)

_OPTIONS = ("mergeSchema", "overwriteSchema", "replaceWhere")


class DeltaLakeLoad(LoadStage):
    """Write a view to a Delta Lake table.

    `Overwrite` replaces the rows in one commit and takes the view's columns (`overwriteSchema`, true unless said
    otherwise); with `replaceWhere` only the rows that match are replaced, and every written row must match. `Append`
    adds rows; with `mergeSchema` new columns join the table. `ErrorIfExists` fails when there is a table, `Ignore` then
    does nothing. Columns that are only null (without a type) are dropped and named in the result, or refused when that
    policy is off. An `Append` that a run repeats after its rows were committed writes nothing.

    Views of the table show the new rows afterwards. Beside the table a manifest in `_symlink_format_manifest` lets
    Athena and Presto read it.
    """

    example: ClassVar[str] = """
{
  "type": "DeltaLakeLoad",
  "name": "write the contacts",
  "environments": ["test"],
  "inputView": "contacts",
  "outputURI": "s3a://lake/contacts",
  "saveMode": "Overwrite"
}
"""
    needs: ClassVar[frozenset[str]] = frozenset({"delta"})

    input_view: InputView
    output_uri: OutputURI
    authentication: Authentication = {}
    num_partitions: NumPartitions | None = None
    partition_by: PartitionBy = ()
    save_mode: SaveMode = "Overwrite"
    options: Annotated[
        TextMap,
        Field(
            description="`overwriteSchema`, `mergeSchema` and `replaceWhere`.",
            json_schema_extra={"propertyNames": {"enum": [*_OPTIONS]}},
        ),
    ] = {}
    generate_symlink_manifest: Annotated[Flag, Field(description="Write the manifest that Athena reads.")] = True
    overwrite_schema: Annotated[Flag | None, Field(description="As in `options`; Arc ignores it here.")] = None
    merge_schema: Annotated[Flag | None, Field(description="As in `options`; Arc ignores it here.")] = None
    replace_where: Annotated[str | None, Field(description="As in `options`; Arc ignores it here.")] = None

    @model_validator(mode="after")
    def _options_are_known(self) -> Self:
        for name in self.options:
            if name not in _OPTIONS:
                context = {"code": "unknown-key", "key": f"options.{name}", "remedy": f"Known: {', '.join(_OPTIONS)}."}
                raise PydanticCustomError("option", f"DeltaLakeLoad knows no option `{name}`", context)
        return self
