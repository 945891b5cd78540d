"""In a run every statement sees the run's one time, on both engines."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from arcbook.engines.session import Session
from arcbook.engines.views import View
from arcbook.runners.executor import Executor
from arcbook.runners.statement import execute_statement

MOMENT = datetime(2024, 2, 29, 23, 59, 58, 123456, tzinfo=UTC)
READINGS = ("now()", "current_timestamp", "current_timestamp()", "current_date", "current_date()", "curdate()",
            "localtimestamp()", "unix_timestamp()")  # fmt: skip
#: What Sail calls otherwise than Spark; a run's column is called as Spark calls it.
SAILS_NAMES = {
    "curdate()": "current_date()",
    "unix_timestamp()": "unix_timestamp(current_timestamp(), yyyy-MM-dd HH:mm:ss)",
}


def session_of_run(executor: Executor) -> Session:
    """A session as a launched run has it."""
    session = executor.session({})
    return replace(session, settings=replace(session.settings, run_id="r1", logical_time=MOMENT))


def rows(sql: str, session: Session) -> list[tuple[Any, ...]]:
    """What a statement yields."""
    return [tuple(row) for row in execute_statement(sql, {}, session).frame.collect()]


@pytest.mark.parametrize("reading", READINGS)
def test_name_and_type_are_those_of_the_clock(executor: Executor, reading: str) -> None:
    """A column made from the run's time is called and typed as the engine calls and types its own reading."""
    own = execute_statement(f"SELECT {reading}", {}, executor.session({})).frame
    ours = execute_statement(f"SELECT {reading}", {}, session_of_run(executor)).frame
    assert ours.dtypes == [(SAILS_NAMES.get(name, name), type_) for name, type_ in own.dtypes]


def test_every_reading_is_the_runs_time(executor: Executor) -> None:
    """Also far inside a statement, and again at the next."""
    session = session_of_run(executor)
    sql = "SELECT unix_micros(now()) AS t, unix_timestamp() AS u WHERE current_timestamp < DATE '2025-01-01'"
    seconds = int(MOMENT.timestamp())
    assert rows(sql, session) == rows(sql, session) == [(seconds * 1_000_000 + MOMENT.microsecond, seconds)]
    assert rows("SELECT current_date() IN (DATE '2024-02-29', DATE '2024-03-01') AS d", session) == [(True,)]


def test_a_column_of_that_name_is_the_column(executor: Executor) -> None:
    """As the engines have it: a view's column comes before the function without brackets."""
    session = session_of_run(executor)
    session.spark.sql("SELECT DATE '2001-01-01' AS current_date").createOrReplaceTempView("dated")
    session.views.put(View("dated"))
    assert rows("SELECT current_date FROM dated", session) == [(date(2001, 1, 1),)]


def test_who_works_in_a_notebook_keeps_the_clock(executor: Executor) -> None:
    """Without a launched run the statement is left alone."""
    (found,) = rows("SELECT unix_timestamp() AS u", executor.session({}))
    assert abs(found[0] - datetime.now(UTC).timestamp()) < 3600
