"""From a schema and the columns of a view to one SELECT that types them."""

from collections.abc import Sequence
from dataclasses import dataclass

from arcbook.schemas.conversion import Conversion, trimmed
from arcbook.schemas.model import (
    BinaryColumn,
    BooleanColumn,
    Column,
    DateColumn,
    DecimalColumn,
    DoubleColumn,
    IntegerColumn,
    LongColumn,
    Schema,
    StringColumn,
    TextColumn,
    TimeColumn,
    TimestampColumn,
)
from arcbook.schemas.moments import compile_date, compile_time, compile_timestamp
from arcbook.schemas.numbers import compile_decimal, compile_double, compile_whole
from arcbook.schemas.simple import compile_binary, compile_boolean, compile_string
from arcbook.sql.quote import identifier, text_literal

ERRORS_COLUMN = "_errors"
ERRORS_TYPE = "ARRAY<STRUCT<field: STRING, message: STRING>>"
NULL_MESSAGE = "Non-null value expected and no nullReplacementValue value was provided"
#: Lists of errors are put together by groups of columns: a row with one error then leaves most groups alone.
_GROUP = 5
#: Column types of Spark's catalogue that hold text; a column of nulls only has type void.
_TEXT_TYPES = {"string", "void"}


class TypingError(ValueError):
    """A view that a schema cannot be applied to."""


@dataclass(frozen=True, slots=True)
class InputColumn:
    """A column of the view to type: its name, its type as Spark's `simpleString` and whether it is internal."""

    name: str
    type: str = "string"
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Typing:
    """The compiled statements.

    The columns of `sql` are named `o0`, `o1` … since names of a schema may repeat; `columns` are the names they are to
    have. `refused_sql` yields the errors of each row that stops the job, in a column `e`; it is empty when no
    error stops it.
    """

    sql: str
    columns: tuple[str, ...]
    refused_sql: str = ""


def compile_typing(schema: Schema, columns: Sequence[InputColumn], view: str, *, failfast: bool = False) -> Typing:
    """The SELECT that types `view` by position, internal columns behind, `_errors` last.

    The typed columns are pinned: no optimizer may move conditions on them below the typing. It would write each level's
    expressions out in the next one; `WHERE size(_errors) > 0` on seven columns took Sail half a minute, and Spark more
    memory than there was.

    Raises:
        TypingError: the numbers of columns differ, there are none, or a column is of a type that is not text.
    """
    data = [column for column in columns if not column.internal]
    if not len(schema):
        raise TypingError(
            "TypingTransform requires an input schema to define how to transform data but the provided schema has 0 "
            "columns."
        )
    if len(data) != len(schema):
        raise TypingError(
            "TypingTransform can only be performed on tables with the same number of columns, but the schema has "
            f"{len(schema)} columns and the data table has {len(data)} columns."
        )
    parts = [
        part_of(wanted, given, f"c{place}") for place, (wanted, given) in enumerate(zip(schema, data, strict=True))
    ]
    source, internal = _source(columns, parts, view)
    typed = list(zip(schema, parts, strict=True))
    shown = [*(part.value for part in parts), *(name for name, _ in internal), _errors(typed)]
    select = ", ".join(f"{expression} AS o{place}" for place, expression in enumerate(shown))
    names = (*(column.name for column in schema), *(column.name for _, column in internal), ERRORS_COLUMN)
    kept = [f"o{place}" for place in range(len(shown))]
    stopping = [
        (column, part) for column, part in typed if part.failed != "false" and (failfast or not column.nullable)
    ]
    refused = ""
    if stopping:
        found = f"SELECT CASE WHEN {_any_failed(stopping)} THEN {_errors(stopping)} END AS e"
        refused = f"SELECT e FROM ({_selected(found, source, ['e'])}) WHERE e IS NOT NULL"
    return Typing(_selected(f"SELECT {select}", source, kept), names, refused)


def _selected(select: str, source: str, names: Sequence[str]) -> str:
    """`select` from `source`, pinned by a column that no optimizer may compute twice or elsewhere."""
    shown = ", ".join(f"CASE WHEN pin >= 0 THEN {name} END AS {name}" for name in names)
    return f"SELECT {shown} FROM ({select}, rand() AS pin FROM {source})"


@dataclass(frozen=True, slots=True)
class Part:
    """One typed column: levels of named expressions, value, when it fails and the message then."""

    levels: tuple[dict[str, str], ...]
    value: str
    failed: str = "false"
    message: str = "''"


