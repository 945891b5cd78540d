"""Queries whose one row is a message for people and machines."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from arcbook.core.failures import DefinitionError, QualityError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Enough to tell "one row" from "several" without reading a table.
_ROWS_READ = 2


def only_row(frame: "DataFrame", types: Sequence[str]) -> tuple[tuple[Any, ...] | None, str]:
    """The values of a frame's only row, if it is one row of these types; and what was returned, in words.

    `types` are Spark's simple names. The row is None when the count of rows or a type differs.
    """
    rows = frame.take(_ROWS_READ)
    found = [field.dataType.simpleString() for field in frame.schema.fields]
    # A column of type void holds nothing but nulls, which every type has.
    fits = len(found) == len(types) and all(a in (b, "void") for a, b in zip(found, types, strict=True))
    count = len(rows) if len(rows) < _ROWS_READ else frame.count()
    returned = f"{count} row{'' if count == 1 else 's'} of type [{', '.join(found)}]"
    return (tuple(rows[0]) if fits and len(rows) == 1 else None), returned


def text_of(frame: "DataFrame", stage: str) -> str:
    """The text of a frame's only row.

    Raises:
        DefinitionError: there is not one row of a text, or it is null.
    """
    signature = f"{stage} requires query to return 1 row with [message: string] signature."
    row, returned = only_row(frame, ("string",))
    if row is None:
        raise DefinitionError(f"{signature} Query returned {returned}.")
    if row[0] is None:
        raise DefinitionError(f"{signature} Query returned [null].")
    return str(row[0])


def outcome_of(frame: "DataFrame", stage: str) -> tuple[bool, str | None]:
    """Outcome and message of a frame's only row.

    Raises:
        QualityError: there is not one row of a boolean and a text, or the boolean is null.
    """
    signature = f"{stage} requires query to return 1 row with [outcome: boolean, message: string] signature."
    row, returned = only_row(frame, ("boolean", "string"))
    if row is None:
        raise QualityError(f"{signature} Query returned {returned}.")
    outcome, message = row
    if outcome is None:
        raise QualityError(f"{signature} Query returned [null, {'null' if message is None else 'not null'}].")
    return outcome, message


def failed_message(stage: str, message: str | None) -> str:
    """What Arc says of a gate that does not hold."""
    return f"{stage} failed with message: '{'null' if message is None else message}'."


def structured(message: str | None) -> Any:
    """The value of a text that is a JSON object or a list of objects; the text itself otherwise."""
    if message is None or message.lstrip()[:1] not in ("{", "["):
        return message
    try:
        value = json.loads(message)
    except ValueError:
        return message
    is_list = isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
    return value if isinstance(value, dict) or is_list else message
