"""Killed at any moment and tried again with the same key: nothing is lost, and nothing is there twice."""

import hashlib
import random
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pyarrow
import pyarrow.parquet
import pytest
from deltalake import DeltaTable, write_deltalake

from arcbook.runs.record import Record, read_record
from tests.runs.faults import strike, victims
from tests.runs.running import BIN, MARK, assert_gone, environment, read_notebook, wait_for_journal
from tests.trials import seeds

ROWS, BEFORE = 20_000, 10
LOAD = '{{"type": "{type}", "name": "{name}", "environments": ["test"], "inputView": "many", "outputURI": "{name}", '
CELLS = (
    f"%sql name=many environments=test outputView=many\nSELECT id, md5(CAST(id AS STRING)) AS text FROM range({ROWS})",
    *(
        LOAD.format(type=kind, name=name) + f'"saveMode": "{mode}"}}'
        for kind, name, mode in [
            ("DeltaLakeLoad", "appended", "Append"),
            ("DeltaLakeLoad", "replaced", "Overwrite"),
            ("ParquetLoad", "files", "Overwrite"),
            ("DeltaLakeLoad", "appended_last", "Append"),
        ]
    ),
)


@dataclass(frozen=True)
class Plan:
    """When and how a trial's first attempt is killed: `seconds` after the cell at position `cell` has begun."""

    engine: str
    deed: str
    cell: int
    seconds: float
    exists: bool


def plan_of(seed: int) -> Plan:
    """The plan of a seed. The engine `local` is one server for all tests, which is not killed here."""
    chance = random.Random(seed)
    engine = "local" if seed % 5 == 4 else "embedded"
    deeds = ["SIGKILL run", "SIGTERM run", "SIGKILL kernel", "SIGKILL all", "SIGKILL engine"]
    return Plan(
        engine,
        chance.choice(deeds if engine == "embedded" else deeds[:-1]),
        chance.randrange(-1, len(CELLS)),
        chance.uniform(0, 0.6 if engine == "embedded" else 2.0),
        chance.random() < 0.5,
    )


@pytest.mark.trial
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "seed", [pytest.param(n, marks=[pytest.mark.local] if n % 5 == 4 else []) for n in seeds(15, soak=500)]
)
def test_killed_and_tried_again(seed: int, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """The second attempt leaves what one clean run would have left; the first has a whole record."""
    plan = plan_of(seed)
    if plan.engine == "local":
        request.getfixturevalue("local_engine").spark()  # warm, and no process of the run
    before = BEFORE if plan.exists else 0
    _prepare(tmp_path, exists=plan.exists)

    mark = uuid.uuid4().hex
    first = _start(tmp_path, plan.engine, mark)
    begun = '"event":"run"' if plan.cell < 0 else f'"cell":{plan.cell}'
    wait_for_journal(begun, tmp_path / "runs", first)
    time.sleep(plan.seconds)  # not for something to happen: any moment is as good
    if first.poll() is None and (" run" in plan.deed or victims(mark, plan.deed.split()[1])):
        strike(plan.deed, mark, first.pid)
    first.wait(400)
    assert_gone(mark)
    _judge_record(tmp_path)

    second = _start(tmp_path, plan.engine, mark)
    code = second.wait(400)
    assert code == 0, (tmp_path / "messages.txt").read_text(encoding="utf-8")
    assert_gone(mark)
    assert _rows(tmp_path) == {
        "appended": before + ROWS, "replaced": ROWS, "files": ROWS, "appended_last": before + ROWS,
    }, plan  # fmt: skip


def _prepare(folder: Path, *, exists: bool) -> None:
    """The job, and tables that may exist already."""
    notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    notebook.metadata.kernelspec = {"name": "arc", "display_name": "Arc", "language": "arc"}
    notebook.cells = [nbformat.v4.new_code_cell(text) for text in CELLS]  # type: ignore[no-untyped-call]
    nbformat.write(notebook, folder / "job.ipynb")  # type: ignore[no-untyped-call]
    if not exists:
        return
    old = pyarrow.table({"id": pyarrow.array(range(-BEFORE, 0), pyarrow.int64()), "text": ["old"] * BEFORE})
    for name in ("appended", "replaced", "appended_last"):
        write_deltalake(folder / name, old)
    (folder / "files").mkdir()
    pyarrow.parquet.write_table(old, folder / "files" / "part-0.parquet")


def _start(folder: Path, engine: str, mark: str) -> "subprocess.Popen[bytes]":
    """An attempt at the run, as a scheduler would start it: the same key and time each time."""
    choices = ["--run-key", "w-1", "--logical-time", "2026-01-01T00:00:00Z", "--engine", engine]
    with (folder / "messages.txt").open("wb") as messages:
        return subprocess.Popen(
            [str(BIN / "arcbook"), "run", "job.ipynb", "--environment", "test", *choices],
            cwd=folder, env=environment() | {MARK: mark}, stdout=messages, stderr=messages,
        )  # fmt: skip


def _judge_record(folder: Path) -> None:
    """What the first attempt left is whole, at the latest after `arcbook runs recover`."""
    (place,) = folder.glob("runs/*/*Z-??????")
    if _record(place).status == "running":
        done = subprocess.run(
            [str(BIN / "arcbook"), "runs", "recover"], cwd=folder, env=environment(), capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert _record(place).status in ("completed", "failed", "cancelled", "lost")
    read_notebook(place / "notebook.ipynb")
    for line in (place / "MANIFEST").read_text(encoding="utf-8").splitlines():
        digest, name = line.split()
        assert hashlib.sha256((place / name).read_bytes()).hexdigest() == digest, name


def _record(place: Path) -> Record:
    return read_record((place / "record.json").read_text(encoding="utf-8"))


def _rows(folder: Path) -> dict[str, int]:
    """The rows of each output, as other programs than the engine read them; each id may be there once."""
    read = {
        name: DeltaTable(str(folder / name)).to_pyarrow_table() for name in ("appended", "replaced", "appended_last")
    }
    read["files"] = pyarrow.parquet.read_table(folder / "files")
    for name, table in read.items():
        assert len(set(table["id"].to_pylist())) == table.num_rows, f"rows of {name} are there twice"
    return {name: table.num_rows for name, table in read.items()}
