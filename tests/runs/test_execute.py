"""Every run leaves a complete record: one that only checks, and one that meets a bug or a full disk."""

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from arcbook.runs import execute as execution
from arcbook.runs.execute import execute
from arcbook.runs.journal import Journal
from arcbook.runs.launch import read_request
from arcbook.runs.request import Outcome
from tests.runs.running import Make, read_notebook, record_folder, texts

SQL = '%sql name="one" environments=test outputView=one\nSELECT 1 AS x'


def made(path: Path, tmp_path: Path, **choices: Any) -> Outcome:
    """The run of a notebook, with its record in the test's folder."""
    request = read_request(str(path), environment="test", record_root=str(tmp_path / "runs"), **choices)
    return execute(request)


def events(tmp_path: Path) -> list[str]:
    """The names of the journal's events."""
    lines = (record_folder(tmp_path) / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["event"] for line in lines]


def left(tmp_path: Path) -> dict[str, Any]:
    """The record, beside which the notebook must be."""
    assert (record_folder(tmp_path) / "notebook.ipynb").exists()
    found: dict[str, Any] = json.loads((record_folder(tmp_path) / "record.json").read_text(encoding="utf-8"))
    return found


def test_a_run_that_only_checks(make_notebook: Make, tmp_path: Path) -> None:
    """With lintOnly no kernel starts; the record says so, and what names the job."""
    options = {"lintOnly": "true", "tags": "team=etl cost=7", "job.id": "17"}
    launch = {f"etl.config.{name}": value for name, value in options.items()}

    outcome = made(make_notebook(SQL), tmp_path, launch=launch)

    assert outcome.error is None
    assert events(tmp_path) == ["run", "run-end"]
    record = left(tmp_path)
    assert (record["status"], record["cells"], record["job_id"]) == ("completed", [], "17")
    assert record["tags"] == {"team": "etl", "cost": "7"}
    assert "Nothing was run" in record["notes"][-1]


def test_a_stage_that_warns(make_notebook: Make, tmp_path: Path) -> None:
    """Whoever looks at the notebook sees it, and so does who looks at the record or ran the command."""
    (tmp_path / "a.json").write_text('{"a": 1}\n{"a": 2}\n', encoding="utf-8")
    stage = '{"type": "JSONExtract", "name": "read", "environments": ["test"], "inputURI": "a.json", "outputView": "a"}'

    outcome = made(make_notebook(stage), tmp_path)

    assert outcome.error is None
    (note,) = left(tmp_path)["notes"]
    assert "`read` reads only the first JSON object" in note
    assert f"Warning: {note}" in texts(read_notebook(record_folder(tmp_path) / "notebook.ipynb"))


def test_a_check_that_finds_something(make_notebook: Make, tmp_path: Path) -> None:
    """Then the run is refused as any other."""
    outcome = made(make_notebook("%sqll"), tmp_path, launch={"etl.config.lintOnly": "true"})

    assert outcome.error is not None
    assert (outcome.error.exit_code, left(tmp_path)["status"]) == (64, "failed")
    assert left(tmp_path)["refused"] is True


def test_a_bug_of_ours(make_notebook: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever comes out of the run's machinery ends it as `internal`."""

    def broken(*arguments: Any) -> None:
        raise KeyError("bug")

    monkeypatch.setattr(execution, "_run_kernel", broken)

    outcome = made(make_notebook(SQL), tmp_path)

    assert outcome.error is not None
    record = left(tmp_path)
    assert (record["status"], record["failure"]["failure"]) == ("failed", "internal")
    assert events(tmp_path)[-1] == "run-end"


@pytest.mark.parametrize("lines", [1, 3], ids=["before the kernel", "in a cell"])
def test_a_full_disk(lines: int, make_notebook: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the journal can no longer be written, the run ends, as a failure that another attempt may mend."""
    written = 0
    append = Journal._append

    def full(journal: Journal, line: bytes) -> None:
        nonlocal written
        written += 1
        if written > lines:
            raise OSError(errno.ENOSPC, "No space left on device")
        append(journal, line)

    monkeypatch.setattr(Journal, "_append", full)

    outcome = made(make_notebook("print(1)", kernel="python3"), tmp_path, kernel="python3")

    assert outcome.error is not None
    record = left(tmp_path)
    assert (record["status"], record["failure"]["failure"]) == ("failed", "transient")
    assert len(events(tmp_path)) == lines


def test_half_a_line_is_taken_back(tmp_path: Path) -> None:
    """A disk that takes only a part of a line leaves whole lines."""
    from arcbook.core.masking import Masker

    class Half:
        """A file that takes half of what it is given."""

        def __init__(self, file: Any) -> None:
            self.file = file

        def write(self, line: bytes) -> int:
            return int(self.file.write(line[: len(line) // 2]))

        def __getattr__(self, name: str) -> Any:
            return getattr(self.file, name)

    with Journal(tmp_path / "journal.jsonl", Masker()) as journal:
        journal.write("run")
        whole = journal._file
        journal._file = Half(whole)  # type: ignore[assignment]
        with pytest.raises(OSError, match="No space left"):
            journal.write("cell", cell=0)
        journal._file = whole
        journal.write("run-end")
    lines = (tmp_path / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["run", "run-end"]
