"""Which views are stored at once and which only when the run fails."""

import os
import signal
from pathlib import Path

import pytest

from arcbook.cells.plan import Context
from arcbook.core.settings import RunSettings
from arcbook.engines.base import Engine
from arcbook.engines.embedded import EmbeddedEngine
from arcbook.reuse.checkpoints import Checkpoints
from arcbook.reuse.frames import MOST_ROWS
from arcbook.reuse.plan import ReusePlan
from arcbook.reuse.reuse import Reuse
from arcbook.runners.executor import Executor
from tests.reuse.playing import play, prepare, steps_in
from tests.waiting import wait_until

EXTRACT = """{"type": "DelimitedExtract", "name": "e", "inputURI": "${root}/in", "outputView": "e", "header": true}"""
BY_NAME = '{"type": "SQLTransform", "name": "q", "sql": "SELECT %s FROM e", "outputView": "%s"%s}'
JOB = {"files": {"in/a.csv": "id,name\n1,a\n2,b\n"}}


def stored(engine: Engine, root: Path, *cells: str, fail: bool, keep: str = "small") -> dict[str, list[dict[str, str]]]:
    """The rows in the checkpoints that a run of the cells leaves, by the names of their stages."""
    import pyarrow.parquet as pq

    prepare(JOB, root)
    store = Checkpoints(str(root / "checkpoints"))
    plan = ReusePlan(root=store.root, keep=keep, lineage="run-1")  # type: ignore[arg-type]
    played = play(engine, [EXTRACT, *cells], root, plan, fail_at=len(cells) if fail else None)
    assert (played.error is not None) == fail, played.error
    found = {}
    for note in played.notes:
        checkpoint = store.read(note["reuse"]["key"])
        if checkpoint is not None:
            files = [Path(store.folder(checkpoint.key), name) for name in checkpoint.files]
            found[str(note["view"])] = [row for file in files for row in pq.read_table(file).to_pylist()]
    return found


LAST = BY_NAME % ("*", "z", "")


def test_a_run_that_completes_stores_nothing(embedded_engine: Engine, tmp_path: Path) -> None:
    """It would evaluate every view for nobody."""
    assert stored(embedded_engine, tmp_path, BY_NAME % ("id", "a", ""), LAST, fail=False) == {}


def test_a_failure_stores_what_waited(engine: Engine, tmp_path: Path) -> None:
    """Each view with its own rows, also where a name it mentions has been given to another view since."""
    again = EXTRACT.replace('"outputView": "e"', '"outputView": "e2"')
    renamed = '{"type": "SQLTransform", "name": "r", "sql": "SELECT 9 AS id", "outputView": "e"}'
    found = stored(engine, tmp_path, BY_NAME % ("id", "Large", ""), again, renamed, LAST, fail=True)
    assert {name: [str(row["id"]) for row in rows] for name, rows in found.items()} == {
        "Large": ["1", "2"], "e2": ["1", "2"], "e": ["9"],
    }  # fmt: skip


def test_what_is_not_stored_is_said(embedded_engine: Engine, tmp_path: Path) -> None:
    """Not only what could not be, also what was not to be."""
    many = '{"type": "SQLTransform", "name": "m", "sql": "SELECT id FROM range(300000)", "outputView": "m"}'
    plan = ReusePlan(root=str(tmp_path / "checkpoints"), keep="small", lineage="run-1")
    prepare(JOB, tmp_path)
    played = play(embedded_engine, [EXTRACT, many, LAST], tmp_path, plan, fail_at=2)
    assert played.not_stored == {"m": f"it has more than {MOST_ROWS:,} rows; --checkpoints always stores it"}


def test_no_engine_is_started_to_store_views(tmp_path: Path) -> None:
    """Their engine has gone, and they with it."""
    prepare(JOB, tmp_path)
    settings = RunSettings(environment="test", run_id="run-1")
    engine = EmbeddedEngine()
    try:
        reuse = Reuse(ReusePlan(root=str(tmp_path / "checkpoints"), keep="small", lineage="run-1", written=()))
        (step,) = steps_in([EXTRACT], tmp_path, Context(settings=settings, engine=engine.name))
        reuse.run(Executor(engine, settings), step, {})
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGKILL)
        wait_until(engine.is_gone)
        (late,) = reuse.keep_waiting()
        assert (late.view, late.stored, late.why_not, late.trouble) == ("e", False, "its engine has gone", True)
        assert (engine.is_gone(), engine.generation) == (True, 0)
    finally:
        engine.close()


@pytest.mark.parametrize("keys", [', "persist": true', ""], ids=["persist", "its source is written"])
def test_at_once(embedded_engine: Engine, tmp_path: Path, keys: str) -> None:
    """What was evaluated anyway, and what can no longer be had when the run fails."""
    load = '{"type": "ParquetLoad", "name": "l", "inputView": "a", "outputURI": "${root}/in", "saveMode": "Append"}'
    cells = (LAST,) if keys else (load,)
    found = stored(embedded_engine, tmp_path, BY_NAME % ("id", "a", keys), *cells, fail=False)
    assert sorted(found) == (["a"] if keys else ["a", "e"])


def test_chance_is_stored_at_once(embedded_engine: Engine, tmp_path: Path) -> None:
    """Later it would be other rows."""
    found = stored(embedded_engine, tmp_path, BY_NAME % ("rand() AS r", "a", ""), LAST, fail=False)
    assert list(found) == ["a"]
