"""`arcbook runs` for the runs of folders: they are listed, shown and completed like those of jobs."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from arcbook.cli import invoke
from arcbook.core.failures import TransientError
from arcbook.folders.kept import folder_runs, read_folder_record
from arcbook.folders.record import FolderRecord, JobNote
from arcbook.runs.journal import Journal
from arcbook.runs.layout import FOLDER_RECORD
from arcbook.runs.record import Record
from arcbook.runs.recording import failure_note
from arcbook.runs.store import open_store

STARTED = datetime(2026, 11, 26, 9, tzinfo=UTC)
FOLDER_RUN = "20261126T090000000Z-aaaaaa"
Keep = Callable[..., None]


@pytest.fixture(params=["here", "s3"])
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where records are, a folder or a bucket in turn."""
    monkeypatch.chdir(tmp_path)
    if request.param == "here":
        return str(tmp_path / "records")
    return f"s3://{request.getfixturevalue('s3_bucket')}/records"


def keep_folder_run(root: str, *jobs: JobNote, run_id: str = FOLDER_RUN, **facts: Any) -> None:
    """The record of a run of `etl`, as its process left it; no process of this machine writes it."""
    record = FolderRecord(
        run_id=run_id, folder="etl", logical_time=STARTED, started=STARTED, jobs=jobs, host="elsewhere", pid=1, **facts
    )
    folder_runs(open_store(root)).folder("etl", run_id).put(FOLDER_RECORD, record.to_json().encode())


