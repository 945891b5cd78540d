"""Every fault, on both engines: its own class and exit code, a notebook, a record, and nothing half-done left."""

import hashlib
import os
import re
import shlex
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import boto3
import nbformat
import pyarrow
import pyarrow.parquet
import pytest
from deltalake import DeltaTable, write_deltalake

from arcbook.cli import invoke
from arcbook.core.failures import FAILURES
from arcbook.engines.processes import is_at_rest
from arcbook.runs import client
from arcbook.runs.record import Record, read_record
from tests import s3_faults
from tests.runs.faults import WHOLE_MARK, Fault, read_faults, strike, victims
from tests.runs.running import (
    BIN,
    MARK,
    assert_gone,
    environment,
    processes_of,
    read_notebook,
    texts,
    wait_for_journal,
)
from tests.trials import in_soak
from tests.waiting import wait_until

FAULTS = read_faults()
_STAGING = re.compile(r"^\..*\.(new|old)$|^_temporary$")
#: The process of a run whose clock jumps by so many seconds once its record has begun: a stand-in for a clock that
#: somebody sets, which would be that of the whole machine.
_CLOCK = """
import datetime, sys
from arcbook.cli import main
from arcbook.runs import execute
jump, real, asked = datetime.timedelta(seconds=float(sys.argv.pop(1))), execute.now, []
def now():
    asked.append(1)
    return real() + (jump if len(asked) > 1 else 0 * jump)
execute.now = now
main()
"""


def _cases() -> Iterator[object]:
    for fault in FAULTS:
        for way in (*fault.engines, *(["papermill"] if fault.papermill else [])):
            if way in fault.soak and not in_soak():
                continue
            marks = [pytest.mark.trial] if way in fault.soak else []
            marks += [pytest.mark.local] if way == "local" else []
            chosen = ("embedded", "papermill") if way == "papermill" else (way, "arcbook")
            yield pytest.param(fault, *chosen, id=f"{fault.name}-{way}", marks=marks)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("fault", "engine", "program"), list(_cases()))
