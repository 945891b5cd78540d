"""Runs that are killed, stopped, flooded or given secrets: what is left of them."""

import base64
import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from arcbook.runs.record import Record
from tests.runs.running import Make, Ran, assert_nothing_runs, read_notebook, record_folder, texts, wait_for_journal

Run = Callable[..., Ran]
Start = Callable[..., "subprocess.Popen[str]"]

SLOW = "import time; print('begun', flush=True); time.sleep(60)"


def test_a_killed_kernel(
    make_notebook: Make, run_command: Run, tmp_path: Path, the_record: Callable[[], Record]
) -> None:
    """SIGKILL of the kernel: transient, what it had shown is kept, its children are ended."""
    source = make_notebook(
        "import subprocess; subprocess.Popen(['sleep', '300'], start_new_session=True); print('earlier', flush=True)",
        "import os, signal, time; print('so far', flush=True); time.sleep(0.5); os.kill(os.getpid(), signal.SIGKILL)",
        "print('never')",
        kernel="python3",
    )
    done = run_command("papermill", "--engine", "arcbook", source, "out.ipynb")
    assert done.code == 75, done.err
    assert "SIGKILL" in done.err
    made = read_notebook(tmp_path / "out.ipynb")
    assert "earlier" in texts(made)
    assert "so far" in texts(made)
    assert "never" not in texts(made)
    record = the_record()
    assert record.failure is not None
    assert (record.status, record.failure.failure, record.failure.cell) == ("failed", "transient", 2)
    assert_nothing_runs(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_run(
    number: signal.Signals, make_notebook: Make, start_command: Start, tmp_path: Path, the_record: Callable[[], Record]
) -> None:
    """SIGTERM and Ctrl-C end the cell, then the run: cancelled, notebook and record complete."""
    source = make_notebook(SLOW, "print('never')", kernel="python3")
    process = start_command("papermill", "--engine", "arcbook", source, "out.ipynb")
    wait_for_journal('"text":"begun', tmp_path / "runs", process)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert number.name in output
    made = read_notebook(tmp_path / "out.ipynb")
    assert "begun" in texts(made)
    assert [cell["metadata"]["papermill"]["status"] for cell in made["cells"] if cell["cell_type"] == "code"] == [
        "failed",
        "pending",
    ]
    assert the_record().status == "cancelled"
    assert_nothing_runs(tmp_path)


def test_a_cell_that_ignores_the_interrupt(make_notebook: Make, start_command: Start, tmp_path: Path) -> None:
    """The second SIGTERM kills the kernel at once; the record is complete all the same."""
    stubborn = (
        "import time\nprint('begun', flush=True)\n"
        "while True:\n  try: time.sleep(60)\n  except KeyboardInterrupt: print('no', flush=True)"
    )
    process = start_command("papermill", "--engine", "arcbook", make_notebook(stubborn, kernel="python3"), "out.ipynb")
    wait_for_journal('"text":"begun', tmp_path / "runs", process)
    process.send_signal(signal.SIGTERM)
    wait_for_journal('"text":"no', tmp_path / "runs", process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert "begun" in texts(read_notebook(tmp_path / "out.ipynb"))
    assert_nothing_runs(tmp_path)


def test_a_killed_runner_is_recovered(
    make_notebook: Make, start_command: Start, run_command: Run, tmp_path: Path, the_record: Callable[[], Record]
) -> None:
    """SIGKILL of papermill: the journal is complete to the last output, and `runs recover` makes the notebook of it."""
    source = make_notebook("print('whole')", SLOW, kernel="python3")
    process = start_command("papermill", "--engine", "arcbook", source, "out.ipynb")
    wait_for_journal('"text":"begun', tmp_path / "runs", process)
    assert run_command("arcbook", "runs", "recover", "latest").code == 66  # it still runs
    process.kill()
    process.communicate()
    assert the_record().status == "running"
    with (record_folder(tmp_path) / "journal.jsonl").open("a", encoding="utf-8") as journal:
        journal.write('{"event":"output","cell":1,"outp')  # as a lost machine leaves it
    assert_nothing_runs(tmp_path)
    recovered = run_command("arcbook", "runs", "recover")
    assert recovered.code == 0, recovered.err
    record = the_record()
    assert record.failure is not None
    assert (record.status, record.failure.failure, record.failure.cell) == ("lost", "transient", 2)
    made = read_notebook(record_folder(tmp_path) / "notebook.ipynb")
    assert "whole" in texts(made)
    assert "begun" in texts(made)
    subprocess.run(
        ["sha256sum", "--check", "--strict", "MANIFEST"], cwd=record_folder(tmp_path), check=True, capture_output=True
    )
    assert "nothing to recover" in run_command("arcbook", "runs", "recover").err


def test_a_flood(make_notebook: Make, run_command: Run, tmp_path: Path, the_record: Callable[[], Record]) -> None:
    """200,000 lines: the run goes on, head and tail are kept, the loss is stated in notebook and record."""
    source = make_notebook("for i in range(200_000): print('line', i, 'x' * 20)", "print('after')", kernel="python3")
    done = run_command("papermill", "--engine", "arcbook", source, "out.ipynb")
    assert done.code == 0, done.err
    made = read_notebook(tmp_path / "out.ipynb")
    shown = texts(made)
    assert "line 0 " in shown
    assert "line 199999 " in shown
    assert "are not kept" in shown
    assert "after" in shown
    assert (tmp_path / "out.ipynb").stat().st_size < 2_000_000
    assert the_record().cells[0].lost_bytes > 1_000_000


def test_secrets_leave_no_trace(make_notebook: Make, run_command: Run, tmp_path: Path) -> None:
    """A canary in the environment is found nowhere, in no encoding, whatever the notebook does with it."""
    canary = "canary-5ecret/value+1"
    source = make_notebook(
        "import os, base64, json, urllib.parse, sys\ns = os.environ['MY_PASSWORD']\nprint(s)",
        "print(base64.b64encode(('user:' + s).encode()).decode(), s.encode().hex(), urllib.parse.quote(s, safe=''))",
        "sys.stdout.write(s[:8]); sys.stdout.flush(); import time; time.sleep(0.5); print(s[8:])",
        "from IPython.display import display, HTML\ndisplay(HTML(f'<b>{s}</b>')); {'a': s}",
        "raise ValueError('cannot log in with ' + s)",
        kernel="python3",
    )
    done = run_command("papermill", "--engine", "arcbook", source, "out.ipynb", env={"MY_PASSWORD": canary})
    assert done.code == 64
    forms = [
        canary, canary[:16], base64.b64encode(("user:" + canary).encode()).decode()[8:20], canary.encode().hex(),
        "canary-5ecret%2Fvalue",
    ]  # fmt: skip
    written = {path: path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.is_file()}
    assert len(written) >= 5
    for path, text in [*written.items(), ("stdout", done.out), ("stderr", done.err)]:
        if path != source:
            assert [form for form in forms if form in text] == [], path
    assert texts(read_notebook(tmp_path / "out.ipynb")).count("********") >= 6


def test_a_record_on_s3(make_notebook: Make, run_command: Run, s3_bucket: str, tmp_path: Path) -> None:
    """The same layout in a bucket, and the commands read it there."""
    root = f"s3://{s3_bucket}/records"
    source = make_notebook("print('one')", "1/0", kernel="python3")
    done = run_command("papermill", "--engine", "arcbook", source, "out.ipynb", env={"ARCBOOK_RECORD": root})
    assert done.code == 64, done.err
    assert not (tmp_path / "runs").exists()
    listed = run_command("arcbook", "runs", "list", "--record", root, "--json")
    (record,) = json.loads(listed.out)
    assert record["failure"]["failure"] == "definition"
    import boto3

    client = boto3.client("s3")
    keys = [item["Key"] for item in client.list_objects_v2(Bucket=s3_bucket)["Contents"]]
    folder = f"records/job/{record['run_id']}"
    assert sorted(keys) == [
        f"{folder}/{name}" for name in ("MANIFEST", "journal.jsonl", "notebook.ipynb", "record.json")
    ]
    assert list(Path(os.environ.get("TMPDIR", "/tmp")).glob(f"arcbook-journal-*/{record['run_id']}")) == []


def test_a_record_that_cannot_be_kept(make_notebook: Make, run_command: Run, tmp_path: Path, moto_server: str) -> None:
    """A bucket that is not there: refused before anything runs."""
    done = run_command(
        "papermill", "--engine", "arcbook", make_notebook("open('ran', 'w')", kernel="python3"), "out.ipynb",
        env={"ARCBOOK_RECORD": "s3://arcbook-no-such-bucket/x"},
    )  # fmt: skip
    assert done.code == 66, done.err
    assert not (tmp_path / "ran").exists()
