"""What a record says of rows, bytes, memory, processor time, plans and logs."""

import json
import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from arcbook.core import notes
from arcbook.core.growing import tail_of
from arcbook.core.masking import MASK, Masker
from arcbook.runs.clock import Clock
from arcbook.runs.journal import read_events
from arcbook.runs.last_words import LIMIT, RunLog, masked, spooled
from arcbook.runs.record import Record, StageNote, Usage
from arcbook.runs.usage import Meter, moved, total
from tests.runs.running import (
    Make,
    Ran,
    assert_nothing_runs,
    read_notebook,
    record_folder,
    texts,
    wait_for_journal,
)
from tests.waiting import wait_until

Run = Callable[..., Ran]
ENGINES = ["embedded", pytest.param("local", marks=pytest.mark.local)]

EXTRACT = (
    '{"type": "DelimitedExtract", "name": "in", "environments": ["test"], "inputURI": "in.csv", "outputView": "v",'
    ' "header": true, "persist": true}'
)
LOAD = (
    '{"type": "DeltaLakeLoad", "name": "out", "environments": ["test"], "inputView": "v", "outputURI": "delta",'
    ' "saveMode": "Overwrite"}'
)
CELLS = (
    "%environment test",
    EXTRACT,
    LOAD,
    "%python\nheld = b'x' * 400_000_000\nprint(len(held))\ndel held",
    "%python\nimport time\nuntil = time.process_time() + 0.5\nwhile time.process_time() < until: pass",
    "%sql name=far environments=test outputView=far\nSELECT id, raise_error('too far') AS e FROM v",
)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_cells_moved_and_used(
    engine: str, make_notebook: Make, run_command: Run, tmp_path: Path, the_record: Callable[[], Record]
) -> None:
    """Rows and bytes are those of the data, memory and time those of the cell that took them, the rest is unknown."""
    (tmp_path / "in.csv").write_text("id\n" + "".join(f"{number}\n" for number in range(1000)))
    done = run_command("arcbook", "run", make_notebook(*CELLS), "--engine", engine)
    assert done.code in (64, 65), done.err
    record = the_record()
    usage = {cell.cell: cell.usage for cell in record.cells}

    assert (usage[2].rows_in, usage[2].bytes_in) == (1000, (tmp_path / "in.csv").stat().st_size)
    assert usage[3].rows_out == 1000
    assert usage[3].bytes_out == sum(file.stat().st_size for file in (tmp_path / "delta").rglob("*.parquet"))
    assert usage[4] == Usage(
        **{name: getattr(usage[4], name) for name in Usage.model_fields if "_peak" in name or "core" in name}
    )
    assert (record.usage.rows_in, record.usage.rows_out) == (1000, 1000)

    peaks = {number: each.kernel_peak_bytes or 0 for number, each in usage.items()}
    assert peaks[4] - peaks[3] > 300_000_000
    assert peaks[4] - peaks[5] > 300_000_000, "a cell's peak is not that of the cells before it"
    assert record.usage.kernel_peak_bytes == peaks[4]
    assert all((each.engine_peak_bytes or 0) > 10_000_000 for number, each in usage.items() if number > 1)
    assert 0.5 <= (usage[5].kernel_core_seconds or 0) < 30
    spent = [each.kernel_core_seconds or 0 for each in usage.values()]
    assert record.usage.kernel_core_seconds == pytest.approx(sum(spent), abs=0.1)
    assert (record.usage.engine_core_seconds or 0) > 0

    (plan,) = record.cells[-1].plans
    assert (plan.stage, plan.name) == ("SQLTransform", "far")
    assert "too far" in plan.text
    assert len(plan.text) <= 4000
    assert "kernel arc started" in record.logs["run"]
    assert "cell 6 ended: failed" in record.logs["run"]
    assert record.logs["engine"]
    assert "too far" in record.logs["trace"]

    executed = texts(read_notebook(record_folder(tmp_path) / "notebook.ipynb"))
    assert f"The engine's full text: `arcbook runs show {record.run_id} --more`" in executed
    shown = run_command("arcbook", "runs", "show", "--more")
    assert "The engine's full text" in shown.out
    assert "1,000 rows in" in shown.out
    assert "core-s" in shown.out
    assert plan.text.splitlines()[0] in shown.out
    assert "Last lines of the engine's log" in shown.out


