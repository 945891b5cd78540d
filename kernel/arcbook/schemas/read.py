"""Reading schema documents: a list of columns, or an object whose `schema` is that list."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from arcbook.core.suggest import nearest
from arcbook.schemas.metadata import clean_metadata, metadata_problems
from arcbook.schemas.model import (
    COLUMN_TYPES,
    ArrayColumn,
    Column,
    Finding,
    Path,
    Schema,
    StructColumn,
    TextColumn,
)
from arcbook.schemas.rules import judge

NOT_A_SCHEMA = (
    "does not appear to be an Arc schema. Must be either of type LIST or contain schema within 'schema' attribute."
)


class SchemaError(ValueError):
    """Everything wrong with a schema document, as (path, message) pairs in document order."""

    def __init__(self, problems: list[Finding]) -> None:
        super().__init__("\n".join(f"{dotted(path)}: {message}" if path else message for path, message in problems))
        self.problems = tuple(problems)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.problems)


def dotted(path: Path) -> str:
    """A path as readers write it: `fields[0].name`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def parse_schema(value: object) -> Schema:
    """The schema in `value`, plain values as a JSON or HOCON reader returns them.

    Raises:
        SchemaError: all problems of the document at once.
    """
    root: Path = ()
    if isinstance(value, Mapping):
        value, root = value.get("schema"), ("schema",)
    if not isinstance(value, list | tuple):
        raise SchemaError([((), NOT_A_SCHEMA)])
    reader = _Reader()
    columns = [reader.column(item, (*root, position)) for position, item in enumerate(value)]
    if reader.problems:
        raise SchemaError(reader.problems)
    return Schema(tuple(column for column in columns if column is not None), tuple(reader.warnings))


class _Reader:
    """Collects findings while columns are built."""

    def __init__(self) -> None:
        self.problems: list[Finding] = []
        self.warnings: list[Finding] = []

    def column(self, item: object, path: Path) -> Column | None:
        """The column at `path`, or None after noting what is wrong with it."""
        if not isinstance(item, Mapping):
            self.problems.append((path, "Wrong type, expected: 'config'."))
            return None
        before = len(self.problems)
        kind = self._kind(item, path)
        values = {key: value for key, value in item.items() if value is not None}
        if "metadata" in values:
            values["metadata"] = self._metadata(values["metadata"], (*path, "metadata"))
        if kind is StructColumn and "fields" in values:
            values["fields"] = self._fields(values["fields"], (*path, "fields"))
        if kind is ArrayColumn and "elementType" in values:
            values["elementType"] = self._element(values["elementType"], (*path, "elementType"))
        column = self._validated(kind or Column, values, path)
        self._unknown(kind or Column, item, path)
        if column is None or len(self.problems) > before:
            return None
        for where, message, stops in judge(column, path):
            (self.problems if stops else self.warnings).append((where, message))
        return column

    def _kind(self, item: Mapping[str, Any], path: Path) -> type[Column] | None:
        name = item.get("type")
        if name is None:
            self.problems.append(((*path, "type"), missing("type")))
        elif not isinstance(name, str) or name not in COLUMN_TYPES:
            known = ",".join(f"'{known}'" for known in COLUMN_TYPES)
            self.problems.append(((*path, "type"), f"Invalid value. Valid values are [{known}]."))
        else:
            return COLUMN_TYPES[name]
        return None

    def _metadata(self, value: object, path: Path) -> dict[str, Any]:
        if isinstance(value, str):
            value = _unescaped(value)
        if not isinstance(value, Mapping):
            self.problems.append((path, "Wrong type, expected: 'object'."))
            return {}
        self.problems += metadata_problems(value, path)
        return clean_metadata(value)

    def _fields(self, value: object, path: Path) -> tuple[Column, ...] | None:
        if not isinstance(value, list | tuple):
            self.problems.append((path, "'fields' must be of type list."))
        elif not value:
            self.problems.append((path, "'fields' must have at least 1 element."))
        else:
            columns = [self.column(item, (*path, position)) for position, item in enumerate(value)]
            return tuple(column for column in columns if column is not None) or None
        return None

    def _element(self, value: object, path: Path) -> Column | None:
        if isinstance(value, Mapping):
            return self.column(value, path)
        self.problems.append((path, "'elementType' must be of type object."))
        return None

    def _validated(self, kind: type[Column], values: dict[str, Any], path: Path) -> Column | None:
        # Nested columns that are wrong were reported where they are.
        nested = {key for key in ("fields", "elementType") if key in values and values[key] is None}
        try:
            return kind.model_validate(values)
        except ValidationError as error:
            for item in error.errors(include_url=False):
                where = (*path, *item["loc"])
                if item["loc"][0] not in nested:
                    self.problems.append((where, _message(dict(item))))
            return None

    def _unknown(self, kind: type[Column], item: Mapping[str, Any], path: Path) -> None:
        """Arc takes unknown attributes in silence; a misspelt one changes values, so it is an error here."""
        known = attributes(kind)
        # On nested columns Arc ignores what prepares text.
        ignored = attributes(TextColumn) if kind in (StructColumn, ArrayColumn, Column) else ()
        for key in item:
            if key in known or key in ignored:
                continue
            if nearest(key, known):
                guesses = ", ".join(f"'{guess}'" for guess in known if edit_distance(guess, key) < 4)
                hint = f" Perhaps you meant one of: [{guesses}]." if guesses else ""
                self.problems.append(((*path, key), f"Invalid attribute '{key}'.{hint}"))
            else:
                where = "a column" if kind is Column else f"a column of type {kind.type_name}"
                self.warnings.append(((*path, key), f"Attribute '{key}' has no meaning for {where} and is ignored."))


