"""A run that failed is gone on with: what failed and what follows is executed, and the results are a clean run's."""

from dataclasses import replace
from pathlib import Path

import pytest

from arcbook.engines.base import Engine
from arcbook.reuse.plan import ReusePlan
from tests.reuse.playing import digest_of, play, prepare, read_job
from tests.trials import seeds

JOB = read_job()
POSITIONS = range(len(JOB["cells"]))


def plans(root: Path, keep: str = "small") -> tuple[ReusePlan, ReusePlan]:
    """The plan of a run and that of one that resumes it."""
    where = {"root": str(root / "checkpoints"), "keep": keep, "lineage": "run-1"}
    return ReusePlan(**where), ReusePlan(**where, resume="run-1")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def clean(embedded_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The hash of what a run without failure leaves."""
    root = tmp_path_factory.mktemp("clean")
    prepare(JOB, root)
    played = play(embedded_engine, JOB["cells"], root, ReusePlan())
    assert played.error is None
    return digest_of(embedded_engine, root, JOB["outputs"])


@pytest.mark.parametrize("keep", ["small", "never"])
@pytest.mark.parametrize("position", POSITIONS)
def test_every_position(position: int, keep: str, embedded_engine: Engine, tmp_path: Path, clean: str) -> None:
    """Whichever stage fails, with checkpoints and without: those before it are reused, and the results are the same."""
    resumed_is_clean(embedded_engine, position, keep, tmp_path, clean)


def resumed_is_clean(engine: Engine, position: int, keep: str, root: Path, clean: str) -> None:
    prepare(JOB, root)
    first, second = plans(root, keep)
    failed = play(engine, JOB["cells"], root, first, fail_at=position)
    assert str(failed.error) == "injected"
    assert len(failed.notes) == position

    resumed = play(engine, JOB["cells"], root, second, done=failed.done, run_id="run-2")

    assert resumed.error is None
    assert resumed.reused == [at < position for at in POSITIONS]
    assert digest_of(engine, root, JOB["outputs"]) == clean


@pytest.mark.parametrize("positions", [(3, 8), (7, 7), (11, 12)])
def test_failing_again(positions: tuple[int, int], embedded_engine: Engine, tmp_path: Path, clean: str) -> None:
    """A resumed run that fails can be resumed in its turn."""
    prepare(JOB, tmp_path)
    first, second = plans(tmp_path)
    failed = play(embedded_engine, JOB["cells"], tmp_path, first, fail_at=positions[0])
    again = play(
        embedded_engine, JOB["cells"], tmp_path, second, done=failed.done, fail_at=positions[1], run_id="run-2"
    )
    last = play(embedded_engine, JOB["cells"], tmp_path, second, done=again.done, run_id="run-3")
    assert last.error is None
    assert last.reused == [at < positions[1] for at in POSITIONS]
    assert digest_of(embedded_engine, tmp_path, JOB["outputs"]) == clean


@pytest.mark.parametrize("position", [at for at, cell in enumerate(JOB["cells"]) if '"saveMode"' in cell])
def test_work_of_which_nothing_is_told(position: int, embedded_engine: Engine, tmp_path: Path, clean: str) -> None:
    """A run killed between a load and its line in the journal: the load is repeated, its rows are there once."""
    prepare(JOB, tmp_path)
    first, second = plans(tmp_path)
    failed = play(embedded_engine, JOB["cells"], tmp_path, first, fail_at=position, lost=True)
    assert len(failed.notes) == position
    resumed = play(embedded_engine, JOB["cells"], tmp_path, second, done=failed.done, run_id="run-2")
    assert resumed.error is None
    assert resumed.reused == [at < position for at in POSITIONS]
    assert digest_of(embedded_engine, tmp_path, JOB["outputs"]) == clean


def test_a_lost_change_of_what_was_read(embedded_engine: Engine, tmp_path: Path) -> None:
    """A table that the stage which failed may have changed does not count as changed input."""
    prepare(JOB, tmp_path)
    merge = next(at for at, cell in enumerate(JOB["cells"]) if "MERGE" in cell)
    first, second = plans(tmp_path)
    failed = play(embedded_engine, JOB["cells"], tmp_path, first, fail_at=merge, lost=True)
    unsure = replace(second, uncertain=(str(tmp_path / "customers"),))
    for plan, reused in ((unsure, True), (second, False)):
        stop = play(embedded_engine, JOB["cells"], tmp_path, plan, done=failed.done, run_id="run-2", fail_at=4)
        assert stop.reused == [True, reused, True, reused]


@pytest.mark.local
@pytest.mark.parametrize("position", seeds(0, soak=len(POSITIONS)) or (8,))
def test_positions_on_spark(position: int, local_engine: Engine, tmp_path: Path, clean: str) -> None:
    """The same on the engine `local`, whose views show a table's newest state by themselves."""
    resumed_is_clean(local_engine, position, "small", tmp_path, clean)


def test_restored_from_checkpoints(embedded_engine: Engine, tmp_path: Path) -> None:
    """Views over files come from their checkpoints, those over a table that the job writes are made again."""
    prepare(JOB, tmp_path)
    first, second = plans(tmp_path)
    failed = play(embedded_engine, JOB["cells"], tmp_path, first, fail_at=13)
    resumed = play(embedded_engine, JOB["cells"], tmp_path, second, done=failed.done, run_id="run-2")
    how = [note["reuse"].get("how", "") for note in resumed.notes]
    assert [at for at, text in enumerate(how) if text == "from its checkpoint"] == [0, 2, 4]
    assert [at for at, text in enumerate(how) if text.startswith("made again")] == [1, 3, 10, 12]
