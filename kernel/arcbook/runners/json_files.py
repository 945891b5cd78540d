"""The records of JSON files, their columns and their types."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from arcbook.core.failures import ArcbookError, InputError
from arcbook.runners.reading.json_text import ddl, holds_several, infer, record_texts
from arcbook.runners.reading.listing import Source, can_list
from arcbook.runners.reading.scan import open_input
from arcbook.schemas.model import Schema
from arcbook.sql.quote import identifier, literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: How much of a file is looked at to see that it holds several objects.
_BEGINNING = 1 << 16


def has_more(file: str) -> bool:
    """Whether a file holds further objects behind the first; False where its beginning cannot be had from here."""
    if not file or not can_list(file):
        return False
    # The engine has its own way to the file, with other credentials perhaps: what it reads decides on the stage.
    with suppress(OSError, ArcbookError), open_input(file) as stream:
        return holds_several(stream.read(_BEGINNING).decode("utf-8", errors="replace"))
    return False


def all_records(sources: Sequence[Source], *, multi_line: bool) -> Iterator[str]:
    """The texts of all records of the files."""
    for source in sources:
        with open_input(source.uri) as stream:
            yield from record_texts(stream.read().decode("utf-8", errors="replace"), multi_line=multi_line)


def columns_of(schema: Schema | None, records: Iterator[str]) -> tuple[dict[str, str], bool]:
    """The columns with their types, and whether corrupt records need one of their own."""
    if schema is not None:
        return {column.name: column.sql_type for column in schema}, False
    found, corrupt = infer(records)
    columns = {name: ddl(kind) for name, kind in found.items()}
    folded = [name.lower() for name in columns]
    for name in columns:
        if folded.count(name.lower()) > 1:
            raise InputError(f"The JSON objects have members that differ only in case: `{name}`.")
    return columns, corrupt


def typed(frame: "DataFrame", columns: Mapping[str, str], first: list[str], rest: list[str]) -> "DataFrame":
    """The members of `_record` as columns, with the columns `first` sorted in and `rest` behind."""
    text = {name for name, kind in columns.items() if kind == "TIMESTAMP"}
    # Sail's parser refuses the T of ISO timestamps, its cast does not.
    wanted = ", ".join(f"{identifier(name)} {'STRING' if name in text else kind}" for name, kind in columns.items())
    row = frame.selectExpr(f"from_json(_record, {literal(wanted)}) AS _row", *map(identifier, (*first, *rest)))
    members: dict[str, Any] = {name: f"_row.{identifier(name)} AS {identifier(name)}" for name in columns}
    for name in text:
        members[name] = f"try_cast(_row.{identifier(name)} AS TIMESTAMP) AS {identifier(name)}"
    members |= {name: identifier(name) for name in first}
    order = sorted(members) if first else list(members)
    return row.selectExpr(*(members[name] for name in order), *map(identifier, rest))
