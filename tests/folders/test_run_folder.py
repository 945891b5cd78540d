"""A folder's run: several jobs at once, in their order, each with its record, whatever happens."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arcbook.cli import invoke
from arcbook.runs.layout import read_manifest
from arcbook.runs.record import Record, read_record
from tests.folders.conftest import MakeJob, Start
from tests.runs.running import Ran, processes_of, read_notebook
from tests.s3_faults import Fault, S3Faults
from tests.waiting import wait_until

MAKE = "%sql name=make environments=test outputView=made\nSELECT id FROM range({})"
SAVE = "{{type: DeltaLakeLoad, name: save, environments: [test], inputView: made, outputURI: out/{}}}"
READ = "{{type: DeltaLakeExtract, name: read, environments: [test], inputURI: out/{}, outputView: found}}"
MERGE = """%sql name=m environments=test
MERGE INTO found f USING (SELECT 1 AS id) s ON f.id = s.id WHEN MATCHED THEN UPDATE SET id = 100"""
#: Says that it has begun, and waits for another file.
MEET = """%python
import pathlib, time
pathlib.Path("{mine}").touch()
deadline = time.monotonic() + 180
while not pathlib.Path("{other}").exists():
    assert time.monotonic() < deadline, "nobody came"
    time.sleep(0.05)"""


def records(folder: Path) -> dict[str, Record]:
    """The records of the jobs, each of which ran once."""
    found = {path.parent.parent.name: path for path in (folder / "runs").glob("[!_]*/*/record.json")}
    return {name: read_record(path.read_text(encoding="utf-8")) for name, path in found.items()}


def summary(folder: Path) -> dict[str, Any]:
    """The record of the folder's run."""
    (path,) = (folder / "runs" / "_folders" / "etl").glob("*/folder.json")
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return told


def is_whole(folder: Path, record: Record) -> bool:
    """Whether the record has its manifest and a valid notebook."""
    place = folder / "runs" / record.job / record.run_id
    read_notebook(place / "notebook.ipynb")
    return set(read_manifest((place / "MANIFEST").read_text())) == {"record.json", "journal.jsonl", "notebook.ipynb"}


def test_order_failure_and_side_by_side(make_job: MakeJob, run: Callable[..., Ran], tmp_path: Path) -> None:
    """Two jobs meet, so they run at once; behind a failure nothing runs, beside it all; one time for all."""
    make_job(
        "z_orders", "%params\nrows: integer", MAKE.format(":rows"), SAVE.format("t"), MEET.format(mine="a", other="b")
    )
    make_job(
        "a_gate",
        MEET.format(mine="b", other="a"),
        "%sqlvalidate name=g environments=test\nSELECT FALSE, 'wrong'",
        MAKE.format(1),
        SAVE.format("g"),
    )
    make_job(
        "b_merge",
        READ.format("t"),
        MERGE,
    )
    make_job("c_behind", READ.format("g"), MAKE.format(1), SAVE.format("c"))
    make_job("d_behind", READ.format("c"))
    make_job(
        "e_last",
        READ.format("t"),
        "%sqlvalidate name=g environments=test\nSELECT max(id) = 100 AND count(*) = 7, 'not merged' FROM found",
    )
    ran = run("--jobs", "2", "-p", "rows", "7", "--json")
    assert ran.code == 65, ran.err
    told = summary(tmp_path)
    assert {job["name"]: job["status"] for job in told["jobs"]} == {
        "z_orders": "completed", "a_gate": "failed", "b_merge": "completed", "c_behind": "skipped",
        "d_behind": "skipped", "e_last": "completed",
    }, ran.err  # fmt: skip
    reasons = {job["name"]: job["reason"] for job in told["jobs"]}
    assert (reasons["c_behind"], reasons["d_behind"]) == (
        "skipped: upstream a_gate failed", "skipped: upstream c_behind skipped",
    )  # fmt: skip
    found = records(tmp_path)
    assert set(found) == {"z_orders", "a_gate", "b_merge", "e_last"}
    assert {record.logical_time.isoformat() for record in found.values()} == {
        told["logical_time"].replace("Z", "+00:00")
    }
    assert {record.part_of for record in found.values()} == {told["run_id"]}
    assert {job["name"]: job["run_id"] for job in told["jobs"] if job["run_id"]} == {
        name: record.run_id for name, record in found.items()
    }
    assert all(is_whole(tmp_path, record) for record in found.values())
    shown = json.loads(ran.out)
    assert (shown["exit_code"], shown["status"], shown["jobs"]) == (65, "failed", told["jobs"])
    assert "[c_behind] skipped: upstream a_gate failed" in ran.err
    assert "[a_gate] failed in cell" in ran.err


