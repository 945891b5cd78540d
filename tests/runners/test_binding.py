"""Bound parameters mean the same on both engines."""

import datetime
from decimal import Decimal
from typing import Any

import pytest

from arcbook.runners.executor import Executor
from arcbook.runners.statement import execute_statement


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
