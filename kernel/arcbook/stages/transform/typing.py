"""TypingTransform."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from arcbook.schemas.rules import needs
from arcbook.stages.base import TransformStage
from arcbook.stages.keys import (
    SCHEMA,
    Authentication,
    DocumentURI,
    InputView,
    NumPartitions,
    OutputView,
    PartitionBy,
    Persist,
    SchemaColumns,
    SchemaView,
)


class TypingTransform(TransformStage):
    """Convert text columns to typed columns by a schema, and keep what could not be converted in `_errors`.

    Columns are matched by position: the view's columns without internal ones (`_filename`, `_index`) and the schema's
    must be equally many. A column that already has the wanted type passes unchanged; any other must be text. Internal
    columns follow the typed ones, and `_errors` is last: a list of `field` and `message` for each value of the row that
    could not be converted, empty for a clean row. Such values become null.

    With `failMode` `failfast` any error stops the job, otherwise only one in a column that is not `nullable`. Arc
    notices this when something reads the view; arcbook looks when the stage runs, with one query, so that the right
    stage is blamed. A job whose columns are all nullable costs no such query.

    The schema's `metadata`, `id` and `description` stay with the columns. Patterns of dates, times and numbers are
    Java's; one that cannot be compiled is refused by `check`. Where Arc stores timestamps before 15 October 1582 some
    days off, and moves dates of that month, arcbook keeps the day that was written.
    """

    example: ClassVar[str] = """
{
  "type": "TypingTransform",
  "name": "type the contacts",
  "environments": ["test"],
  "inputView": "contacts_text",
  "schema": [
    {"name": "id", "type": "integer", "nullable": false, "trim": true},
    {"name": "born", "type": "date", "nullable": true, "formatters": ["uuuu-MM-dd"], "nullableValues": [""]}
  ],
  "outputView": "contacts"
}
"""
    one_of = (SCHEMA,)
    by_position = ("inputView",)

    columns: Annotated[SchemaColumns | None, Field(alias="schema")] = None
    schema_uri: DocumentURI | None = None
    schema_view: SchemaView | None = None
    input_view: InputView
    output_view: OutputView
    authentication: Authentication = {}
    fail_mode: Annotated[
        Literal["permissive", "failfast"],
        Field(description="`permissive` keeps errors in `_errors`, `failfast` stops at any."),
    ] = "permissive"
    persist: Persist = False
    num_partitions: NumPartitions | None = None
    partition_by: PartitionBy = ()

    def required_capabilities(self) -> frozenset[str]:
        """Text patterns that look around or back need Java's regular expressions."""
        return self.needs | (needs(self.columns.columns) if self.columns else frozenset())