def document_of(schema: Schema) -> list[dict[str, Any]]:
    """The columns as a document that reads back as the same schema."""
    return [_column_document(column) for column in schema]


def _column_document(column: Column) -> dict[str, Any]:
    document = column.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True, mode="json")
    if isinstance(column, StructColumn):
        document["fields"] = [_column_document(inner) for inner in column.fields_]
    elif isinstance(column, ArrayColumn):
        document["elementType"] = _column_document(column.element_type)
    return {"name": document.pop("name"), "type": column.type_name, **document}


def attributes(kind: type[Column]) -> tuple[str, ...]:
    """The attributes of a column type, in the order in which Arc guesses."""
    text = TextColumn.attribute_order if issubclass(kind, TextColumn) else ("nullable",)
    fields = [field.alias or name for name, field in kind.model_fields.items()]
    own = [name for name in fields if name not in text and name not in Column.attribute_order]
    return (*text, *own, *Column.attribute_order)


def missing(attribute: str) -> str:
    """Arc's sentence for an attribute that is required and absent."""
    return f"Missing required attribute '{attribute}'."


_KINDS = {
    "bool_type": "boolean",
    "int_type": "int",
    "int_parsing": "int",
    "string_type": "string",
    "tuple_type": "string array",
    "dict_type": "object",
    "model_type": "config",
    "model_attributes_type": "config",
}


def _message(error: dict[str, Any]) -> str:
    """A pydantic error in Arc's words."""
    kind, location, context = error["type"], error["loc"], error.get("ctx", {})
    if kind == "missing":
        text = missing(str(location[-1]))
        return f"Invalid value. {text}" if location[0] == "time" and len(location) > 1 else text
    if kind == "literal_error":
        return f"Invalid value. Valid values are [{context['expected'].replace(' or ', ',')}]."
    if kind in _KINDS:
        expected = "string array" if isinstance(location[-1], int) else _KINDS[kind]
        return f"Wrong type, expected: '{expected}'."
    if "ge" in context or "le" in context:
        limit = f"at least {context['ge']}" if "ge" in context else f"at most {context['le']}"
        return f"'{location[-1]}' {error['input']} must be {limit}."
    return str(error["msg"])


def _unescaped(text: str) -> object:
    """Metadata given as text: JSON, or JSON whose quotes carry a backslash."""
    for candidate in (text, text.replace('\\"', '"')):
        try:
            return json.loads(candidate)
        except json.JSONDecodeError:
            continue
    return None


def edit_distance(left: str, right: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]