def part_of(wanted: Column, given: InputColumn, raw: str, strict: bool | None = None) -> Part:
    """How one input column, known as `raw`, becomes the wanted one; `strict` overrides how dates are resolved."""
    kind = given.type.lower()
    if kind not in _TEXT_TYPES and kind == _simple(wanted.sql_type):
        return Part((), raw)
    if not isinstance(wanted, TextColumn):
        raise TypingError(
            f"Column '{wanted.name}' is of type {wanted.type_name}, which cannot be made from text; "
            "leave it out of the schema, or read it with JSONExtract and a schema."
        )
    if kind not in _TEXT_TYPES:
        raise TypingError(
            f"Column '{given.name}' is of type {given.type} and cannot become '{wanted.name}' of type "
            f"{wanted.type_name}: TypingTransform converts text only. Cast it in a SQLTransform first."
        )
    text = f"CAST({raw} AS STRING)" if kind == "void" else raw
    prepared = _prepared(wanted, text)
    levels: tuple[dict[str, str], ...] = ()
    if prepared != raw:
        text, levels = f"{raw}t", ({f"{raw}t": prepared},)
    conversion = compile_column(wanted, text, f"{raw}_", strict)
    failed = conversion.failed or f"({conversion.value} IS NULL AND {text} IS NOT NULL)"
    message = conversion.message
    if not wanted.nullable and wanted.null_replacement_value is None:
        failed = f"({text} IS NULL OR {failed})"
        message = f"CASE WHEN {text} IS NULL THEN {text_literal(NULL_MESSAGE)} ELSE {message} END"
    return Part((*levels, *map(dict, conversion.levels)), conversion.value, failed, message)


def _simple(sql_type: str) -> str:
    """A DDL type as `simpleString` writes it."""
    return sql_type.lower().replace(": ", ":").replace(", ", ",").replace("`", "")


def _prepared(column: TextColumn, text: str) -> str:
    """The text after trimming and null handling."""
    made = trimmed(text) if column.trim else text
    # Null by null, since the embedded engine then copies no text.
    for marker in dict.fromkeys(column.nullable_values):
        made = f"nullif({made}, {text_literal(marker)})"
    replacement = column.null_replacement_value
    return made if replacement is None else f"coalesce({made}, {text_literal(replacement)})"


def compile_column(column: TextColumn, text: str, prefix: str, strict: bool | None = None) -> Conversion:
    """The conversion of one column's prepared text; `strict` overrides how dates are resolved."""
    match column:
        case BooleanColumn():
            return compile_boolean(column, text, prefix)
        case StringColumn():
            return compile_string(column, text, prefix)
        case BinaryColumn():
            return compile_binary(column, text, prefix)
        case IntegerColumn() | LongColumn():
            return compile_whole(column, text, prefix)
        case DecimalColumn():
            return compile_decimal(column, text, prefix)
        case DoubleColumn():
            return compile_double(column, text, prefix)
        case DateColumn():
            return compile_date(column, text, prefix, strict)
        case TimeColumn():
            return compile_time(column, text, prefix)
        case TimestampColumn():
            return compile_timestamp(column, text, prefix, strict)
    raise TypeError(f"{type(column).__name__} is no column of text")


def _source(columns: Sequence[InputColumn], parts: list[Part], view: str) -> tuple[str, list[tuple[str, InputColumn]]]:
    """Nested selects, one per level, so that every named expression is computed once; and names of internal columns."""
    place = iter(range(len(columns)))
    names = [f"i{number}" if column.internal else f"c{next(place)}" for number, column in enumerate(columns)]
    # Aliases by position: names of the view may repeat.
    source = f"(SELECT * FROM {view_name(view)}) AS s({', '.join(names)})"
    for depth in range(max((len(part.levels) for part in parts), default=0)):
        made = ", ".join(
            f"{expression} AS {name}"
            for part in parts
            if depth < len(part.levels)
            for name, expression in part.levels[depth].items()
        )
        source = f"(SELECT *, {made} FROM {source})"
    return source, [(name, column) for name, column in zip(names, columns, strict=True) if column.internal]


def view_name(view: str) -> str:
    """A view or table name as SQL; dots part a catalogue and a database from it."""
    return ".".join(identifier(part) for part in view.replace("`", "").split("."))


def _any_failed(typed: Sequence[tuple[Column, Part]]) -> str:
    return " OR ".join(part.failed for _, part in typed)


def _errors(typed: Sequence[tuple[Column, Part]]) -> str:
    """The list of a row's errors; clean rows, the most, cost only the tests."""
    none = f"CAST(array() AS {ERRORS_TYPE})"
    failing = [(column, part) for column, part in typed if part.failed != "false"]
    if not failing:
        return none
    each = [
        f"CASE WHEN {part.failed} THEN array(named_struct('field', {text_literal(column.name)}, "
        f"'message', {part.message})) ELSE {none} END"
        for column, part in failing
    ]
    groups = []
    for start in range(0, len(each), _GROUP):
        members, made = failing[start : start + _GROUP], each[start : start + _GROUP]
        groups.append(f"CASE WHEN {_any_failed(members)} THEN concat({', '.join(made)}) ELSE {none} END")
    if len(groups) == 1:
        return groups[0]
    return f"CASE WHEN {_any_failed(failing)} THEN concat({', '.join(groups)}) ELSE {none} END"
