"""DeltaLakeExtract."""

from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from arcbook.stages.base import ExtractStage, key_of
from arcbook.stages.keys import (
    Authentication,
    DocumentURI,
    Flag,
    Glob,
    NumPartitions,
    OutputView,
    PartitionBy,
    Persist,
    SchemaColumns,
    SchemaView,
    at_most_one,
)

_STATES = ("version_as_of", "timestamp_as_of", "relative_version")


class TimeTravel(BaseModel):
    """Which state of the table to read."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=key_of, json_schema_extra=at_most_one(*map(key_of, _STATES))
    )

    version_as_of: Annotated[int | None, Field(ge=0, description="A version of the table.")] = None
    timestamp_as_of: Annotated[str | None, Field(description="The last version at or before this time.")] = None
    relative_version: Annotated[int | None, Field(le=0, description="0 is the newest, -1 the one before.")] = None
    can_return_last_commit: Annotated[
        Flag, Field(description="When the wanted state is older than the oldest: that one, instead of failing.")
    ] = False

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        given = [name for name in _STATES if getattr(self, name) is not None]
        if len(given) > 1:
            first, second = (key_of(name) for name in given[:2])
            context = {"code": "conflicting-keys", "key": "options", "remedy": "Keep one of them."}
            raise PydanticCustomError("options", f"`{first}` and `{second}` exclude each other", context)
        return self


class DeltaLakeExtract(ExtractStage):
    """Read a Delta Lake table, as it is or as it was.

    Without `options` the view stands for the table: `MERGE INTO`, `UPDATE` and `DELETE` on the view change the table,
    and reading the view always shows the table's newest state. With `options` the view is one earlier state; a text
    like `2026-11-23 08:00:00` for `timestampAsOf` is in the session's zone. When there is no table the stage fails
    unless there is a schema: then the view is empty and has the schema's types.
    """

    example: ClassVar[str] = """
{
  "type": "DeltaLakeExtract",
  "name": "read the contacts before today's load",
  "environments": ["test"],
  "inputURI": "s3a://lake/contacts",
  "options": {"relativeVersion": -1},
  "outputView": "contacts_before"
}
"""
    needs: ClassVar[frozenset[str]] = frozenset({"delta"})

    input_uri: Glob
    output_view: OutputView
    options: Annotated[TimeTravel, Field(description="Which state of the table to read.")] = TimeTravel()
    authentication: Authentication = {}
    columns: Annotated[SchemaColumns | None, Field(alias="schema")] = None
    schema_uri: DocumentURI | None = None
    schema_view: SchemaView | None = None
    persist: Persist = False
    num_partitions: NumPartitions | None = None
    partition_by: PartitionBy = ()