def test_fault(
    fault: Fault, engine: str, program: str, request: pytest.FixtureRequest, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A run that meets the fault ends as the case says, and never green."""
    if engine == "local" and not fault.own_server:
        request.getfixturevalue("local_engine").spark()  # its server is warm, and no process of the run
    monkeypatch.chdir(tmp_path)
    for name in ("ARCBOOK_ENGINE", "ARCBOOK_RECORD", "ETL_CONF_ENV", "ARCBOOK_LAUNCH"):
        monkeypatch.delenv(name, raising=False)
    if fault.patience:
        monkeypatch.setattr(client, "INTERRUPT_SECONDS", fault.patience)
    if fault.own_server:
        monkeypatch.setenv("ARCBOOK_LOCAL_IDLE_SECONDS", "7")
        monkeypatch.setenv("ARCBOOK_LOCAL_MEMORY_MB", "1024")
    if fault.s3 is None:
        _run_and_judge(fault, engine, program, tmp_path)
        return
    address, bucket = request.getfixturevalue("moto_server"), request.getfixturevalue("s3_bucket")
    fault = fault.of(bucket)
    _put_rows(bucket)
    with s3_faults.S3Faults(address) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.address)
        assert fault.s3 is not None
        proxy.add(*(s3_faults.Fault(**each) for each in fault.s3))
        _run_and_judge(fault, engine, program, tmp_path)
        assert proxy.struck() or not fault.s3
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    _judge_what_is_left(fault, tmp_path)


def _run_and_judge(fault: Fault, engine: str, program: str, folder: Path) -> None:
    mark = uuid.uuid4().hex
    command = _command(fault, engine, program, _written(fault, folder))
    if program == "arcbook" and not fault.needs_process:
        code = invoke(command[1:])
    else:
        code = _started(fault, command, folder, mark)
    assert code == (-9 if fault.killed else FAILURES[fault.expect].exit_code)
    assert_gone(mark)
    runs = folder / fault.runs.replace("disk/", "disk-after/")
    if fault.killed or fault.cut_off:
        assert invoke(["runs", "recover", "--record", str(runs)]) == 0
    _judge_record(fault, runs)
    if program == "papermill" and not fault.killed:
        read_notebook(folder / "out.ipynb")
    if fault.s3 is None:
        _judge_what_is_left(fault, folder)


def _written(fault: Fault, folder: Path) -> str:
    """Write the case's files and its job; returns the job's name."""
    for name, content in fault.files.items():
        path = folder / name
        rows = pyarrow.table({"id": pyarrow.array(range(1000), pyarrow.int64())})
        path.parent.mkdir(parents=True, exist_ok=True)
        if content == "delta":
            write_deltalake(path, rows)
        elif content == "parquet":
            path.mkdir()
            pyarrow.parquet.write_table(rows, path / "part-0.parquet")
        else:
            path.write_text(content, encoding="utf-8")
    if fault.job:
        (folder / "job.json").write_text(fault.job, encoding="utf-8")
        return "job.json"
    notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    notebook.metadata.kernelspec = {"name": "arc", "display_name": "Arc", "language": "arc"}
    for text in fault.texts():
        cell = nbformat.v4.new_code_cell(text)  # type: ignore[no-untyped-call]
        cell.metadata["tags"] = ["parameters"] if text.startswith("%params") else []
        notebook.cells.append(cell)
    nbformat.write(notebook, folder / "job.ipynb")  # type: ignore[no-untyped-call]
    return "job.ipynb"


def _command(fault: Fault, engine: str, program: str, job: str) -> list[str]:
    """The run's command line."""
    arguments = list(fault.arguments)
    if program == "papermill":
        return [str(BIN / "papermill"), job, "out.ipynb", "-k", "arc", *arguments]
    chosen = [] if "--engine" in arguments else ["--engine", engine]
    start = [str(BIN / "arcbook")]
    if fault.clock:
        start = [sys.executable, "-c", _CLOCK, str(fault.clock)]
    return [*start, "run", job, "--environment", "test", *chosen, *arguments]


def _started(fault: Fault, command: list[str], folder: Path, mark: str) -> int:
    """Start the run as a process, do to it what the case says, and return its exit code."""
    if fault.disk:
        command = _with_small_disk(fault.disk, command, folder)
    variables = environment() | {MARK: mark, WHOLE_MARK: mark, "ETL_CONF_ENV": "test"}
    with _messages(fault.stderr, folder) as messages:
        process = subprocess.Popen(command, cwd=folder, env=variables, stdout=messages, stderr=messages)
    try:
        if fault.when:
            wait_for_journal(fault.when, folder / fault.runs, process)
            if fault.do == "SIGKILL engine":
                # One that ends before the statement has reached it is replaced without a word.
                wait_until(lambda: not all(map(is_at_rest, victims(mark, "engine"))), "the engine has nothing to do")
            strike(fault.do, mark, process.pid)
            (folder / "done").touch()
        return process.wait(500)
    finally:
        process.kill()
        process.wait()


def _messages(where: str, folder: Path) -> IO[bytes]:
    """Where a run's messages go: a file, a pipe that nobody reads, or a full disk."""
    if where == "full":
        return Path("/dev/full").open("wb")
    if where == "closed":
        reader, writer = os.pipe()
        os.close(reader)
        return os.fdopen(writer, "wb")
    return (folder / "messages.txt").open("wb")


def _with_small_disk(megabytes: int, command: list[str], folder: Path) -> list[str]:
    """The command with a small disk on `disk`, which is copied to `disk-after` at the end.

    The disk is mounted in a name space of its own, for which no privilege is needed. Where the system forbids that,
    files cannot grow beyond that size, which is another error of the system with the same end.
    """
    (folder / "disk").mkdir()
    joined = shlex.join(command)
    mounted = f"mount -t tmpfs -o size={megabytes}m tmpfs disk"
    after = "code=$?; cp -a disk disk-after; exit $code"
    if subprocess.run(["unshare", "-rm", "sh", "-c", mounted], cwd=folder, check=False).returncode == 0:
        return ["unshare", "-rm", "sh", "-c", f"{mounted}; {joined}; {after}"]
    return ["prlimit", f"--fsize={megabytes << 20}", "sh", "-c", f"{joined}; {after}"]


def _judge_record(fault: Fault, runs: Path) -> None:
    """The record tells of the fault, its files are whole, and the notebook shows it."""
    (folder,) = runs.glob("*/*Z-??????")
    record = read_record((folder / "record.json").read_text(encoding="utf-8"))
    notebook = read_notebook(folder / "notebook.ipynb")
    for line in (folder / "MANIFEST").read_text(encoding="utf-8").splitlines():
        digest, name = line.split()
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name
    assert record.seconds is not None
    assert record.seconds >= 0
    assert processes_of(folder.name) == []
    if fault.completes:
        assert record.status == "completed"
        return
    _judge_failure(fault, record)
    shown = texts(notebook)
    assert [text for text in fault.shows if text not in shown] == []
    if fault.cell is not None:
        errors = [each["ename"] for cell in notebook["cells"] for each in cell.get("outputs", ()) if "ename" in each]
        assert len(errors) == 1


def _judge_failure(fault: Fault, record: Record) -> None:
    failure, expected = record.failure, FAILURES[fault.expect]
    assert failure is not None
    assert (failure.failure, failure.exit_code, failure.retry) == (
        fault.expect, expected.exit_code, expected.retry
    ), failure.message  # fmt: skip
    ended = "lost" if fault.killed else "cancelled" if fault.expect == "cancelled" else "failed"
    assert record.status == ended or (fault.cut_off and record.status == "lost")
    assert fault.says in failure.message
    # A run that is refused has no failed cell; its problems have.
    cells = {failure.cell, *(problem["cell"] for problem in failure.problems)} - {None}
    assert fault.cell is None or cells == {fault.cell}, failure.message
    assert len(failure.message) < 1500


def _put_rows(bucket: str) -> None:
    """1,000 rows below `in/` of the bucket."""
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.table({"id": range(1000)}), sink)
    boto3.client("s3").put_object(Bucket=bucket, Key="in/part-0.parquet", Body=sink.getvalue().to_pybytes())


def _judge_what_is_left(fault: Fault, folder: Path) -> None:
    """Outputs are as the case says, and nothing of an unfinished write stays."""
    assert [path for path in folder.rglob("*") if _STAGING.match(path.name)] == []
    for place, expected in fault.leaves.items():
        if place.startswith("s3://"):
            bucket, _, prefix = place.removeprefix("s3://").partition("/")
            listed = boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/_delta_log/")
            assert [each["Key"] for each in listed.get("Contents", ()) if each["Size"]] == []
            continue
        path = folder / place.replace("disk/", "disk-after/")
        if expected == "nothing":
            assert not path.exists()
        elif expected == "no table":
            assert not DeltaTable.is_deltatable(str(path))
        else:
            assert DeltaTable(str(path)).to_pyarrow_table().num_rows == expected
