"""A node is lost: what the record on S3 holds by then, against what the job had printed."""

import random
import subprocess
import time
import uuid
from itertools import pairwise
from pathlib import Path

import pytest

from arcbook.runs.s3 import S3Folder
from arcbook.runs.store import open_store
from tests.runs.running import BIN, MARK, Make, Ran, environment, lose, read_notebook, texts
from tests.trials import seeds
from tests.waiting import wait_until

pytestmark = pytest.mark.trial
#: What may be missing, in seconds.
MAY_MISS = 5.0

# Each line is in a file of the job's own before it is printed: the file tells what there was to be kept.
PRINT = """%python
import time
with open('printed.txt', 'a', buffering=1) as printed:
    for number in range({count}):
        line = f'line {{time.time():.3f}} {{number}} {padding}'
        printed.write(line + '\\n')
        print(line, flush=True)
        time.sleep({pause})
"""
SHAPES = {
    "steady": ["%environment test", PRINT.format(count=100_000, padding="", pause=0.05)],
    "many cells": ["%environment test", *[PRINT.format(count=2, padding="", pause=0.02)] * 600],
    "flood": ["%environment test", PRINT.format(count=10_000_000, padding="x" * 100, pause=0.0005)],
}


@pytest.mark.parametrize("seed", seeds(4, soak=60))
def test_at_most_the_last_seconds_are_missing(seed: int, s3_bucket: str, make_notebook: Make, tmp_path: Path) -> None:
    """Every process is killed at once, with no goodbye; another machine recovers all but the last 5 s."""
    chance = random.Random(seed)
    shape = list(SHAPES)[seed % len(SHAPES)]
    root = f"s3://{s3_bucket}/runs"
    mark = uuid.uuid4().hex
    process = subprocess.Popen(
        [str(BIN / "arcbook"), "run", str(make_notebook(*SHAPES[shape])), "--record", root],
        cwd=tmp_path, env=environment() | {MARK: mark}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    printed = tmp_path / "printed.txt"
    wait_until(lambda: process.poll() is not None or (printed.exists() and printed.stat().st_size > 0))
    assert process.poll() is None, process.communicate()
    time.sleep(chance.uniform(0, 12))

    lost_at = time.time()
    lose(mark)
    process.communicate()

    recovered = command(tmp_path, "runs", "recover", "--record", root, "--force")
    assert recovered.code == 0, recovered.err
    folder = open_store(root).find("latest")
    assert isinstance(folder, S3Folder)
    (tmp_path / "recovered.ipynb").write_bytes(folder.get("notebook.ipynb"))
    kept = [
        line for line in texts(read_notebook(tmp_path / "recovered.ipynb")).splitlines() if line.startswith("line ")
    ]
    there_was = printed.read_text().rpartition("\n")[0].splitlines()  # the last line may be half

    assert folder.record().status == "lost"
    assert "ended without a word" in texts(read_notebook(tmp_path / "recovered.ipynb"))
    times = [float(line.split()[1]) for line in there_was]
    stall = max((later - earlier for earlier, later in pairwise(times)), default=0.0)
    newest = float(kept[-1].split()[1]) if kept else times[0]
    assert lost_at - newest <= MAY_MISS + stall, f"{shape}: {lost_at - newest:.1f} s are missing"
    if shape == "flood":  # head and tail are kept, in order
        positions = {line: number for number, line in enumerate(there_was)}
        assert [positions[line] for line in kept] == sorted(positions[line] for line in kept)
    else:
        assert kept == there_was[: len(kept)]


def command(folder: Path, *arguments: str) -> Ran:
    """Run an arcbook command."""
    done = subprocess.run(
        [str(BIN / "arcbook"), *arguments],
        cwd=folder, env=environment(), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)
