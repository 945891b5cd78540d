"""The command is killed at any moment: whole records, no leftovers, and the next run is right."""

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from deltalake import DeltaTable

from arcbook.folders.record import FolderRecord
from arcbook.runs.record import Record, read_record
from tests.folders.conftest import MakeJob, Start
from tests.folders.test_run_folder import MAKE, MERGE, READ, SAVE, is_whole, summary
from tests.runs.running import Ran, processes_of
from tests.trials import seeds
from tests.waiting import wait_until

pytestmark = pytest.mark.trial
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)


@pytest.mark.parametrize("seed", seeds(2, soak=40))
def test_killed_at_any_moment(
    seed: int, make_job: MakeJob, start: Start, run: Callable[..., Ran], tmp_path: Path
) -> None:
    """Each job that has begun has an end in its record, and the tables are those of the next run."""
    chance = random.Random(seed)
    make_job("z", MAKE.format(7), SAVE.format("t"))
    make_job("y", MAKE.format(5), SAVE.format("u"))
    make_job("b", READ.format("t"), MERGE)
    process = start("--jobs", "2")
    wait_until(lambda: (tmp_path / "runs").exists() or process.poll() is not None, seconds=180)
    time.sleep(chance.uniform(0, 8))
    process.send_signal(chance.choice(SIGNALS))
    process.communicate(timeout=240)

    wait_until(lambda: all(record.status != "running" for record in found(tmp_path)), seconds=120)
    for record in found(tmp_path):
        place = tmp_path / "runs" / record.job / record.run_id
        wait_until((place / "MANIFEST").exists, seconds=60)
        assert is_whole(tmp_path, record)
    wait_until(lambda: not any(processes_of(record.run_id) for record in found(tmp_path)), seconds=60)
    FolderRecord.model_validate(summary(tmp_path))

    again = run()
    assert again.code == 0, again.err
    rows = {name: DeltaTable(tmp_path / "etl" / "out" / name).to_pyarrow_table() for name in ("t", "u")}
    assert sorted(rows["t"]["id"].to_pylist()) == [0, 2, 3, 4, 5, 6, 100]
    assert sorted(rows["u"]["id"].to_pylist()) == [0, 1, 2, 3, 4]


def found(folder: Path) -> list[Record]:
    """The records of all jobs that have begun."""
    paths = (folder / "runs").glob("[!_]*/*/record.json")
    return [read_record(path.read_text(encoding="utf-8")) for path in paths]
