"""DelimitedExtract."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

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


class DelimitedExtract(ExtractStage):
    """Read delimited text (CSV and its relatives) into a view of text columns.

    Every column is text, and an empty value is null; a TypingTransform gives the columns their types. Without a header
    the columns are `_c0`, `_c1`, …. Their number is that of the first line: shorter rows are filled with nulls, surplus
    values dropped, blank lines left out. The escape is the backslash: set `escape` to `"` for files that double quotes.
    A schema neither names nor types the columns; its metadata goes to columns of the same name. When the path is
    missing or has no data, the stage fails unless there is a schema: then the view is empty and has the schema's types.
    """

    example: ClassVar[str] = """
{
  "type": "DelimitedExtract",
  "name": "read the contacts",
  "environments": ["test"],
  "inputURI": "s3a://landing/contacts/*.csv",
  "header": true,
  "outputView": "contacts_text"
}
"""

    input_uri: Glob | None = None
    input_view: InputView | None = None
    input_field: InputField | None = None
    output_view: OutputView
    delimiter: Annotated[
        Literal["Comma", "Pipe", "DefaultHive", "Custom"], Field(description="The separator; `DefaultHive` means 0x01.")
    ] = "Comma"
    custom_delimiter: Annotated[str | None, Field(min_length=1, description="The separator, for `Custom`.")] = None
    quote: Annotated[
        Literal["DoubleQuote", "SingleQuote", "None"], Field(description="What encloses values; `None`: nothing does.")
    ] = "DoubleQuote"
    header: Annotated[Flag, Field(description="The first line of each file holds the columns' names.")] = False
    escape: Annotated[str, Field(max_length=1, description="What precedes a quote within a quoted value.")] = "\\"
    multi_line: Annotated[Flag, Field(description="Quoted values may hold line breaks.")] = False
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

    @model_validator(mode="after")
    def _custom_delimiter_is_given(self) -> Self:
        if self.delimiter == "Custom" and self.custom_delimiter is None:
            context = {"code": "missing-key", "key": "customDelimiter", "remedy": "Give it, or another delimiter."}
            raise PydanticCustomError("missing", "`customDelimiter` is needed for `delimiter` `Custom`", context)
        return self
