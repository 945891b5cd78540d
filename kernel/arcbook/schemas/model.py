"""The columns of an Arc schema document, checked and frozen. Built by `arcbook.schemas.read.parse_schema`."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from arcbook.core.truth import TRUTH
from arcbook.sql.quote import identifier

_NUMERAL = re.compile(r"\s*([+-]?\d{1,30})(?:\.\d*)?\s*", re.ASCII)


def _boolean(value: Any) -> Any:
    """HOCON reads the texts true/yes/on and false/no/off as booleans, and no number."""
    return TRUTH.get(value, value) if isinstance(value, str) else value


def _whole(value: Any) -> Any:
    """HOCON cuts a number's fraction off and reads numeric text."""
    if isinstance(value, float) and math.isfinite(value):
        return int(value)
    if isinstance(value, str) and (found := _NUMERAL.fullmatch(value)):
        return int(found[1])
    return value


def _text(value: Any) -> Any:
    """HOCON reads numbers and booleans as text."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Flag = Annotated[bool, BeforeValidator(_boolean), Field(strict=True)]
#: Limits of a whole number must be given in front of this: behind it pydantic writes them into no JSON Schema.
WHOLE = BeforeValidator(_whole)
Whole = Annotated[int, Field(strict=True), WHOLE]
Text = Annotated[str, BeforeValidator(_text), Field(strict=True)]
Texts = Annotated[tuple[Text, ...], Field(strict=False)]

#: Keys and list positions from a document's root.
Path = tuple[str | int, ...]
#: Where, and what is wrong there.
Finding = tuple[Path, str]


class Column(BaseModel):
    """What every column has. `sql_type` is its type in Spark's DDL."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")

    type_name: ClassVar[str]
    #: Attributes in the order Arc lists them when it guesses what a misspelt one meant.
    attribute_order: ClassVar[tuple[str, ...]] = ("id", "name", "description", "type", "metadata")

    id: Text | None = None
    name: Text
    description: Text | None = None
    nullable: Flag
    metadata: dict[str, Any] = {}

    @property
    def sql_type(self) -> str:
        """The column's type as Spark writes it in DDL."""
        raise NotImplementedError

    @property
    def field_metadata(self) -> dict[str, Any]:
        """What Spark keeps with the column: the document's metadata, `nullable`, `internal`, `id`, `description`."""
        kept = {"nullable": self.nullable, "internal": False, **self.metadata}
        if self.id is not None:
            kept["id"] = self.id
        if self.description is not None:
            kept["description"] = self.description
        return kept


class TextColumn(Column):
    """A column typed from text: how its text is prepared before the type's own rules."""

    trim: Flag = False
    nullable_values: Texts = ()
    null_replacement_value: Text | None = None

    attribute_order: ClassVar[tuple[str, ...]] = ("trim", "nullable", "nullReplacementValue", "nullableValues")


class BooleanColumn(TextColumn):
    """Exact texts for true and for false."""

    type_name: ClassVar[str] = "boolean"
    true_values: Texts
    false_values: Texts

    @property
    def sql_type(self) -> str:
        return "BOOLEAN"


class DateColumn(TextColumn):
    """A day, by the first pattern that fits."""

    type_name: ClassVar[str] = "date"
    formatters: Texts
    case_sensitive: Flag = False

    @property
    def sql_type(self) -> str:
        return "DATE"


class DecimalColumn(TextColumn):
    """An exact number of `precision` digits, `scale` of them behind the point."""

    type_name: ClassVar[str] = "decimal"
    precision: Annotated[Whole, Field(ge=1, le=38)]
    scale: Annotated[Whole, Field(ge=0, le=38)]
    formatters: Texts = ()

    @property
    def sql_type(self) -> str:
        return f"DECIMAL({self.precision},{self.scale})"


class DoubleColumn(TextColumn):
    """A 64-bit floating point number."""

    type_name: ClassVar[str] = "double"
    formatters: Texts = ()

    @property
    def sql_type(self) -> str:
        return "DOUBLE"


class IntegerColumn(TextColumn):
    """A whole number of 32 bits."""

    type_name: ClassVar[str] = "integer"
    formatters: Texts = ()

    @property
    def sql_type(self) -> str:
        return "INT"


class LongColumn(TextColumn):
    """A whole number of 64 bits."""

    type_name: ClassVar[str] = "long"
    formatters: Texts = ()

    @property
    def sql_type(self) -> str:
        return "BIGINT"


class StringColumn(TextColumn):
    """Text, with limits in UTF-16 units and a pattern for the whole of it."""

    type_name: ClassVar[str] = "string"
    min_length: Whole | None = None
    max_length: Whole | None = None
    regex: Text | None = None

    @property
    def sql_type(self) -> str:
        return "STRING"


class TimeColumn(TextColumn):
    """A time of day, kept as ISO text."""

    type_name: ClassVar[str] = "time"
    formatters: Texts

    @property
    def sql_type(self) -> str:
        return "STRING"


class TimeOfDay(BaseModel):
    """The time given to days of a timestamp column whose patterns hold none."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    hour: Annotated[Whole, Field(ge=0, le=23)]
    minute: Annotated[Whole, Field(ge=0, le=59)]
    second: Annotated[Whole, Field(ge=0, le=59)]
    nano: Annotated[Whole, Field(ge=0, le=999_999_999)]


class TimestampColumn(TextColumn):
    """A moment, by the first pattern that fits, in `timezone_id` unless the text says a zone."""

    type_name: ClassVar[str] = "timestamp"
    formatters: Texts
    timezone_id: Text
    case_sensitive: Flag = False
    time: TimeOfDay | None = None

    @property
    def sql_type(self) -> str:
        return "TIMESTAMP"


class BinaryColumn(TextColumn):
    """Bytes written as text."""

    type_name: ClassVar[str] = "binary"
    encoding: Literal["base64", "hexadecimal"]

    @property
    def sql_type(self) -> str:
        return "BINARY"


class StructColumn(Column):
    """Columns within a column."""

    type_name: ClassVar[str] = "struct"
    fields_: Annotated[tuple[Column, ...], Field(alias="fields", min_length=1)]

    @property
    def sql_type(self) -> str:
        inner = ", ".join(f"{identifier(field.name)}: {field.sql_type}" for field in self.fields_)
        return f"STRUCT<{inner}>"


class ArrayColumn(Column):
    """A list of values of one kind."""

    type_name: ClassVar[str] = "array"
    element_type: Column

    @property
    def sql_type(self) -> str:
        return f"ARRAY<{self.element_type.sql_type}>"


#: Every column type by name, in the order Arc lists them.
COLUMN_TYPES: Mapping[str, type[Column]] = {
    column.type_name: column
    for column in (
        BooleanColumn, DateColumn, DecimalColumn, DoubleColumn, IntegerColumn, LongColumn, StringColumn, TimeColumn,
        TimestampColumn, BinaryColumn, StructColumn, ArrayColumn,
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a document in their order. `warnings` stop nothing."""

    columns: tuple[Column, ...]
    warnings: tuple[Finding, ...] = ()

    @property
    def ddl(self) -> str:
        """The columns as Spark's DDL, for an empty view of these types."""
        return ", ".join(f"{identifier(column.name)} {column.sql_type}" for column in self.columns)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)
