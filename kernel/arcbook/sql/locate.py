"""Where in a statement the trouble lies that an engine's error text speaks of.

Spark says line and position, often of a whole expression; Sail says names, and byte offsets for syntax only. Both are
brought down to the name, where the text has one.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from arcbook.core.span import Lines
from arcbook.sql import places
from arcbook.sql.errors import SqlError
from arcbook.sql.lexical import code_only
from arcbook.sql.parse import check_text, parse
from arcbook.sql.places import Place
from arcbook.sql.references import Reference, analyse
from arcbook.sql.schema import Schemas, resolve_columns

_NAME = r"((?:`(?:[^`]|``)*`)(?:\.`(?:[^`]|``)*`)*)"
_SPARK_PLACE = re.compile(r"(?:;\s*|\()line (\d+),? pos(?:ition)? (\d+)")
_SPARK_SNIPPET = re.compile(r"== SQL \(line (\d+), position (\d+)\) ==\n(.*)", re.DOTALL)
_SAIL_TOKEN = re.compile(r"found (.*?) at (\d+):(\d+) expected", re.DOTALL)
_SAIL_PARTS = re.compile(r'Identifier\("((?:[^"\\]|\\.)*)"\)')
_SYNTAX_END = re.compile(r"found end of input|near end of input|expected one statement|PARSE_EMPTY_STATEMENT")
_UNGROUPED = re.compile(r"MISSING_GROUP_BY|No field named \w+\.\"#\d+\"")
_TRACE = re.compile(r"\n\s*JVM stacktrace:|\n\s*at [\w.$]+\(")

_COLUMN_TEXTS = (
    re.compile(rf"with name {_NAME} cannot be resolved"),
    re.compile(rf"Reference {_NAME} is ambiguous"),
    re.compile(rf"USING column {_NAME} cannot be resolved"),
    re.compile(r"Cannot find column ([\w.]+)"),
    re.compile(r'non-aggregating expression "([^"]+)"'),
)
_TABLE_TEXTS = (
    re.compile(rf"table or view {_NAME} cannot be found"),
    re.compile(r"Table or view not found: (.+)"),
)
_FUNCTION_TEXTS = (
    re.compile(rf"Cannot resolve routine {_NAME}"),
    re.compile(rf"Could not resolve {_NAME} to a table-valued function"),
    re.compile(r"unknown (?:table )?function: ([\w.]+)"),
    re.compile(r'Window function "(\w+)\('),
)
_CALL_TEXTS = (
    re.compile(r"Spark `(\w+)` function"),
    re.compile(r"\bThe `(\w+)` requires"),
    re.compile(r"(?:^|: )(\w+) (?:requires|expects|should)\b"),
    re.compile(r"Aggregate function calls cannot be nested: '(\w+)"),
)
# Errors that name nothing, and what alone can cause them.
_CAUSES = (
    (re.compile(r"divide by zero|DIVIDE_BY_ZERO"), re.compile(r"[/%]|\b(?:div|mod)\b", re.IGNORECASE)),
    (re.compile(r"Cannot cast"), re.compile(r"\bcast\s*\(|::\s*\w+", re.IGNORECASE)),
    (re.compile(r"Scalar subquery returned"), re.compile(r"\(\s*select\b", re.IGNORECASE)),
    (re.compile(r"UNION queries have"), re.compile(r"\bunion\b(?:\s+all\b)?", re.IGNORECASE)),
    (re.compile(r"numeric datetime field|CANNOT_PARSE_TIMESTAMP"), re.compile(r"\bto_(?:date|timestamp)\s*\(", re.I)),
    (re.compile(r"INVALID_WHERE_CONDITION|logical expression AggregateFunction"), re.compile(r"\bwhere\b", re.I)),
    (re.compile(r"NUM_COLUMNS_MISMATCH"), re.compile(r"\bunion\b(?:\s+all\b)?", re.IGNORECASE)),
    (re.compile(r"INVALID_ARRAY_INDEX"), re.compile(r"\[")),
)
# Sail's own names of functions.
_SAIL_NAMES = {"substr": "substring"}


def locate_error(error: Any, sql: str, *, schemas: Schemas | None = None) -> Place | None:
    """As `locate`, for an engine's exception: uses the offsets that Spark attaches to it where its text says less."""
    place = locate(str(error), sql, schemas=schemas)
    start, end = _context(error, sql)
    if place is not None and place == _by_text("", sql, None):
        return place
    if (start, end) == (0, 0) or end - start >= len(sql.strip()):
        return place
    if place is not None and start <= place[0] and place[1] <= end and place[0] != start:
        return place
    return place if place is not None and _is_named(str(error)) else (start, end)


