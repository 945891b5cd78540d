"""Key types shared by many stages: each carries its type, limits, description and role.

The role tells static analysis what a value means, so that no stage repeats it: the views a stage reads and makes,
the places outside it reads and writes.
"""

import re
from enum import Enum
from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, PlainValidator
from pydantic_core import PydanticCustomError

from arcbook.core.units import Duration, Size, UnitError, read_duration, read_size
from arcbook.schemas.model import WHOLE, Schema
from arcbook.schemas.model import Flag as Flag
from arcbook.schemas.read import document_of, parse_schema


class Role(Enum):
    """What the value of a key means to the job."""

    READS_VIEW = "reads view"
    MAKES_VIEW = "makes view"
    READS_PLACE = "reads place"
    WRITES_PLACE = "writes place"
    SQL = "sql over the job's views"
    FOREIGN_SQL = "sql of another database"
    METADATA_SQL = "sql over the columns of a view"
    DOCUMENT = "document"


#: Keys that say the same thing in different ways.
STATEMENT = ("sql", "inputURI")
INPUT = ("inputURI", "inputView")
SCHEMA = ("schema", "schemaURI", "schemaView")


def _text_map(value: Any) -> Any:
    """Nested objects become dotted keys and every value text, as Arc reads its maps."""
    if not isinstance(value, dict):
        return value
    flat: dict[str, str] = {}
    for key, item in value.items():
        if isinstance(item, dict):
            flat |= {f"{key}.{inner}": text for inner, text in _text_map(item).items()}
        elif isinstance(item, bool):
            flat[key] = str(item).lower()
        elif item is not None:
            flat[key] = str(item)
    return flat


def given(key: str) -> dict[str, Any]:
    """JSON Schema's words for an object in which `key` stands and is not null, which counts as missing."""
    return {"required": [key], "properties": {key: {"not": {"type": "null"}}}}


def at_most_one(*keys: str) -> dict[str, Any]:
    """JSON Schema's words for an object in which of these keys one stands at most."""
    return {"allOf": [{"not": {"allOf": [given(one), given(other)]}} for one, other in combinations(keys, 2)]}


def _duration(value: Any) -> Duration:
    try:
        return read_duration(value)
    except UnitError as error:
        raise PydanticCustomError("duration", "{reason}", {"reason": str(error)}) from None


def _size(value: Any) -> Size:
    try:
        return read_size(value)
    except UnitError as error:
        raise PydanticCustomError("size", "{reason}", {"reason": str(error)}) from None


def _glob(pattern: str) -> str:
    """Brackets that are never closed would stand for themselves, or match what nobody meant; Arc refuses them."""
    code = re.sub(r"\\.|\[[^\]]+\]", "", pattern)
    for opening, closing in ("[]", "{}"):
        if code.count(opening) > code.count(closing):
            reason = f"a `{opening}` in `{pattern}` is never closed"
            raise PydanticCustomError("glob", "{reason}", {"reason": reason})
    return pattern


#: A length of time: `10 seconds`, `5m`; a bare number is milliseconds. The value is an `arcbook.core.units.Duration`.
DurationKey = Annotated[
    Duration,
    PlainValidator(_duration, json_schema_input_type=str | int),
    PlainSerializer(str, return_type=str),
]
#: An amount of bytes: `512 MiB`, `10k`; a bare number is bytes. The value is an `arcbook.core.units.Size`.
SizeKey = Annotated[
    Size,
    PlainValidator(_size, json_schema_input_type=str | int),
    PlainSerializer(str, return_type=str),
]

#: Engines count in 32 bits.
Count = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1), WHOLE]
TextMap = Annotated[dict[str, str], BeforeValidator(_text_map)]