def keep_run(root: str, source: str, run_id: str, *, status: str, part_of: str = FOLDER_RUN, pid: int = 1) -> None:
    """The record of a job's run, and its journal up to the first cell."""
    from arcbook.core.masking import masker

    cell: dict[str, Any] = {
        "cell_type": "code",
        "source": "SELECT 1",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    ended = {"ended": STARTED.replace(minute=1), "seconds": 60.0} if status != "running" else {}
    record = Record(
        run_id=run_id, job=Path(source).stem, source=source, status=status, logical_time=STARTED, started=STARTED,
        part_of=part_of, host="elsewhere", pid=pid, **ended,
        failure=failure_note(TransientError("The network broke."), 1) if status == "failed" else None,
    )  # fmt: skip
    place = open_store(root).folder(record.job, run_id)
    place.put("record.json", record.to_json().encode())
    lines = Path("journal-to-be.jsonl")
    lines.unlink(missing_ok=True)
    with Journal(lines, masker()) as journal:
        journal.write("run", notebook=notebook)
        journal.write("cell", cell=0)
    place.put("journal.jsonl", lines.read_bytes())


def note(name: str, status: str, **facts: Any) -> JobNote:
    return JobNote(name=name, source=f"etl/{name}.ipynb", status=status, **facts)


def summary(root: str) -> FolderRecord:
    return read_folder_record(folder_runs(open_store(root)).folder("etl", FOLDER_RUN))


def runs(root: str, *arguments: str) -> int:
    return invoke(["runs", arguments[0], "--record", root, *arguments[1:]])


def test_list_and_show(root: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A run names its folder's run, which tells what became of each job; both have a table and JSON."""
    first, second = "20261126T090001000Z-bbbbbb", "20261126T090002000Z-cccccc"
    keep_run(root, "etl/daily/load.ipynb", first, status="completed")
    keep_run(root, "etl/monthly/load.ipynb", second, status="failed")
    keep_run(root, "alone.ipynb", "20261126T090003000Z-dddddd", status="completed", part_of="")
    keep_folder_run(
        root,
        note("daily/load", "completed", run_id=first, record="there", seconds=60.0),
        note("monthly/load", "failed", run_id=second, failure=failure_note(TransientError("It broke."), 1)),
        note("sum", "skipped", reason="skipped: upstream monthly/load failed"),
        status="failed",
        seconds=61.0,
    )
    assert runs(root, "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.endswith(FOLDER_RUN)] == [second, first]
    assert runs(root, "list", "--folders") == 0
    (_, line) = capsys.readouterr().out.splitlines()
    assert line.split()[:3] == [FOLDER_RUN, "etl", "failed"]
    assert "3 jobs: 1 completed, 1 failed, 1 skipped" in line
    assert runs(root, "list", "--folders", "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["run_id"], told["exit_code"]) == (FOLDER_RUN, 75)

    for name in (FOLDER_RUN, "20261126T090000", "etl/latest", f"{root}/_folders/etl/{FOLDER_RUN}/folder.json"):
        assert runs(root, "show", name) == 0
        shown = capsys.readouterr().out
        assert "daily/load    completed in 60.0 s  there" in shown
        assert "monthly/load  failed (transient)" in shown
        assert "sum           skipped: upstream monthly/load failed" in shown
    assert runs(root, "show", FOLDER_RUN, "--json") == 0
    assert [job["run_id"] for job in json.loads(capsys.readouterr().out)["jobs"]] == [first, second, ""]
    assert runs(root, "show", "latest") == 0  # the latest run of a job, as ever
    assert "alone" in capsys.readouterr().out


def test_what_is_for_runs_of_jobs_only(root: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The remedy is said; and a run that is nowhere is nowhere."""
    keep_folder_run(root, note("a", "completed"), status="completed")
    for arguments in (("logs", FOLDER_RUN), ("open", "etl/latest"), ("compare", FOLDER_RUN)):
        assert runs(root, *arguments) == 66
        assert f"`arcbook runs show {FOLDER_RUN}` tells the runs of its jobs" in capsys.readouterr().err
    assert invoke(["run", "--record", root, "--resume", FOLDER_RUN]) == 66
    assert "is the run of a folder" in capsys.readouterr().err
    assert runs(root, "show", "20200101") == 66
    assert "there is no run '20200101'" in capsys.readouterr().err
    assert runs(root, "list", "--folders", "--job", "a") == 64


def test_recover(root: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What the jobs came to is taken from their records, which are completed first; what waited is skipped."""
    done, begun = "20261126T090001000Z-bbbbbb", "20261126T090002000Z-cccccc"
    keep_run(root, "etl/daily/load.ipynb", done, status="completed")
    keep_run(root, "etl/monthly/load.ipynb", begun, status="running")
    keep_run(root, "etl/monthly/load.ipynb", "20261126T093000000Z-eeeeee", status="completed", part_of="another")
    keep_folder_run(
        root,
        note("daily/load", "running"), note("monthly/load", "running"), note("never", "running"),
        note("sum", "waiting", after=("daily/load",)),
    )  # fmt: skip
    assert runs(root, "recover", FOLDER_RUN) == 0
    assert f"etl {FOLDER_RUN}: lost, 4 jobs: 1 completed, 2 failed, 1 skipped" in capsys.readouterr().out
    told = summary(root)
    assert (told.status, told.exit_code) == ("lost", 75)
    assert told.ended == open_store(root).folder("load", begun).record().ended
    assert [(job.status, job.run_id) for job in told.jobs] == [
        ("completed", done), ("failed", begun), ("failed", ""), ("skipped", ""),
    ]  # fmt: skip
    assert "during cell 1" in (told.jobs[1].failure.message if told.jobs[1].failure else "")
    assert open_store(root).folder("load", begun).record().status == "lost"
    assert runs(root, "recover") == 0
    assert "nothing to recover" in capsys.readouterr().err
    assert summary(root) == told


def test_recover_all(root: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a name folders' runs are completed, too; one whose jobs all completed has completed."""
    run_id = "20261126T090001000Z-bbbbbb"
    keep_run(root, "etl/a.ipynb", run_id, status="completed")
    keep_folder_run(root, note("a", "running"))
    assert runs(root, "recover") == 0
    assert "etl" in capsys.readouterr().out
    told = summary(root)
    assert (told.status, told.exit_code, told.jobs[0].run_id) == ("completed", 0, run_id)


def test_a_damaged_summary_hides_no_other(root: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named, passed over in lists, and the rest is done."""
    keep_folder_run(root, note("a", "waiting"))
    places = folder_runs(open_store(root))
    places.folder("etl", "20261126T090000000Z-zzzzzz").put(FOLDER_RECORD, b"{")
    places.folder("etl", "20261126T090000000Z-yyyyyy").put(FOLDER_RECORD, b'{"format": 99}')
    assert runs(root, "list", "--folders") == 0
    shown = capsys.readouterr()
    assert "zzzzzz/folder.json is not JSON" in shown.err
    assert "formats up to 1" in shown.err
    assert FOLDER_RUN in shown.out
    assert runs(root, "recover") == 66
    assert summary(root).status == "lost"


def test_clean_keeps_summaries(root: str) -> None:
    """They are records, which stay."""
    keep_folder_run(root, note("a", "completed"), status="completed")
    assert runs(root, "clean", "--all") == 0
    assert summary(root).status == "completed"
