"""Values and names written as SQL."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcbook.sql.lexical import regions
from arcbook.sql.quote import identifier, literal

UTC = datetime.UTC
SEOUL = datetime.timezone(datetime.timedelta(hours=9))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "NULL"),
        (True, "true"),
        (0, "0"),
        (-5, "-5"),
        (2**31, "2147483648L"),
        (-(2**31), "-2147483648"),
        (2**63 - 1, "9223372036854775807L"),
        (2**63, "CAST('9223372036854775808' AS DECIMAL(38, 0))"),
        (1.5, "CAST('1.5' AS DOUBLE)"),
        (float("nan"), "CAST('NaN' AS DOUBLE)"),
        (float("-inf"), "CAST('-Infinity' AS DOUBLE)"),
        (Decimal("1.50"), "CAST('1.50' AS DECIMAL(3, 2))"),
        (Decimal("0.05"), "CAST('0.05' AS DECIMAL(2, 2))"),
        (Decimal("1E+3"), "CAST('1000' AS DECIMAL(4, 0))"),
        (Decimal("-0"), "CAST('-0' AS DECIMAL(1, 0))"),
        ("it's", "'it\\'s'"),
        ("${x} $ {", "'$\\{x} $ {'"),
        ("c:\\dir\n", "'c:\\\\dir\\n'"),
        (b"\x00\xff", "X'00FF'"),
        (datetime.date(2020, 1, 2), "DATE '2020-01-02'"),
        (datetime.datetime(2020, 1, 2, 3, 4, 5, tzinfo=SEOUL), "TIMESTAMP '2020-01-01 18:04:05Z'"),
        (datetime.timedelta(days=1, microseconds=-1), "INTERVAL '0 23:59:59.999999' DAY TO SECOND"),
        (datetime.timedelta(days=-2), "INTERVAL '-2 00:00:00.000000' DAY TO SECOND"),
        ([1, "a"], "array(1, 'a')"),
        ({"k": 1}, "map('k', 1)"),
    ],
)
def test_literal(value: Any, expected: str) -> None:
    """Each kind of value becomes a literal of its type."""
    assert literal(value) == expected


@pytest.mark.parametrize("value", [10**40, Decimal("NaN"), Decimal("1E+39")])
def test_a_number_no_type_holds(value: Any) -> None:
    """Such a number is refused, not rounded."""
    with pytest.raises(ValueError, match=r"decimal|digits"):
        literal(value)


def test_a_value_without_literal() -> None:
    """Other objects are refused."""
    with pytest.raises(TypeError):
        literal(object())


@given(st.text(max_size=40))
def test_text_stays_one_literal(value: str) -> None:
    """Whatever the text, its literal is one closed region, so nothing of it becomes SQL."""
    written = literal(value)
    found = list(regions(f"select {written} -- x"))
    assert [(each.kind, each.start, each.end, each.closed) for each in found[:1]] == [
        ("text", 7, 7 + len(written), True)
    ]
    assert len(found) == 2


@given(st.text(min_size=1, max_size=40))
def test_a_name_stays_one_identifier(name: str) -> None:
    """Whatever the name, its quoted form is one closed region."""
    written = identifier(name)
    found = list(regions(written + " "))
    assert [(each.kind, each.end, each.closed) for each in found] == [("name", len(written), True)]
