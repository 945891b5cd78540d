"""Sessions that end while calls of other sessions are in flight."""

import threading
import time
from typing import Any

import pytest

from arcbook.engines.base import Engine
from arcbook.engines.connect import bounded, open_session
from arcbook.engines.embedded import EmbeddedEngine


@pytest.mark.parametrize("how", ["stopped", "collected"])
def test_an_ending_session_waits_for_no_other(how: str, embedded_engine: Engine) -> None:
    """PySpark shares one pool of calls among all sessions; a call that never returns must not hold up the rest."""
    from pyspark.sql.connect.client.reattach import ExecutePlanResponseReattachableIterator as Answers

    assert isinstance(embedded_engine, EmbeddedEngine)
    spark = embedded_engine.spark()
    assert embedded_engine._server is not None
    other: Any = open_session(f"sc://127.0.0.1:{embedded_engine._server.port}", {})
    other.sql("SELECT 1").collect()
    stuck = threading.Event()
    Answers._get_or_create_release_thread_pool().submit(stuck.wait, 60)
    try:
        # The destructor is called by hand, for PySpark itself may still hold the session.
        ended = bounded(other.stop if how == "stopped" else other.__del__, 5)
        answered = bounded(lambda: spark.sql("SELECT 2").collect(), 5)
    finally:
        stuck.set()
        time.sleep(0.1)
    assert (ended, answered) == (True, True)


def garbled(monkeypatch: pytest.MonkeyPatch, spark: Any, call: str, times: int) -> list[int]:
    """Make the bytes of the next `times` answers to `call` no message; what is returned grows with each answer."""
    seen: list[int] = []
    stub = spark.client._stub
    asked = getattr(stub, call)
    read = asked._response_deserializer

    def misread(message: bytes) -> Any:
        seen.append(len(message))
        return read(b"\xff" + message if len(seen) <= times else message)

    monkeypatch.setattr(asked, "_response_deserializer", misread)
    return seen


@pytest.mark.parametrize(("times", "asked"), [(1, 2), (2, 3)])
def test_an_unreadable_answer_is_asked_for_again(
    times: int, asked: int, embedded_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    spark: Any = embedded_engine.spark()
    seen = garbled(monkeypatch, spark, "AnalyzePlan", times)
    assert spark.sql("SELECT 1 AS one").schema.names == ["one"]
    assert len(seen) == asked


@pytest.mark.filterwarnings("ignore:.*RETRIES_EXCEEDED")
def test_an_answer_that_stays_unreadable_is_an_error(
    embedded_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    spark: Any = embedded_engine.spark()
    seen = garbled(monkeypatch, spark, "AnalyzePlan", 100)
    with pytest.raises(Exception, match="deserializing"):
        _ = spark.sql("SELECT 1 AS one").schema
    assert len(seen) == 3


def test_a_statement_is_not_made_twice(embedded_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has done by the time its answer cannot be read is not known."""
    spark: Any = embedded_engine.spark()
    seen = garbled(monkeypatch, spark, "ExecutePlan", 1)
    with pytest.raises(Exception, match="deserializing"):
        spark.sql("SELECT 1 AS one").collect()
    assert len(seen) == 1
