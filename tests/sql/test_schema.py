"""Columns that cannot exist are reported at their place; what may exist never is."""

from typing import Any

import pytest

from arcbook.sql.schema import resolve_columns
from tests.sql.marks import cases, unmarked

SCHEMAS = {
    "people": {
        "id": "int", "name": "string", "age": "int",
        "address": "struct<street:string,zip:int>", "tags": "array<string>",
    },
    "places": {"id": "int", "city": "string"},
}  # fmt: skip


@pytest.mark.parametrize("case", cases("columns.yaml"), ids=lambda case: case["sql"][:60])
def test_columns(case: dict[str, Any]) -> None:
    """Exactly the marked columns are unknown."""
    sql, places = unmarked(case["sql"])
    found = resolve_columns(sql, SCHEMAS, variables=case.get("variables", ())).unknown
    assert [sql[each.start : each.end] for each in found] == [sql[start:end] for start, end in places]
    assert [(each.start, each.end) for each in found] == places
    if "output" in case:
        output = resolve_columns(sql, SCHEMAS).output
        assert list(output or ()) == case["output"]


@pytest.mark.parametrize("case", cases("columns.yaml"), ids=lambda case: case["sql"][:60])
def test_nothing_is_claimed_of_unknown_views(case: dict[str, Any]) -> None:
    """Without schemas only columns of the statement's own queries can be unknown."""
    sql, places = unmarked(case["sql"])
    found = resolve_columns(sql, {}, variables=case.get("variables", ())).unknown
    assert {(each.start, each.end) for each in found} <= set(places)


@pytest.mark.parametrize("case", cases("valid_statements.yaml"), ids=lambda case: case["sql"][:60])
def test_no_false_column_in_valid_statements(case: dict[str, Any]) -> None:
    """Statements over views nothing is known of have no unknown columns."""
    assert resolve_columns(case["sql"], {}).unknown == ()


def test_types_pass_through() -> None:
    """A column taken as it is keeps its type; a computed one has none."""
    sql = "select p.id as k, p.name, age + 1 as next, w.* from people p join places w on p.id = w.id"
    assert resolve_columns(sql, SCHEMAS).output == {
        "k": "",
        "name": "string",
        "next": "",
        "id": "int",
        "city": "string",
    }
    inner = resolve_columns("select name, id from people", SCHEMAS).output or {}
    chained = resolve_columns("select * from s", {"s": inner}).output
    assert chained == {"name": "string", "id": "int"}


def test_known_columns_help() -> None:
    """A finding brings the names there are, as they would be written."""
    plain = resolve_columns("select nam from people", SCHEMAS).unknown[0]
    assert plain.known == ("id", "name", "age", "address", "tags")
    qualified = resolve_columns("select w.cty from people p, places w", SCHEMAS).unknown[0]
    assert qualified.known == ("w.id", "w.city")


def test_what_does_not_parse_has_no_unknown_columns() -> None:
    """A syntax error is found elsewhere."""
    assert resolve_columns("select (nam from people", SCHEMAS).unknown == ()
    assert resolve_columns("select (nam from people", SCHEMAS).output is None


def test_a_wide_view_is_checked_in_linear_time() -> None:
    """Twenty thousand columns are no trouble (a quadratic search would run into the test's time limit)."""
    names = [f"a{number}" for number in range(20_000)]
    schemas = {"wide": dict.fromkeys(names, "int")}
    sql = f"select {', '.join(names)}, b from wide"
    assert [each.name for each in resolve_columns(sql, schemas).unknown] == ["b"]
