"""A failed run is brought back into a kernel, and nothing that is done there reaches a real place."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from arcbook.core.failures import ArcbookError
from arcbook.runs.execute import execute
from arcbook.runs.launch import read_request
from arcbook.runs.resume import failed_run, resume_request
from arcbook.runs.store import open_store
from arcbook_magics.shown import Shown
from arcbook_magics.workbench import Workbench
from tests.reuse.playing import TIME, prepare, read_job

JOB = read_job()
GATE = next(at for at, cell in enumerate(JOB["cells"]) if cell.startswith("%sqlvalidate"))
PARAMS = '%params\nleast_points: integer = 3\nkey: secret = "env://NOT_NEEDED"'
#: Cells in front of those of the job, so that its stages have other numbers than its list.
FRONT = [PARAMS, "%env\nSUFFIX=x", "%python\nprint(1)"]


ON_BOTH = pytest.mark.parametrize("on", ["embedded", pytest.param("local", marks=pytest.mark.local)], indirect=True)


@pytest.fixture(scope="module")
def on(request: pytest.FixtureRequest) -> str:
    """The engine of the run and of the kernel that replays it."""
    return getattr(request, "param", "embedded")


@pytest.fixture(scope="module")
def failed(on: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run whose gate failed."""
    root = tmp_path_factory.mktemp("failed")
    prepare(JOB, root)
    write_job(root, *FRONT)
    request = read_request(
        str(root / "job.ipynb"), environment="test", engine=on, record_root=str(root / "runs"), logical_time=TIME,
        parameters={"least_points": "4"},
    )  # fmt: skip
    outcome = execute(request)
    assert outcome.record.failure is not None
    assert outcome.record.failure.cell == len(FRONT) + GATE + 1
    return root


def write_job(root: Path, *front: str) -> None:
    """Write the job's notebook, whose gate fails, with these cells in front."""
    notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    notebook.metadata.kernelspec = {"name": "arc", "display_name": "arc", "language": "arc"}
    cells = [*front, *(cell.replace("${root}", str(root)) for cell in JOB["cells"])]
    cells[len(front) + GATE] = cells[len(front) + GATE].replace("= 6", "= 7 + :least_points")
    for source in cells:
        cell = nbformat.v4.new_code_cell(source)  # type: ignore[no-untyped-call]
        cell.metadata["tags"] = ["parameters"] if source == PARAMS else []
        notebook.cells.append(cell)
    nbformat.write(notebook, root / "job.ipynb")  # type: ignore[no-untyped-call]


class Bench:
    """A workbench without a kernel, and what its cells show."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.bench = Workbench(publish=self._take)

    def _take(self, shown: Shown) -> None:
        self.shown.append(repr(shown))

    def run(self, source: str) -> str:
        """Run a cell; all that it shows."""
        self.shown.clear()
        last = self.bench.run(source)
        return "\n".join([*self.shown, repr(last) if last is not None else ""])


@pytest.fixture
def bench(on: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    """A fresh one, as a kernel that was just started."""
    monkeypatch.chdir(tmp_path)  # a replay goes to the folder of its run
    monkeypatch.setenv("ARCBOOK_ENGINE", on)
    for name in ("ARCBOOK_LAUNCH", "ETL_CONF_ENV", "ARCBOOK_RECORD"):
        monkeypatch.delenv(name, raising=False)
    made = Bench()
    yield made
    made.bench.close()


def files(root: Path) -> dict[str, str]:
    """A hash of every file outside the records."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and (root / "runs") not in path.parents
    }


def cell(root: Path, name: str, last: bool = False) -> str:
    """The job's cell whose stage has that name."""
    found = [text for text in JOB["cells"] if f'name="{name}"' in text or f'"name": "{name}"' in text]
    return str(found[-1 if last else 0]).replace("${root}", str(root))


@ON_BOTH
def test_a_replay(on: str, failed: Path, bench: Bench) -> None:
    """Parameters, time, environment and views are those of the run; further writes leave every real file alone."""
    before = files(failed)
    shown = bench.run(f"%replay latest {failed / 'runs'}")
    assert bench.bench.launch.engine == open_store(str(failed / "runs")).find("latest").record().engine == on
    assert "from its checkpoint" in shown
    assert "environment: test" in shown
    assert "Cell 15 failed (quality)" in shown
    assert "not run: nobody can say" in shown
    assert "2026-11-23 08:00:00" in bench.run("%sql environments=test\nSELECT CAST(current_timestamp() AS STRING) AS t")
    assert "n\n-\n4" in bench.run("%sql environments=test\nSELECT :least_points AS n")
    # What the run left at the moment it failed: after its MERGE and both appends.
    assert "45" in bench.run("%sql environments=test\nSELECT points FROM customers WHERE id = 2")
    assert "n\n-\n6" in bench.run("%sql environments=test\nSELECT count(*) AS n FROM log")
    with pytest.raises(ArcbookError, match="rows: 6"):
        bench.run(cell(failed, "gate").replace("= 6", "= 7 + :least_points"))
    report = bench.run(cell(failed, "report")) + bench.run(cell(failed, "report", last=True))
    assert "arcbook-replay-" in report
    assert "arcbook-replay-" in bench.run(cell(failed, "log once"))
    assert "written to" in bench.run(cell(failed, "merge"))
    assert "70" in bench.run("%sql environments=test\nSELECT points FROM customers WHERE id = 2")
    bench.run(f"%sql environments=test\nDELETE FROM delta.`{failed}/customers` WHERE id = 1")
    assert files(failed) == before


