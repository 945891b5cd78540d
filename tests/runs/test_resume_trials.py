"""Runs that are killed at random points and gone on with until they are through: nothing lost, nothing doubled."""

import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from arcbook.engines.embedded import EmbeddedEngine
from tests.reuse.playing import digest_of, prepare, read_job
from tests.runs.running import Make, Ran
from tests.trials import seeds

Run = Callable[..., Ran]
Start = Callable[..., "subprocess.Popen[str]"]

JOB = read_job()
#: Without the MERGE, which the embedded engine cannot do twice safely by itself.
CELLS = [cell for cell in JOB["cells"] if "MERGE" not in cell]
MOST_KILLS = 2


@pytest.mark.trial
@pytest.mark.parametrize("seed", seeds(1, soak=25))
def test_kills(
    seed: int,
    make_notebook: Make,
    run_command: Run,
    start_command: Start,
    embedded_engine: EmbeddedEngine,
    tmp_path: Path,
) -> None:
    """SIGKILL of the run (and with it of its kernel) at any point, several times; the outputs are a clean run's."""
    chance = random.Random(seed)
    clean = tmp_path / "clean"
    for root in (clean, tmp_path / "killed"):
        prepare(JOB, root)
    cells = [cell.replace("${root}", str(clean)) for cell in CELLS]
    first = run_command("arcbook", "run", make_notebook(*cells, name="clean"), "--environment", "test")
    assert first.code == 0, first.err

    killed = make_notebook(*(cell.replace("${root}", str(tmp_path / "killed")) for cell in CELLS), name="killed")
    command: tuple[str | Path, ...] = ("run", killed, "--environment", "test", "--logical-time", "2026-11-23T08:00")
    for _ in range(MOST_KILLS):
        known = set(tmp_path.glob("runs/killed/*"))
        process = start_command("arcbook", *command)
        kill_at(process, tmp_path, known, chance.randrange(len(CELLS)), chance.random() * 0.2)
        command = ("run", "--resume", "killed/latest")
        if process.wait(60) == 0:
            break
    else:
        done = run_command("arcbook", *command)
        assert done.code == 0, done.err
    outputs = {name: kind for name, kind in JOB["outputs"].items() if name != "marker"}
    assert digest_of(embedded_engine, tmp_path / "killed", outputs) == digest_of(embedded_engine, clean, outputs)


def kill_at(
    process: "subprocess.Popen[str]", tmp_path: Path, known: set[Path], cell: int, delay: float, seconds: float = 120
) -> None:
    """Kill the process a moment after its new run has begun a cell, if it comes to that."""
    until = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < until:
        journals = [path / "journal.jsonl" for path in set(tmp_path.glob("runs/killed/*")) - known]
        if any(path.exists() and begun(path, cell) for path in journals):
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.01)
    assert process.stdout is not None
    process.stdout.close()
    process.wait(60)


def begun(journal: Path, cell: int) -> bool:
    """Whether a run's journal says that the cell has begun."""
    text = journal.read_text("utf-8")
    return any(f'"cell":{cell}' in line and '"event":"cell"' in line for line in text.splitlines())