@pytest.mark.parametrize("engine", ENGINES)
def test_what_files_on_s3_moved(
    engine: str, s3_bucket: str, make_notebook: Make, run_command: Run, the_record: Callable[[], Record]
) -> None:
    """Rows and bytes of files that were read there and written."""
    import boto3

    content = b"id\n" + b"".join(b"%d\n" % number for number in range(1000))
    boto3.client("s3").put_object(Bucket=s3_bucket, Key="in.csv", Body=content)
    load = LOAD.replace("DeltaLake", "Parquet").replace('"delta"', f'"s3a://{s3_bucket}/out"')
    cells = ("%environment test", EXTRACT.replace("in.csv", f"s3a://{s3_bucket}/in.csv"), load)
    done = run_command("arcbook", "run", make_notebook(*cells), "--engine", engine)
    assert done.code == 0, done.err
    usage = the_record().usage
    listed = boto3.client("s3").list_objects_v2(Bucket=s3_bucket, Prefix="out/")["Contents"]
    size = sum(item["Size"] for item in listed if item["Key"].endswith(".parquet"))
    assert (usage.rows_in, usage.bytes_in, usage.rows_out, usage.bytes_out) == (1000, len(content), 1000, size)


def test_what_a_killed_kernel_had_used(
    make_notebook: Make, run_command: Run, the_record: Callable[[], Record], tmp_path: Path
) -> None:
    """The last look before its death counts; what its process wrote to its log is kept, the engine's log too."""
    die = (
        "%python\nimport os, signal, sys, time\nheld = b'x' * 400_000_000\nos.write(2, b'last words\\n')\n"
        "time.sleep(3)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    done = run_command(
        "arcbook", "run", make_notebook("%environment test", "%sql environments=test outputView=a\nSELECT 1 AS a", die)
    )
    assert done.code == 75, done.err
    record = the_record()
    assert (record.cells[-1].usage.kernel_peak_bytes or 0) > 400_000_000
    assert "Spark Connect" in record.logs["engine"]
    events = list(read_events((record_folder(tmp_path) / "journal.jsonl").read_text()))
    (end,) = [event for event in events if event["event"] == "cell-end" and event["status"] == "failed"]
    assert Usage.model_validate(end["usage"]) == record.cells[-1].usage


def test_last_words_of_a_killed_run(
    make_notebook: Make,
    run_command: Run,
    start_command: Callable[..., "subprocess.Popen[str]"],
    the_record: Callable[[], Record],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its recovered record has the ends of all logs as of a second before, without what only the run knew as secret."""
    monkeypatch.setenv("MY_PASSWORD", "hunter2-secret")
    speak = "%python\nimport os, time\nos.write(2, b'last words: hunter2-secret\\n')\ntime.sleep(600)"
    view = "%sql environments=test outputView=a\nSELECT 1 AS a"
    process = start_command("arcbook", "run", make_notebook("%environment test", view, speak))
    wait_for_journal('"event":"cell",.*"cell":2', tmp_path / "runs", process)
    run_id = record_folder(tmp_path).name
    wait_until(lambda: "last words" in spooled(run_id).get("kernel", ""), "nothing was spooled")
    process.kill()
    process.communicate()
    assert_nothing_runs(tmp_path)
    monkeypatch.delenv("MY_PASSWORD")
    done = run_command("arcbook", "runs", "recover")
    assert done.code == 0, done.err
    logs = the_record().logs
    assert logs["kernel"].endswith(f"last words: {MASK}\n")
    assert "Spark Connect" in logs["engine"]
    assert "cell 2 ended: completed" in logs["run"]
    assert "last words" in run_command("arcbook", "runs", "show", "--more").out
    assert spooled("another") == {}


def test_a_kernel_without_an_engine(make_notebook: Make, run_command: Run, the_record: Callable[[], Record]) -> None:
    """A python3 notebook: the kernel's figures, none of an engine, and nothing invented."""
    done = run_command("papermill", "--engine", "arcbook", make_notebook("print(1)", kernel="python3"), "out.ipynb")
    assert done.code == 0, done.err
    record = the_record()
    assert (record.usage.kernel_peak_bytes or 0) > 10_000_000
    known = {name for name, value in record.usage if value is not None}
    assert known == {"kernel_peak_bytes", "kernel_core_seconds"}
    assert record.logs == {}


def stage(**details: Any) -> StageNote:
    return StageNote(cell=1, stage="S", details=details)


def load(**metrics: int) -> StageNote:
    return stage(outputURI="t", commit={"operationMetrics": metrics})


def listed(note: StageNote, *inputs: dict[str, Any]) -> StageNote:
    return note.model_copy(update={"reuse": {"key": "k", "inputs": list(inputs)}})


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ([], {}),
        ([stage(records=5)], {}),
        ([stage(inputBytes=7, records=5), stage(inputBytes=3)], {"rows_in": 5, "bytes_in": 10}),
        ([load(numOutputRows=2, numOutputBytes=9)], {"rows_out": 2, "bytes_out": 9}),
        ([load(num_added_rows=2)], {"rows_out": 2}),
        ([stage(**load(numOutputRows=2).details, skipped=True)], {}),
        ([load(numOutputRows=2).model_copy(update={"reuse": {"key": "k", "from": "earlier"}})], {}),
        ([load(numOutputRows=2).model_copy(update={"reuse": {"key": "k"}})], {"rows_out": 2}),
        ([stage(commit={"operationMetrics": {"numOutputRows": 2}})], {}),
        ([stage(rows={"affected": 4, "inserted": 4})], {"rows_out": 4}),
        ([stage(bytesWritten=4, outputURI="f")], {"bytes_out": 4}),
        ([stage(bytesWritten=4, recordsWritten=3, outputURI="f")], {"rows_out": 3, "bytes_out": 4}),
        ([stage(bytesScanned=11)], {"bytes_in": 11}),
        ([listed(stage(inputFiles=2, records=4), {"files": 2, "bytes": 9})], {"rows_in": 4, "bytes_in": 9}),
        ([listed(stage(inputFiles=2), {"files": 3, "bytes": 9})], {}),
        ([listed(stage(inputFiles=2), {"files": 2, "bytes": None})], {}),
        ([listed(stage(inputFiles=2), {"files": 2, "bytes": 9}, {"files": 1, "bytes": 1})], {}),
        ([listed(stage(), {"files": 2, "bytes": 9})], {}),
    ],
)
def test_rows_and_bytes_of_stages(stages: list[StageNote], expected: dict[str, int]) -> None:
    """Only what a stage itself wrote or read counts; what is not told is None."""
    assert {name: value for name, value in moved(stages).items() if value is not None} == expected