def test_a_run_that_resumed_another(failed: Path, bench: Bench, tmp_path: Path) -> None:
    """It was refused at once: what the first run did is restored, into the cells that have moved since."""
    records = tmp_path / "runs"
    shutil.copytree(failed / "runs", records)
    write_job(failed, "%env\nOTHER=y", *FRONT)
    request = resume_request(failed_run("latest", str(records)), str(failed / "job.ipynb"), record_root=str(records))
    refused = execute(request)
    assert refused.error is not None
    assert "--python-again" in refused.error.message
    assert refused.record.stages == ()

    shown = bench.run(f"%replay latest {records}")

    assert "from its checkpoint" in shown
    assert "not restored" not in shown
    assert "45" in bench.run("%sql environments=test\nSELECT points FROM customers WHERE id = 2")
    assert "n\n-\n6" in bench.run("%sql environments=test\nSELECT count(*) AS n FROM log")


def test_a_chain_that_is_broken(failed: Path, bench: Bench, tmp_path: Path) -> None:
    """The record of the run that was resumed is gone: that is said, and the run's own stages are restored."""
    shutil.copytree(failed / "runs", tmp_path / "runs")
    folder = open_store(str(tmp_path / "runs")).find("latest")
    record = json.loads(folder.get("record.json"))
    folder.put("record.json", json.dumps(record | {"resumed_from": "20200101T000000000Z-aaaaaa"}).encode())
    shown = bench.run(f"%replay latest {tmp_path / 'runs'}")
    assert "What the runs before it did is not known" in shown
    assert "n\n-\n6" in bench.run("%sql environments=test\nSELECT count(*) AS n FROM log")


def test_what_acts_elsewhere_is_refused(failed: Path, bench: Bench, tmp_path: Path) -> None:
    """A database has no scratch place, nor has a table that only the catalogue knows."""
    bench.run(f"%replay latest {failed / 'runs'}")
    database = tmp_path / "real.sqlite"
    with pytest.raises(ArcbookError, match="nothing outside may change"):
        bench.run(
            json.dumps({
                "type": "JDBCExecute", "name": "db", "environments": ["test"], "jdbcURL": f"jdbc:sqlite:{database}",
                "sql": "CREATE TABLE t (x int)",
            })
        )  # fmt: skip
    assert not database.exists()
    with pytest.raises(ArcbookError, match="nothing outside may change"):
        bench.run(f"%sql environments=test\nCREATE TABLE t USING delta LOCATION '{tmp_path}/t' AS SELECT 1 AS x")
    assert not (tmp_path / "t").exists()


@ON_BOTH
def test_tables_at_their_versions(failed: Path, bench: Bench, tmp_path: Path) -> None:
    """Rows that somebody wrote after the run are not seen; with the checkpoints gone, views are made again."""
    shutil.rmtree(failed / "runs" / "checkpoints")
    version = DeltaTable(failed / "log").version()
    row = pa.table({"id": pa.array([99], pa.int32()), "name": ["late"], "points": pa.array([1], pa.int32())})
    write_deltalake(failed / "log", row, mode="append")
    try:
        shown = bench.run(f"%replay latest {failed / 'runs'}")
        assert f"version {version} of {failed}/log" in shown
        assert "made again" in shown
        assert "n\n-\n0" in bench.run("%sql environments=test\nSELECT count(*) AS n FROM log WHERE id = 99")
        assert "late" not in bench.run("%sql environments=test\nSELECT * FROM log")
    finally:
        DeltaTable(failed / "log").restore(version)


def test_what_cannot_be_replayed(failed: Path, bench: Bench, tmp_path: Path) -> None:
    """Each with its reason: no such run, no notebook, another kernel, a run that goes on, views of one's own."""
    shutil.copytree(failed / "runs", tmp_path / "runs")
    folder = open_store(str(tmp_path / "runs")).find("latest")
    record = json.loads(folder.get("record.json"))
    with pytest.raises(ArcbookError, match="there is no run '2020'"):
        bench.run(f"%replay 2020 {tmp_path / 'runs'}")
    with pytest.raises(ArcbookError, match="takes a run"):
        bench.run("%replay")
    for change, reason in (({"kernel": "python3"}, "is of the kernel"), ({"status": "running"}, "runs recover")):
        folder.put("record.json", json.dumps(record | change).encode())
        with pytest.raises(ArcbookError, match=reason):
            bench.run(f"%replay latest {tmp_path / 'runs'}")
    old = [{name: value for name, value in note.items() if name != "reuse"} for note in record["stages"]]
    folder.put("record.json", json.dumps(record | {"stages": old}).encode())
    with pytest.raises(ArcbookError, match="older arcbook"):
        bench.run(f"%replay latest {tmp_path / 'runs'}")
    folder.put("record.json", json.dumps(record).encode())
    folder.put("journal.jsonl", b"")
    with pytest.raises(ArcbookError, match="does not hold the notebook"):
        bench.run(f"%replay latest {tmp_path / 'runs'}")
    bench.run('%sql name="own" outputView=own\nSELECT 1 AS x')
    with pytest.raises(ArcbookError, match="has views already"):
        bench.run(f"%replay latest {failed / 'runs'}")


def test_a_replay_within_a_replay(failed: Path, bench: Bench) -> None:
    """Is refused: the views of two runs would be mixed."""
    bench.run(f"%replay latest {failed / 'runs'}")
    with pytest.raises(ArcbookError, match=r"replays .* already"):
        bench.run(f"%replay latest {failed / 'runs'}")