def test_nothing_runs_when_a_job_is_wrong(make_job: MakeJob, run: Callable[..., Ran], tmp_path: Path) -> None:
    """Exit code 64, the place is named, and no job has left anything."""
    make_job("a", MAKE.format(1), SAVE.format("t"))
    make_job("b", "{type: DeltaLakeLod, name: l, environments: [test], inputView: v, outputURI: out/x}")
    ran = run()
    assert ran.code == 64
    assert "b.ipynb" in ran.err
    assert "unknown-stage" in ran.err
    assert not (tmp_path / "runs").exists()
    assert not (tmp_path / "etl" / "out").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all(number: signal.Signals, make_job: MakeJob, start: Start, tmp_path: Path) -> None:
    """What runs is cancelled and has its record, what waits does not begin."""
    for name in ("a", "b"):
        make_job(name, MEET.format(mine=name, other="never"), MAKE.format(1), SAVE.format(name))
    make_job("c", READ.format("a"))
    process = start("--jobs", "2")
    wait_until(lambda: all((tmp_path / "etl" / name).exists() for name in ("a", "b")), seconds=180)
    process.send_signal(number)
    _, err = process.communicate(timeout=240)
    assert process.returncode == 130, err
    assert {job["name"]: job["status"] for job in summary(tmp_path)["jobs"]} == dict.fromkeys("abc", "cancelled")
    found = records(tmp_path)
    assert {name: record.status for name, record in found.items()} == dict.fromkeys("ab", "cancelled")
    assert all(is_whole(tmp_path, record) for record in found.values())


def test_a_job_that_is_killed(make_job: MakeJob, start: Start, tmp_path: Path) -> None:
    """Its record is completed from the journal, nothing of it stays behind, and the jobs beside it go on."""
    make_job("a", MEET.format(mine="a", other="never"), MAKE.format(1), SAVE.format("a"))
    make_job("b", MEET.format(mine="b", other="go"))
    make_job("c", READ.format("a"))
    process = start("--jobs", "2")
    wait_until(lambda: all((tmp_path / "etl" / name).exists() for name in ("a", "b")), seconds=180)
    killed = records(tmp_path)["a"]
    assert killed.pid is not None
    os.kill(killed.pid, signal.SIGKILL)
    wait_until(lambda: records(tmp_path)["a"].status != "running", seconds=120)
    (tmp_path / "etl" / "go").touch()
    _, err = process.communicate(timeout=240)
    assert process.returncode == 75, err
    states = {job["name"]: job["status"] for job in summary(tmp_path)["jobs"]}
    assert states == {"a": "failed", "b": "completed", "c": "skipped"}, err
    assert is_whole(tmp_path, records(tmp_path)["a"])
    wait_until(lambda: not processes_of(killed.run_id), seconds=60)


