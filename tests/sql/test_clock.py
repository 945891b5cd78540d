"""A run's one time takes the place of the clock wherever a statement reads it, and nowhere else."""

from datetime import UTC, datetime

import pytest

from arcbook.sql.clock import at_time

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
TIMESTAMP = "TIMESTAMP '2026-01-02 03:04:05.000006Z'"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select now ( ) as n", f"select {TIMESTAMP} as n"),
        ("select NOW()", f"select {TIMESTAMP} AS `now()`"),
        ("select a, current_date from v", f"select a, CAST({TIMESTAMP} AS DATE) AS `current_date()` from v"),
        ("select curdate() as d", f"select CAST({TIMESTAMP} AS DATE) as d"),
        ("select localtimestamp() as l", f"select CAST({TIMESTAMP} AS TIMESTAMP_NTZ) as l"),
        ("select unix_timestamp() as u", "select CAST(1767323045 AS BIGINT) as u"),
        (
            "select f(now(), 1) from v where t < current_timestamp -- now()",
            f"select f({TIMESTAMP}, 1) from v where t < {TIMESTAMP} -- now()",
        ),
        (
            "with c as (select now() from v) select * from c",
            f"with c as (select {TIMESTAMP} AS `now()` from v) select * from c",
        ),
        (
            "merge into t using s on a = b when matched then update set x = now()",
            f"merge into t using s on a = b when matched then update set x = {TIMESTAMP}",
        ),
        ("insert into t values (1, now())", f"insert into t values (1, {TIMESTAMP})"),
    ],
)
def test_the_clock_is_replaced(sql: str, expected: str) -> None:
    """By a value of the function's type; an item of a SELECT list keeps the name that the engines give it."""
    assert at_time(sql, MOMENT).text == expected


@pytest.mark.parametrize(
    "sql",
    [
        "select x as current_date, v.now, `now`(), 'now()', \"now()\" from v /* now() */",
        "select unix_timestamp(d), unix_timestamp(d, 'yyyy') from v",
        "select t.current_timestamp, current_timestamp.x from t",
        "create table t (a timestamp default current_timestamp())",
        "select snow(), localtimestamp from v",
    ],
)
def test_what_reads_no_clock_stays(sql: str) -> None:
    """Text, comments, columns, other functions, and what a table will do later."""
    assert at_time(sql, MOMENT).text == sql


def test_a_column_of_that_name_stays() -> None:
    """Without brackets the engines look for a column first; with brackets it is always the function."""
    sql = "select current_date, current_date() as d from v"
    found = at_time(sql, MOMENT, columns=frozenset({"current_date"})).text
    assert found == f"select `current_date`, CAST({TIMESTAMP} AS DATE) as d from v"


def test_the_way_back_is_kept() -> None:
    """Places behind a replacement are found in the original."""
    rendered = at_time("select now() as n, wrong", MOMENT)
    start = rendered.text.index("wrong")
    assert rendered.source_range(start, start + 5) == (19, 24)