def test_totals_are_sums_and_highest_peaks() -> None:
    """None stays None only when no cell knows."""
    cells = [Usage(rows_in=1, kernel_peak_bytes=5, kernel_core_seconds=0.1), Usage(rows_in=2, kernel_peak_bytes=3)]
    assert total(cells) == Usage(rows_in=3, kernel_peak_bytes=5, kernel_core_seconds=0.1)
    assert total([]) == Usage()


def test_only_the_kernel_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that inherits the variable opens engines of its own; broken lines are passed over, secrets masked."""
    reader = notes.Notes(tmp_path)
    meter = Meter(os.getpid(), reader, Masker(["hunter2-secret"]))
    for name, value in reader.variables().items():
        monkeypatch.setenv(name, value)
    notes.tell("plan", stage="S", name="n", text="WHERE key = 'hunter2-secret'")
    with Path(os.environ[notes.VARIABLE]).open("a") as file:
        file.write("broken\n" + json.dumps({"note": "plan", "by": 1, "stage": "S", "text": "foreign"}) + "\n")
    meter.end()
    assert [plan.text for plan in meter.plans()] == [f"WHERE key = '{MASK}'"]
    meter.begin()
    assert meter.plans() == ()


def test_outside_of_a_run_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In JupyterLab there is no file, and none appears."""
    monkeypatch.delenv(notes.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    notes.tell("engine", pid=1)
    assert notes.engine_log() is None
    assert list(tmp_path.iterdir()) == []


def test_logs_are_bounded_and_masked(tmp_path: Path) -> None:
    """The end of a log by whole lines, from where the run began, without secrets; empty ones are left out."""
    log = tmp_path / "log"
    assert tail_of(log, LIMIT) == ""
    log.write_text("before\n" + "".join(f"line {number}\n" for number in range(5000)))
    kept = tail_of(log, LIMIT, start=7)
    assert len(kept) <= LIMIT
    assert kept.startswith("line ")
    assert kept.endswith("line 4999\n")
    log.write_text("before\nours\n")
    assert tail_of(log, LIMIT, start=7) == "ours\n"
    assert masked({"run": "key hunter2-secret", "engine": "\n"}, Masker(["hunter2-secret"])) == {"run": f"key {MASK}"}


def test_the_runs_own_log_has_what_libraries_say() -> None:
    """Warnings of boto3 and others are in it, only while the run goes on, and never more than a few."""
    import logging

    with RunLog(Clock(datetime.now(UTC))) as log:
        log.say("kernel started")
        logging.getLogger("botocore.retries").warning("retry %d", 3)
        text = log.tail()
        for number in range(10_000):
            log.say(f"line {number}")
    logging.getLogger("botocore.retries").warning("later")
    assert "kernel started" in text
    assert "WARNING botocore.retries: retry 3" in text
    assert "later" not in log.tail()
    assert "line 9999" in log.tail()
    assert len(log.tail()) <= LIMIT