def locate(message: str, sql: str, *, schemas: Schemas | None = None) -> Place | None:
    """The start and end offsets in `sql` of what `message` complains about, or None when it cannot be told.

    `sql` is the text the engine was given. `schemas` (columns and types by view) tells apart several uses of a name.
    """
    text = _TRACE.split(message, maxsplit=1)[0]
    for finder in (_by_text, _by_syntax, _by_name, _by_snippet, _by_line, _by_only_candidate):
        found = _guarded(finder, text, sql, schemas)
        if found is not None:
            return found
    return None


def _guarded(
    finder: "Callable[[str, str, Schemas | None], Place | None]", text: str, sql: str, schemas: Schemas | None
) -> Place | None:
    found = finder(text, sql, schemas)
    return found if found is not None and 0 <= found[0] <= found[1] <= len(sql) else None


def _is_named(message: str) -> bool:
    return "Sail" in message or any(p.search(message) for p in (*_COLUMN_TEXTS, *_TABLE_TEXTS, *_FUNCTION_TEXTS))


def _context(error: Any, sql: str) -> Place:
    """The stretch Spark names; it counts code points, from 0, and its end is inclusive."""
    get = getattr(error, "getQueryContext", None)
    for context in (get() or ()) if callable(get) else ():
        try:
            start, stop = int(context.startIndex()), int(context.stopIndex())
            # A context with a type lies in the text of a stored view, not in this statement.
            if context.objectType() or not 0 <= start <= stop < len(sql):
                continue
        except (AttributeError, TypeError, ValueError, NotImplementedError):
            continue
        return start, stop + 1
    return 0, 0


def _by_text(_text: str, sql: str, _: Schemas | None) -> Place | None:
    """What is wrong whatever the engine says: it may have tripped over it later (Sail reads `a, FROM v`)."""
    try:
        check_text(sql)
    except SqlError as error:
        return error.start, error.end
    return None


def _by_only_candidate(text: str, sql: str, _: Schemas | None) -> Place | None:
    """The one stretch of the statement that can have caused an error of this kind, when there is just one."""
    if "qualified function name" in text:
        return places.sole_qualified_call(sql)
    if "Invalid table location" in text:
        return _only([(each.start, each.end) for each in _references(sql) if each.path is not None])
    for cause, pattern in _CAUSES:
        if cause.search(text):
            place = _only([found.span(pattern.groups) for found in pattern.finditer(code_only(sql))])
            if place is None:
                return None
            return place[0], places.call_end(sql, place[0]) or place[1]
    return None


def _only(found: list[Place]) -> Place | None:
    return found[0] if len(found) == 1 else None


def _references(sql: str) -> tuple[Reference, ...]:
    try:
        statement = analyse(sql)
    except SqlError:
        return ()
    return statement.reads + statement.writes


def _by_syntax(text: str, sql: str, _: Schemas | None) -> Place | None:
    token = _SAIL_TOKEN.search(text)
    if token is not None:
        return _sail_token(token, sql)
    if not _SYNTAX_END.search(text):
        return None
    try:
        parse(sql)
    except SqlError as error:
        return error.start, error.end
    end = len(sql.rstrip())
    return end, end


def _sail_token(token: re.Match[str], sql: str) -> Place | None:
    """The token at Sail's byte offsets, when it is there: some count from the start of a literal instead."""
    data = sql.encode()
    first, last = int(token.group(2)), int(token.group(3))
    start = len(data[:first].decode(errors="ignore"))
    end = len(data[:last].decode(errors="ignore"))
    if sql[start:end] == token.group(1):
        return start, end
    at = [found.start() for found in re.finditer(re.escape(token.group(1)), sql)]
    return (at[0], at[0] + len(token.group(1))) if len(at) == 1 else None


def _by_name(text: str, sql: str, schemas: Schemas | None) -> Place | None:
    place = _line_place(text, sql)
    if _UNGROUPED.search(text):
        return places.ungrouped(sql)
    if "ObjectName([" in text:
        parts = tuple(part.replace('\\"', '"') for part in _SAIL_PARTS.findall(text))
        return _nearest(places.column_places(sql, parts), place, _unknown(sql, schemas))
    field = re.search(r"No such struct field `([^`]+)`", text)
    if field is not None:
        return _chain_at(sql, place)
    for patterns, find in _NAMED:
        name = _first(patterns, text)
        if name is not None:
            return _nearest(find(sql, name), place, _unknown(sql, schemas)) or _word_at(sql, name, place)
    return _by_call(text, sql, place)