def test_the_command_itself_is_killed(
    make_job: MakeJob, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its jobs notice, end, and leave whole records; `runs recover` completes its own."""
    make_job("a", MEET.format(mine="a", other="never"), MAKE.format(1), SAVE.format("t"))
    make_job("sub/b", "{type: DeltaLakeExtract, name: r, environments: [test], inputURI: ../out/t, outputView: found}")
    process = start()
    wait_until(lambda: (tmp_path / "etl" / "a").exists(), seconds=180)
    process.kill()
    process.communicate(timeout=60)
    wait_until(lambda: records(tmp_path)["a"].status != "running", seconds=120)
    record = records(tmp_path)["a"]
    assert record.status == "cancelled"
    wait_until(lambda: (tmp_path / "runs" / "a" / record.run_id / "MANIFEST").exists(), seconds=60)
    assert is_whole(tmp_path, record)

    monkeypatch.chdir(tmp_path)
    assert summary(tmp_path)["status"] == "running"
    assert invoke(["runs", "recover"]) == 0
    told = summary(tmp_path)
    assert told["status"] == "lost"
    assert [(job["name"], job["status"], job["run_id"]) for job in told["jobs"]] == [
        ("a", "cancelled", record.run_id), ("sub/b", "skipped", ""),
    ]  # fmt: skip


def test_a_place_that_takes_no_summary(
    make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    s3_bucket: str, moto_server: str,
) -> None:  # fmt: skip
    """What cannot be recorded does not run."""
    make_job("sub/a", "%python\nopen('ran', 'w').close()")
    monkeypatch.chdir(tmp_path)
    with S3Faults(moto_server) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.address)
        proxy.add(Fault("access-denied", method="PUT", key="/_folders/"))
        assert invoke(["run", "etl", "--record", f"s3://{s3_bucket}/runs"]) == 77
    assert f"cannot write s3://{s3_bucket}/runs/_folders/etl/" in capsys.readouterr().err
    assert not list(tmp_path.rglob("ran"))


def test_a_summary_that_cannot_be_kept(
    make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    s3_bucket: str, moto_server: str,
) -> None:  # fmt: skip
    """The jobs ran, but nobody would find the record of the whole: it is kept here, and the run is not green."""
    make_job("sub/a", MAKE.format(1))
    monkeypatch.chdir(tmp_path)
    with S3Faults(moto_server) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.address)
        # The first two times, before the job has begun, the summary is taken.
        proxy.add(Fault("access-denied", method="PUT", key="/_folders/", after=2))
        assert invoke(["run", "etl", "--record", f"s3://{s3_bucket}/runs"]) == 77
    (kept,) = tmp_path.glob("runs/_folders/etl/*")
    assert f"The record is kept at {kept}" in capsys.readouterr().err
    told = summary(tmp_path)
    assert (told["status"], told["failure"]["failure"]) == ("failed", "access")
    assert [job["status"] for job in told["jobs"]] == ["completed"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["etl", "--output", "x.ipynb"], "--output"),
        (["etl", "etl"], "alone"),
        (["etl/a.ipynb", "--jobs", "2"], "--jobs"),
    ],
)
def test_what_a_folder_does_not_take(
    arguments: list[str],
    says: str,
    make_job: MakeJob,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Options that would mean nothing are refused."""
    make_job("a", MAKE.format(1))
    monkeypatch.chdir(tmp_path)
    assert invoke(["run", *arguments]) == 64
    assert says in capsys.readouterr().err


def test_a_folder_is_not_resumed(
    make_job: MakeJob, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each job's run is resumed by itself; nothing runs when somebody asks for all at once."""
    make_job("a", MAKE.format(1))
    monkeypatch.chdir(tmp_path)
    assert invoke(["run", "etl/a.ipynb", "--environment", "nowhere"]) == 64
    assert invoke(["run", "etl", "--resume", "latest"]) == 64
    assert "arcbook run --resume RUN" in " ".join(capsys.readouterr().err.split())
    assert list(records(tmp_path)) == ["a"]


def test_records_on_s3(make_job: MakeJob, run: Callable[..., Ran], s3_bucket: str) -> None:
    """The summary lies beside the records, in the same bucket."""
    import boto3

    make_job("a", MAKE.format(1))
    ran = run("--record", f"s3://{s3_bucket}/runs", "--json")
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    client = boto3.client("s3")
    kept = client.get_object(Bucket=s3_bucket, Key=f"runs/_folders/etl/{told['run_id']}/folder.json")["Body"].read()
    assert json.loads(kept)["jobs"] == told["jobs"]
    record = read_record(
        client.get_object(Bucket=s3_bucket, Key=f"runs/a/{told['jobs'][0]['run_id']}/record.json")["Body"]
        .read()
        .decode()
    )
    assert (record.status, record.part_of) == ("completed", told["run_id"])


@pytest.mark.parametrize(("gate", "code"), [("TRUE", 0), ("FALSE", 65)])
def test_whoever_reads_decides_nothing(gate: str, code: int, make_job: MakeJob, start: Start, tmp_path: Path) -> None:
    """`arcbook run FOLDER | head -1` runs all jobs, and ends as they do."""
    make_job("a", f"%sqlvalidate name=g environments=test\nSELECT {gate}, 'wrong'")
    process = start()
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()
    assert process.wait(timeout=240) == code
    assert summary(tmp_path)["jobs"][0]["status"] == ("completed" if gate == "TRUE" else "failed")
