"""A machine is lost while a run writes: every output is as it was before, or complete."""

import json
import random
import subprocess
import time
import uuid
from pathlib import Path

import pyarrow.parquet
import pytest
from deltalake import DeltaTable

from tests.runs.running import BIN, MARK, Make, Ran, environment, lose
from tests.trials import seeds

pytestmark = pytest.mark.trial
BEFORE, AFTER = 1_000, 400_000
LOAD = '{{"type": "{type}", "name": "{name}", "environments": ["test"], "inputView": "many", "outputURI": "{name}", '
LOADS = [("DeltaLakeLoad", "delta"), ("ParquetLoad", "parquet"), ("JSONLoad", "json")]


def cells(save_mode: str) -> tuple[str, ...]:
    """A job that writes as many rows as it is told to three places."""
    return (
        "%environment test",
        "%params\nrows: integer",
        "%sql name=many environments=test outputView=many\nSELECT id, md5(string(id)) AS text FROM range(:rows)",
        *(LOAD.format(type=kind, name=name) + f'"saveMode": "{save_mode}"}}' for kind, name in LOADS),
    )


CELLS = cells("Overwrite")


@pytest.mark.parametrize("seed", seeds(2, soak=50))
def test_the_machine_is_lost_at_any_moment(seed: int, make_notebook: Make, tmp_path: Path) -> None:
    """Readers see the old rows or the new ones, never a mixture, and the next run succeeds."""
    chance = random.Random(seed)
    job = make_notebook(*CELLS)
    first = finish(start(job, BEFORE, tmp_path))
    assert first.code == 0, first.err
    mark = uuid.uuid4().hex
    process = start(job, AFTER, tmp_path, mark)
    wait_for_first_load(tmp_path, process)
    time.sleep(chance.uniform(0, 2.5))

    lose(mark)
    process.communicate()

    assert set(rows(tmp_path).values()) <= {BEFORE, AFTER}
    again = finish(start(job, AFTER, tmp_path))
    assert again.code == 0, again.err
    assert set(rows(tmp_path).values()) == {AFTER}


@pytest.mark.parametrize("seed", seeds(2, soak=50))
def test_a_lost_run_is_repeated(seed: int, make_notebook: Make, tmp_path: Path) -> None:
    """An attempt is lost while it appends; however often that happens, the rows are there once in the end."""
    chance = random.Random(seed)
    job = make_notebook(*cells("Append"))
    first = finish(start(job, BEFORE, tmp_path))
    assert first.code == 0, first.err
    attempt = ("--run-key", "one", "--logical-time", "2026-01-01T00:00:00Z")
    mark = uuid.uuid4().hex
    process = start(job, AFTER, tmp_path, mark, *attempt)
    wait_for_first_load(tmp_path, process)
    time.sleep(chance.uniform(0, 2.5))

    lose(mark)
    process.communicate()

    for _ in range(2):
        again = finish(start(job, AFTER, tmp_path, "", *attempt))
        assert again.code == 0, again.err
        assert set(rows(tmp_path).values()) == {BEFORE + AFTER}


def start(job: Path, count: int, folder: Path, mark: str = "", *options: str) -> "subprocess.Popen[str]":
    """Start the job with that many rows; all its processes bear the mark."""
    return subprocess.Popen(
        [str(BIN / "arcbook"), "run", *options, str(job), "-p", "rows", str(count)],
        cwd=folder, env=environment() | {MARK: mark}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(process: "subprocess.Popen[str]") -> Ran:
    """Wait for the end of a run."""
    out, err = process.communicate(timeout=120)
    return Ran(process.returncode, out, err)


def wait_for_first_load(folder: Path, process: "subprocess.Popen[str]") -> None:
    """Return when the second run has come to its first load."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        journals = sorted((folder / "runs").glob("*/*/journal.jsonl"))
        events = journals[-1].read_text().splitlines() if len(journals) == 2 else []
        if sum('"event":"cell"' in event for event in events) > CELLS.index(next(c for c in CELLS if "Load" in c)):
            return
        time.sleep(0.02)
    raise AssertionError(process.communicate())


def rows(folder: Path) -> dict[str, int]:
    """The rows of each output, as other programs than the engine read them."""
    lines = [line for file in (folder / "json").glob("*.json") for line in file.read_text().splitlines()]
    return {
        "delta": DeltaTable(str(folder / "delta")).to_pyarrow_table(columns=["id"]).num_rows,
        "parquet": pyarrow.parquet.read_table(folder / "parquet").num_rows,
        "json": len([json.loads(line) for line in lines]),
    }