def _columns(sql: str, name: str) -> list[Place]:
    return places.column_places(sql, places.split_name(name))


def _tables(sql: str, name: str) -> list[Place]:
    return places.table_places(sql, _table_parts(name))


def _table_parts(name: str) -> tuple[str, ...]:
    """Spark quotes the parts of a name; Sail gives the last one bare."""
    return places.split_name(name) if "`" in name else (name.strip(),)


_NAMED: tuple[tuple[tuple[re.Pattern[str], ...], Callable[[str, str], list[Place]]], ...] = (
    (_COLUMN_TEXTS, _columns),
    (_TABLE_TEXTS, _tables),
    (_FUNCTION_TEXTS, places.function_places),
)


def _by_call(text: str, sql: str, place: int | None) -> Place | None:
    parameter = re.search(r"unbound parameter: (\w+)|Placeholder ':(\w+)'", text)
    if parameter is not None:
        found = re.search(rf":{parameter.group(1) or parameter.group(2)}\b", sql)
        return found.span() if found else None
    position = re.search(r"column position (\d+)\b", text)
    if position is not None:
        found = re.search(rf"(?i)\bby\b.*?\b({position.group(1)})\b", sql, re.DOTALL)
        return found.span(1) if found else None
    name = _first(_CALL_TEXTS, text)
    if name is None:
        return None
    calls = places.function_places(sql, name) or places.function_places(sql, _SAIL_NAMES.get(name, name))
    found_place = _nearest(calls, place, ())
    return (found_place[0], places.call_end(sql, found_place[0]) or found_place[1]) if found_place else None


def _by_snippet(text: str, sql: str, _: Schemas | None) -> Place | None:
    """Spark's excerpt of the statement, underlined with carets."""
    found = _SPARK_SNIPPET.search(text)
    if found is None:
        return None
    start = _offset(sql, int(found.group(1)), int(found.group(2)) - 1)
    carets = re.search(r"^\s*(\^+)\s*$", found.group(3), re.MULTILINE)
    return start, min(start + (len(carets.group(1)) if carets else 1), len(sql))


def _by_line(text: str, sql: str, _: Schemas | None) -> Place | None:
    place = _line_place(text, sql)
    if place is None or ("PARSE_" not in text and not sql[:place].strip()):
        # The statement as a whole: no place.
        return None
    call = places.call_end(sql, place)
    if call is not None and "PARSE_" not in text:
        return place, call
    return _chain_at(sql, place) or (place, min(place + 1, len(sql)))


def _line_place(text: str, sql: str) -> int | None:
    found = _SPARK_PLACE.search(text)
    return _offset(sql, int(found.group(1)), int(found.group(2))) if found else None


def _offset(sql: str, line: int, position: int) -> int:
    """The offset of a 0-based position on a 1-based line; beyond the text its end."""
    found = Lines(sql).offset(line, position + 1)
    return len(sql) if found is None else found


def _chain_at(sql: str, place: int | None) -> Place | None:
    if place is None:
        return None
    return next(((chain.start, chain.end) for chain in places.chains(sql) if chain.start == place), None)


def _word_at(sql: str, name: str, place: int | None) -> Place | None:
    """Where a name stands that the parser does not take for a column: one in USING, or an expression."""
    found = [(chain.start, chain.end) for chain in places.chains(sql) if chain.parts == places.split_name(name)]
    return _nearest(found, place, ())


def _nearest(found: list[Place], place: int | None, preferred: Iterable[Place]) -> Place | None:
    """The find at or behind the place the engine named, else one known to be wrong, else the first."""
    if not found:
        return None
    if place is not None:
        return next((each for each in found if each[0] >= place), found[0])
    wrong = set(preferred)
    return next((each for each in found if each in wrong), found[0])


def _unknown(sql: str, schemas: Schemas | None) -> list[Place]:
    return [(each.start, each.end) for each in resolve_columns(sql, schemas).unknown] if schemas else []


def _first(patterns: Iterable[re.Pattern[str]], text: str) -> str | None:
    for pattern in patterns:
        found = pattern.search(text)
        if found is not None:
            return found.group(1)
    return None
