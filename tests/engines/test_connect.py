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
