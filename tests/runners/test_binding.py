"""Bound parameters mean the same on both engines, and have the type they were declared with."""

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcbook.cells.magics import read_cell
from arcbook.cells.params import Values, read_declarations
from arcbook.runners.executor import Executor
from arcbook.runners.statement import execute_statement

TYPES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "data" / "bound.yaml").read_text(encoding="utf-8")
)


def bound(lines: str, **given: str) -> Values:
    """The values of a `%params` cell with these lines."""
    return read_declarations(read_cell(f"%params\n{lines}")).bind(given)


def rows(executor: Executor, sql: str, values: Values) -> list[tuple[Any, ...]]:
    """What a statement yields."""
    frame = execute_statement(sql, {}, executor.session(values.bound())).frame
    return [tuple(row) for row in frame.collect()]


@pytest.mark.parametrize(
    "value",
    ["Ann", "it's ' -- \\ ${x} :n\n'; DROP TABLE t", 7, -1, Decimal("1.50"), True, datetime.date(2026, 11, 23)],
)
def test_values_arrive(executor: Executor, value: Any) -> None:
    """Whatever a value holds, it arrives as that value, and the rest of the statement stays as it is."""
    text = "SELECT ':n' AS quoted, :n AS value, id FROM range(1) WHERE :n = :n -- :n"
    row = execute_statement(text, {}, executor.session({"n": value})).frame.first()
    assert row is not None
    assert tuple(row) == (":n", value, 0)


def test_values_have_their_declared_types(executor: Executor) -> None:
    """Also null, an empty list, the least and the greatest; a `long` of 5 is no `int`."""
    for case in TYPES:
        values = bound(f"p: {case['type']} = null", **({"p": case["given"]} if "given" in case else {}))
        read = "CAST(:p AS STRING)" if "text" in case else ":p"
        ((kind, found),) = rows(executor, f"SELECT typeof(:p) AS kind, {read} AS value", values)
        assert (kind, found) == (case["is"], case["text"] if "text" in case else values.typed["p"]), case


def test_a_list_within_in(executor: Executor) -> None:
    """`IN (:list)` looks among the items; nothing is in an empty list, and everything is not in it."""
    values = bound(
        'some: list[string] = ["1", "it\'s"]\nmany: list[long] = [1, 2]\nnone: list[long] = []\none: long = 2'
    )
    asked = {
        "cast(id AS string) IN (:some)": [1],
        "id IN (:many)": [1, 2],
        "id NOT IN ( :many )": [0],
        "id IN (:one)": [2],
        "id IN (:none)": [],
        "id NOT IN (:none)": [0, 1, 2],
        "array_contains(:many, id)": [1, 2],
        "array_contains(:none, id)": [],
        "id IN (0, :one) AND size(:many) = 2": [0, 2],
    }
    for condition, ids in asked.items():
        found = rows(executor, f"SELECT id FROM range(3) WHERE {condition} ORDER BY id", values)
        assert [row[0] for row in found] == ids, condition


def test_values_where_the_grammar_wants_numbers(executor: Executor) -> None:
    """A limit, an argument of a table function, arithmetic with dates and intervals."""
    values = bound("n: long = 2\nday: date = 2026-11-23\nstep: interval = 1 day\nat: timestamp = 2026-11-23T23:30Z")
    assert rows(executor, "SELECT id FROM range(:n) ORDER BY id LIMIT :n", values) == [(0,), (1,)]
    assert rows(executor, "SELECT CAST(:day + :step AS DATE) = DATE '2026-11-24', :at + :step > :at", values) == [
        (True, True)
    ]
