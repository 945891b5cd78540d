import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcbook.cli import invoke
from arcbook.runs import layout
from arcbook.runs.compare import differences
from arcbook.runs.journal import events_text
from arcbook.runs.record import Record
from arcbook.runs.shown import shown_by
from arcbook.runs.store import Folder, open_store

CASES = yaml.safe_load((Path(__file__).parent / "data" / "compare.yaml").read_text(encoding="utf-8"))
MOMENT = "2026-11-23T08:00:00Z"


def record(changes: dict[str, Any]) -> Record:
    values = {"run_id": "r", "job": "j", "source": "j.ipynb", "status": "completed", "logical_time": MOMENT}
    return Record.model_validate({**values, "started": MOMENT, **changes})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_two_runs_did_differently(case: dict[str, Any]) -> None:
    """Only what may explain an outcome, in its order; the other way round the same, turned."""
    before, after = record(case["before"]), record(case["after"])
    assert [[each.what, each.before, each.after] for each in differences(before, after)] == case["found"]
    turned = [[what, new, old] for what, old, new in case["found"]]
    found = [[each.what, each.before, each.after] for each in differences(after, before)]
    assert sorted(map(str, found)) == sorted(map(str, turned))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A run that was cut off in its second cell; the third was not reached."""
    sources = ["%sql outputView=a environments=test\nSELECT 1", "%python\nx()", "%python\ny()"]
    cells = [{"cell_type": "code", "source": source, "metadata": {}} for source in sources]
    stream = {"output_type": "stream", "name": "stdout", "text": "one\n"}
    table = {"output_type": "display_data", "data": {"text/html": "<b>", "text/plain": "a table"}, "metadata": {}}
    picture = {"output_type": "display_data", "data": {"image/png": "…"}, "metadata": {}}
    error = {"output_type": "error", "ename": "DataError", "evalue": "no", "traceback": []}
    events: list[dict[str, Any]] = [
        {"event": "run", "notebook": {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}},
        {"event": "cell", "cell": 0},
        *({"event": "output", "cell": 0, "output": output} for output in (stream, table, picture)),
        {"event": "cell-end", "cell": 0, "status": "completed", "seconds": 1.25, "execution_count": 1},
        {"event": "cell", "cell": 1},
        {"event": "output", "cell": 1, "output": error},
    ]
    made = open_store(str(tmp_path)).folder("j", "20261123T080000000Z-abc123")
    made.put(layout.JOURNAL, events_text({**event, "time": MOMENT} for event in events).encode())
    made.put(layout.RECORD, record({"run_id": "20261123T080000000Z-abc123", "status": "running"}).to_json().encode())
    return made


def test_what_the_cells_of_a_run_showed(folder: Folder) -> None:
    """From the journal, so also where the run has not ended; a picture has no text."""
    first, second = shown_by(folder)
    assert (first.heading, first.text) == ("cell 1: completed, 1.2 s", "one\na table")
    assert (second.heading, second.text) == ("cell 2: running", "DataError: no")
    assert shown_by(folder, 2) == [second]


def test_the_commands(folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run is found by its id's beginning; a cell that was not reached is bad input."""
    assert invoke(["runs", "logs", "--record", str(tmp_path), "--cell", "1"]) == 0
    assert capsys.readouterr().out == "cell 1: completed, 1.2 s\none\na table\n"
    assert invoke(["runs", "logs", "--record", str(tmp_path), "--cell", "3"]) == 66
    assert "it reached cells 1 to 2" in capsys.readouterr().err
    other = open_store(str(tmp_path)).folder("j", "20261124T080000000Z-abc123")
    other.put(layout.JOURNAL, b"")
    other.put(layout.RECORD, record({"run_id": "20261124T080000000Z-abc123", "engine": "local"}).to_json().encode())
    assert invoke(["runs", "compare", "20261123", "--record", str(tmp_path)]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[2:] == ["  engine: - -> local", "  status: running -> completed"]
    assert invoke(["runs", "compare", "20261124", "20261124", "--record", str(tmp_path)]) == 0
    assert "no difference: both are the same run" in capsys.readouterr().out
    assert invoke(["runs", "compare", "nowhere", "--record", str(tmp_path)]) == 66
    assert "nowhere" in capsys.readouterr().err


def test_a_run_is_compared_with_the_latest_of_its_job(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever ran since; and where nothing is found, the message says of which job."""
    other = open_store(str(tmp_path)).folder("other", "20261125T080000000Z-abc123")
    other.put(layout.RECORD, record({"run_id": "20261125T080000000Z-abc123", "job": "other"}).to_json().encode())
    assert invoke(["runs", "compare", "20261123", "--record", str(tmp_path)]) == 0
    assert "both are the same run" in capsys.readouterr().out
    assert invoke(["runs", "list", "--job", "nobody", "--record", str(tmp_path)]) == 0
    assert "no runs of nobody in" in capsys.readouterr().err
    assert invoke(["runs", "gates", "nobody", "--record", str(tmp_path)]) == 0
    assert "No gate of nobody has" in capsys.readouterr().err


def test_runs_whose_process_is_gone(folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are told from those that go on; a process of another machine is not known."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    here = socket.gethostname()
    for host, pid, told in ((here, ended.pid, True), (here, os.getpid(), False), ("elsewhere", ended.pid, False)):
        changes = {"run_id": "20261123T080000000Z-abc123", "status": "running", "host": host, "pid": pid}
        folder.put(layout.RECORD, record(changes | {"started": datetime.now(UTC).isoformat()}).to_json().encode())
        assert invoke(["runs", "list", "--record", str(tmp_path)]) == 0
        listed = capsys.readouterr()
        assert ("running (process gone)" in listed.out, "runs recover" in listed.err) == (told, told)
        assert invoke(["runs", "show", "--record", str(tmp_path)]) == 0
        shown = capsys.readouterr().out.splitlines()[0]
        assert shown.endswith("running (process gone)" if told else ": running")


@pytest.mark.parametrize("command", [("list",), ("list", "--folders"), ("gates",)])
@pytest.mark.parametrize("limit", ["0", "-1"])
def test_a_limit_is_at_least_one(command: tuple[str, ...], limit: str, folder: Folder, tmp_path: Path) -> None:
    """Less would say that there are no runs."""
    assert folder.record().status == "running"
    assert invoke(["runs", *command, "--limit", limit, "--record", str(tmp_path)]) == 64


def test_a_job_is_found_by_the_name_of_its_file(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Records bear a name that is safe for paths."""
    changes = {"run_id": "20261123T080000001Z-abc123", "job": "my-job"}
    place = open_store(str(tmp_path)).folder("my-job", "20261123T080000001Z-abc123")
    place.put(layout.RECORD, record(changes).to_json().encode())
    assert folder.record().job == "j"
    for name in ("my job", "my-job"):
        assert invoke(["runs", "list", "--job", name, "--record", str(tmp_path)]) == 0
        assert len(capsys.readouterr().out.splitlines()) == 2
        assert invoke(["runs", "show", f"{name}/latest", "--record", str(tmp_path)]) == 0
        assert "my-job 2026" in capsys.readouterr().out
