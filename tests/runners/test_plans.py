"""The plan of a stage that failed, for the record."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from arcbook.cells.model import Cell
from arcbook.cells.plan import Context, steps_of
from arcbook.core.failures import TransientError
from arcbook.core.notes import VARIABLE
from arcbook.core.settings import RunSettings
from arcbook.engines.embedded import EmbeddedEngine
from arcbook.runners.executor import Executor
from arcbook.runners.plans import telling_plan
from tests.waiting import wait_until

STAGE = '{"type": "SQLTransform", "name": "one", "environments": ["test"], "sql": "SELECT 1 AS x", "outputView": "one"}'


@pytest.fixture
def engine() -> Iterator[EmbeddedEngine]:
    """An engine that may be killed."""
    made = EmbeddedEngine()
    yield made
    made.close()


@pytest.mark.parametrize("killed", [False, True])
def test_no_engine_is_started_for_a_plan(
    killed: bool, engine: EmbeddedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A living engine tells it; when a stage fails because its engine has died, no other one is started to ask it."""
    notes = tmp_path / "notes.jsonl"
    executor = Executor(engine, RunSettings())
    (step,) = steps_of(Cell(source=STAGE, body=STAGE), Context(settings=RunSettings()))
    executor.execute(step, {})
    assert engine.pid is not None
    if killed:
        os.kill(engine.pid, signal.SIGKILL)
        wait_until(engine.is_gone)
    monkeypatch.setenv(VARIABLE, str(notes))
    with pytest.raises(TransientError), telling_plan(step, executor):
        raise TransientError("The connection broke.")
    told = notes.read_text(encoding="utf-8") if notes.exists() else ""
    assert ('"note": "plan"' in told) is not killed
    assert (engine.is_gone(), engine.generation) == (killed, 0)
