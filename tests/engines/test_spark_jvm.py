"""The Java process behind the engine `local`: jobs that nobody can stop any more are cancelled, and only they."""

import gc
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from arcbook.engines import local
from arcbook.engines.base import Engine
from arcbook.engines.local import LocalEngine
from arcbook.engines.local_server import START_SECONDS
from arcbook.engines.processes import is_at_rest
from arcbook.engines.spark_jvm import SparkJvm
from tests.engines.stopping import error_when_stopped
from tests.trials import seeds
from tests.waiting import wait_until

ENDLESS = "SELECT count(*) FROM range(1000000) a CROSS JOIN range(1000000) b WHERE a.id * b.id % {} = 3"
GONE = "SparkConnect_OperationTag_User__Session_s_Operation_gone"
#: Threads that wait for a job of theirs.
WAITING: list[threading.Thread] = []


@pytest.fixture(scope="module")
def jvm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkJvm]:
    """A process of the tests' own that serves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCBOOK_LOCAL_MEMORY_MB", "1024")
        command = local.server_command(("base",), lambda _: None)
    arguments = [part.replace("{port}", "0") for part in command["arguments"]]
    started = SparkJvm(arguments, command["environment"], tmp_path_factory.mktemp("jvm"))
    try:
        assert started.serve(START_SECONDS) is None
        yield started
    finally:
        for thread in WAITING:
            thread.join(60)  # a thread that meets the end of the process logs it, in the middle of another test
        gc.collect()
        started.end()


def _begin(jvm: SparkJvm, tag: str, group: str | None = None) -> Any:
    """Have an endless job at work under `tag`; the context, which says what runs."""
    spark = jvm._gateway.jvm.org.apache.spark
    context = spark.SparkContext.getOrCreate()
    session = spark.sql.classic.SparkSession.builder().getOrCreate()

    def work() -> None:
        context.clearJobTags()  # py4j may take a Java thread that an earlier test used
        context.addJobTag(tag)
        if group:
            context.setJobGroup(group, group, False)
        with suppress(Exception):  # it is cancelled
            session.sql(ENDLESS.format(7)).count()

    WAITING.append(threading.Thread(target=work, daemon=True))
    WAITING[-1].start()
    wait_until(
        lambda: len(_running(context)) == 1 and context.statusTracker().getJobInfo(_running(context)[0]) is not None
    )
    return context


def _running(context: Any) -> list[int]:
    return list(context.statusTracker().getActiveJobIds())


@pytest.mark.local
def test_a_job_without_its_statement_is_cancelled(jvm: SparkJvm) -> None:
    """Not at first sight: the statement may just be about to end its jobs itself."""
    context = _begin(jvm, GONE)
    assert jvm.cancel_nobodys_jobs() == []
    assert len(jvm.cancel_nobodys_jobs()) == 1
    wait_until(lambda: not _running(context))


@pytest.mark.local
@pytest.mark.parametrize(("tag", "group"), [("mine", None), (GONE, "a streaming query")])
def test_other_jobs_stay(jvm: SparkJvm, tag: str, group: str | None) -> None:
    """What no statement began, and what outlives its statement by design."""
    context = _begin(jvm, tag, group)
    try:
        assert [jvm.cancel_nobodys_jobs() for _ in range(3)] == [[], [], []]
        assert len(_running(context)) == 1
    finally:
        context.cancelAllJobs()
        wait_until(lambda: not _running(context))


@pytest.mark.local
def test_nothing_runs_on_after_an_early_interrupt(new_engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupts at all moments of a statement's planning: each time the cores are free again."""
    monkeypatch.setenv("ARCBOOK_LOCAL_IDLE_SECONDS", "1")  # a server of its own
    engine: Engine = new_engine("local")
    assert isinstance(engine, LocalEngine)
    engine.spark().sql("SELECT 1").collect()
    assert engine.server is not None
    pid = engine.server.pid
    for trial in seeds(6, soak=200):
        error_when_stopped(engine, ENDLESS.format(7 + trial), after=trial % 12 / 50)
        wait_until(lambda: is_at_rest(pid), f"trial {trial}: the server is still at work")
