"""What an engine complains about is found in the statement, from real messages of both engines."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcbook.sql.locate import locate, locate_error
from tests.sql.marks import cases, unmarked

CASES = [(case, engine) for case in cases("engine_errors.yaml") for engine in ("sail", "spark") if engine in case]
SCHEMAS = {
    "people": {
        "id": "int", "name": "string", "age": "int", "address": "struct<street:string,zip:int>",
        "tags": "array<string>", "amount": "decimal(10,2)", "born": "date",
    },
    "places": {"id": "int", "city": "string"},
}  # fmt: skip


class EngineError(Exception):
    """Stands in for an engine's exception: its text, and Spark's offsets."""

    def __init__(self, message: str, contexts: list[list[Any]]) -> None:
        super().__init__(message)
        self.contexts = contexts

    def getQueryContext(self) -> list[Any]:  # noqa: N802 - Spark's name
        return [
            SimpleNamespace(startIndex=lambda s=s: s, stopIndex=lambda e=e: e, objectType=lambda t=t: t)
            for s, e, t in self.contexts
        ]


def expected(case: dict[str, Any], engine: str, key: str) -> tuple[str, tuple[int, int] | None]:
    marked = case[engine].get(key, case["sql"])
    _, places = unmarked(marked or "")
    return unmarked(case["sql"])[0], places[0] if places else None


@pytest.mark.parametrize(("case", "engine"), CASES, ids=lambda value: value["id"] if isinstance(value, dict) else value)
def test_located(case: dict[str, Any], engine: str) -> None:
    """From the exception, as the runner has it."""
    sql, place = expected(case, engine, "marked")
    error = EngineError(case[engine]["message"], case[engine].get("context", []))
    found = locate_error(error, sql, schemas=SCHEMAS)
    assert found == place, found and sql[found[0] : found[1]]


@pytest.mark.parametrize(("case", "engine"), CASES, ids=lambda value: value["id"] if isinstance(value, dict) else value)
def test_located_by_text(case: dict[str, Any], engine: str) -> None:
    """From the text alone."""
    sql, place = expected(case, engine, "text" if "text" in case[engine] else "marked")
    found = locate(case[engine]["message"], sql, schemas=SCHEMAS)
    assert found == place, found and sql[found[0] : found[1]]


def test_both_engines_are_covered() -> None:
    """The cases are of both engines, and nearly all have a place."""
    for engine in ("sail", "spark"):
        mine = [case[engine] for case, own in CASES if own == engine]
        assert len(mine) >= 80
        assert sum("marked" in each and each["marked"] is None for each in mine) <= 4


def test_an_alias_is_no_use_of_a_column() -> None:
    """Without schemas too, a name is looked for where columns are read."""
    sql = "select id as key from people where key = 1"
    assert locate('attribute ObjectName([Identifier("key")]) is missing from the schema', sql) == (35, 38)


def test_byte_offsets_become_characters() -> None:
    """Sail counts bytes; of several equal words the one it means is found."""
    sql = "select 'é😀東' as q, q from people p q where q = 1"
    at = sql.index("q where")
    start = len(sql[:at].encode())
    assert locate(f"invalid argument: found q at {start}:{start + 1} expected ','", sql) == (at, at + 1)


def test_a_trace_is_not_searched() -> None:
    """Names in a JVM trace lead nowhere."""
    assert (
        locate("boom\n\nJVM stacktrace:\nwith name `id` cannot be resolved; line 1 pos 7", "select id from v") is None
    )


def test_a_place_in_another_text_is_no_place() -> None:
    """Spark's offsets in the text of a stored view do not count in this statement."""
    error = EngineError("something failed", [[7, 9, "VIEW"], [400, 500, ""]])
    assert locate_error(error, "select id from v") is None


def test_nothing_to_find() -> None:
    """Messages about other things have no place."""
    for message in ("", "Connection refused", "line 400, pos 3", "unknown function: other"):
        assert locate(message, "select a from v") is None


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_message_and_any_text(message: str, sql: str) -> None:
    """No message makes the search crash; a place lies inside the statement."""
    for text in (
        message,
        f"with name `{message}` cannot be resolved; line 2 pos 3",
        f"found {message} at 1:3 expected x",
    ):
        found = locate(text, sql)
        assert found is None or 0 <= found[0] <= found[1] <= len(sql)