InputView = Annotated[str, Role.READS_VIEW, Field(min_length=1, description="Name of the view to read.")]
OutputView = Annotated[str, Role.MAKES_VIEW, Field(min_length=1, description="Name of the view to make.")]
Glob = Annotated[
    str,
    Role.READS_PLACE,
    AfterValidator(_glob),
    Field(
        min_length=1, description="Path or pattern to read (`*`, `?`, `[abc]`, `{x,y}`); local, `s3://` or `s3a://`."
    ),
]
OutputURI = Annotated[
    str, Role.WRITES_PLACE, Field(min_length=1, description="Folder to write; local, `s3://` or `s3a://`.")
]
DocumentURI = Annotated[
    str, Role.DOCUMENT, Field(min_length=1, description="Address of a document; local, `http(s)://` or `s3://`.")
]
SchemaColumns = Annotated[
    Schema,
    PlainValidator(
        lambda value: value if isinstance(value, Schema) else parse_schema(value),
        json_schema_input_type=list[dict[str, Any]],
    ),
    PlainSerializer(document_of, return_type=list[dict[str, Any]]),
    Field(description="The columns: a list of objects with `name`, `type`, `nullable` and what the type needs."),
]
SchemaView = Annotated[
    str, Role.READS_VIEW, Field(min_length=1, description="View of which each row describes a column.")
]
Sql = Annotated[str, Role.SQL, Field(min_length=1, description="The statement.")]
ForeignSql = Annotated[
    str, Role.FOREIGN_SQL, Field(min_length=1, description="The statement, in the other database's own SQL.")
]
MetadataSql = Annotated[
    str,
    Role.METADATA_SQL,
    Field(min_length=1, description="The statement, over `metadata`: one row for each column of `inputView`."),
]
Severity = Annotated[
    Literal["fail", "warn"],
    Field(description="When the data is not right: `fail` ends the job, `warn` only says so; Arc refuses the key."),
]
Evidence = Annotated[
    str,
    Role.SQL,
    Field(
        min_length=1,
        description="A query for the rows that are not right, of which some are shown, masked; without it they are "
        "derived from the statement where its first column counts rows. Arc refuses the key.",
    ),
]
MetadataEvidence = Annotated[
    str,
    Role.METADATA_SQL,
    Field(min_length=1, description="A query over `metadata` for the columns that are not right; Arc refuses the key."),
]
EvidenceColumns = Annotated[
    tuple[str, ...],
    Field(description="Columns that evidence shows as they are, such as ids; Arc refuses the key."),
]
SqlParams = Annotated[
    TextMap,
    Field(description="Values for `${name}` in the statement, pasted as text. Prefer `:name`, which binds a value."),
]


class WatermarkValue(BaseModel):
    """Until when late rows are waited for, in a stream."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    event_time: Annotated[str, Field(alias="eventTime", min_length=1, description="Column with a row's time.")]
    delay_threshold: Annotated[
        str, Field(alias="delayThreshold", min_length=1, description="How late a row may come: `10 minutes`.")
    ]


Watermark = Annotated[
    WatermarkValue, Field(description="How late rows may come: `eventTime` and `delayThreshold`; for streaming jobs.")
]
Authentication = Annotated[
    TextMap, Field(description="How to sign in to the storage: `method` and that method's keys.")
]
InputField = Annotated[
    str, Field(min_length=1, description="Column of `inputView` that holds the text; needed when it has several.")
]
BasePath = Annotated[
    str,
    Field(min_length=1, description="Folder below which `key=value` folders become columns, when a pattern skips it."),
]
NumPartitions = Annotated[Count, Field(description="Repartition into this many partitions.")]
PartitionBy = Annotated[tuple[str, ...], Field(description="Columns to partition by.")]
Persist = Annotated[
    Flag,
    Field(description="Keep the view's rows in memory and count them; the engine `embedded` only counts them."),
]
ContiguousIndex = Annotated[
    Flag,
    Field(
        description="True adds `_filename` and `_index` (row number in its file, from 1); "
        "false adds `_monotonically_increasing_id` and `_filename`."
    ),
]
ReplaceWhere = Annotated[
    str,
    Field(
        min_length=1,
        description="With `Overwrite`: a condition on the columns of `partitionBy`. Only partitions that meet it are "
        "replaced, and every written row must meet it; Arc refuses the key.",
    ),
]
PartitionOverwriteMode = Annotated[
    Literal["static", "dynamic"],
    Field(
        description="With `Overwrite`: `dynamic` replaces only the partitions that the written rows belong to; Arc "
        "refuses the key."
    ),
]
SaveMode = Annotated[
    Literal["Append", "ErrorIfExists", "Ignore", "Overwrite"],
    Field(description="What to do when the target exists already."),
]
