"""Records, notebooks and data on a bucket that throttles, refuses, is slow or cuts answers off."""

import json
from collections.abc import Callable
from pathlib import Path

import boto3
import nbformat
import pytest

from arcbook.runs.journal import read_events
from arcbook.runs.layout import read_manifest
from arcbook.runs.record import read_record
from arcbook.runs.render import render
from arcbook.runs.store import open_store
from tests.runs.running import Make, Ran, texts
from tests.s3_faults import Fault, S3Faults
from tests.trials import in_soak, seeds

Run = Callable[..., Ran]

#: What passes: the hardest of it in `make test`, all in `make soak`.
PASSING = ["cut", "slow-down", "lost", "slow"][: len(seeds(1, soak=4))]
#: What may not be written; that of Delta tables is in the fault matrix, too.
KINDS = ["Parquet", "DeltaLake", "JSON"][: len(seeds(1, soak=3))]
LOCAL = pytest.mark.local


def first(kind: str, bucket: str) -> Fault:
    """Every request to the bucket is in trouble once, and works when it is repeated.

    Of cut answers only the bodies of good ones: delta-rs does not ask again when "there is none" is cut off, nor when
    a commit of its own, whose answer it missed, makes it list the log.
    """
    return Fault(kind, key=bucket, times=1, each_address=True, good_bodies=True, seconds=0.3)


def client(moto_server: str) -> "boto3.client":
    return boto3.client("s3", endpoint_url=moto_server)


def objects(moto_server: str, bucket: str) -> dict[str, bytes]:
    """What lies in the bucket, read without faults."""
    s3 = client(moto_server)
    listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {item["Key"]: s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in listed}


@pytest.mark.trial
@pytest.mark.parametrize("fault", PASSING)
def test_a_record_survives_what_passes(
    fault: str, faulty: S3Faults, s3_bucket: str, moto_server: str, make_notebook: Make, run_command: Run
) -> None:
    """Every request fails at first: the record is whole all the same, and so are the notebook and its input."""
    job = make_notebook("print('one')", "import time; time.sleep(1.5); print('two')", kernel="python3")
    client(moto_server).put_object(Bucket=s3_bucket, Key="in/job.ipynb", Body=job.read_bytes())
    faulty.add(first(fault, s3_bucket))
    done = run_command(
        "papermill", "--engine", "arcbook", f"s3://{s3_bucket}/in/job.ipynb", f"s3://{s3_bucket}/out/job.ipynb",
        env={"ARCBOOK_RECORD": f"s3://{s3_bucket}/runs"},
    )  # fmt: skip
    assert done.code == 0, done.err
    assert faulty.struck(fault) > 5
    found = objects(moto_server, s3_bucket)
    (folder,) = {key.rpartition("/")[0] for key in found if key.startswith("runs/")}
    names = {key.removeprefix(f"{folder}/") for key in found if key.startswith("runs/")}
    assert names == {"MANIFEST", "journal.jsonl", "notebook.ipynb", "record.json"}
    assert set(read_manifest(found[f"{folder}/MANIFEST"].decode())) == names - {"MANIFEST"}
    assert read_record(found[f"{folder}/record.json"].decode()).status == "completed"
    rendered = render(read_events(found[f"{folder}/journal.jsonl"].decode()))
    assert json.loads(found[f"{folder}/notebook.ipynb"]) == json.loads(json.dumps(rendered))
    executed = nbformat.reads(found["out/job.ipynb"].decode(), as_version=4)  # type: ignore[no-untyped-call]
    assert "one" in texts(executed)
    assert "two" in texts(executed)

    faulty.clear()
    faulty.add(first(fault, s3_bucket))
    for arguments in (("list",), ("show",), ("logs",)):
        shown = run_command("arcbook", "runs", *arguments, "--record", f"s3://{s3_bucket}/runs")
        assert shown.code == 0, shown.err
    assert "two" in shown.out


@pytest.mark.trial
@pytest.mark.parametrize("fault", PASSING)
def test_arcbook_run_of_a_job_on_s3(
    fault: str,
    faulty: S3Faults,
    s3_bucket: str,
    moto_server: str,
    make_notebook: Make,
    run_command: Run,
    tmp_path: Path,
) -> None:
    """`arcbook run s3://… --output s3://…`: the job is read whole, the executed notebook arrives."""
    job = make_notebook("%environment test", "%python\nprint('x' * 10_000)")
    client(moto_server).put_object(Bucket=s3_bucket, Key="job.ipynb", Body=job.read_bytes())
    faulty.add(first(fault, s3_bucket))
    done = run_command(
        "arcbook", "run", f"s3://{s3_bucket}/job.ipynb", "--output", f"s3://{s3_bucket}/out.ipynb", "--record", "runs"
    )
    assert done.code == 0, done.err
    assert faulty.struck(fault) > 0
    assert b"x" * 10_000 in objects(moto_server, s3_bucket)["out.ipynb"]


def test_throttling_during_the_whole_run(
    faulty: S3Faults, s3_bucket: str, moto_server: str, make_notebook: Make, run_command: Run
) -> None:
    """No segment can be sent: the run goes on and says so, and the end brings all of the journal."""
    faulty.add(Fault("slow-down", method="PUT", key="/journal/"))
    job = make_notebook(
        "import time\nfor i in range(40): print('line', i, flush=True); time.sleep(0.2)", kernel="python3"
    )
    root = f"s3://{s3_bucket}/runs"
    done = run_command("papermill", "--engine", "arcbook", job, "out.ipynb", env={"ARCBOOK_RECORD": root})
    assert done.code == 0, done.err
    assert "cannot be sent (transient)" in done.err
    assert faulty.struck("slow-down") > 0
    folder = open_store(root).find("latest")
    assert folder.record().status == "completed"
    assert "line 39" in folder.journal_text()
    assert not [key for key in objects(moto_server, s3_bucket) if "/journal/" in key]


@pytest.mark.parametrize("fault", ["access-denied", "expired-token"])
def test_a_bucket_that_refuses_the_record_from_the_beginning(
    fault: str, faulty: S3Faults, s3_bucket: str, make_notebook: Make, run_command: Run, tmp_path: Path
) -> None:
    """Nothing runs: `access`, at once."""
    faulty.add(Fault(fault, method="PUT", key=s3_bucket))
    job = make_notebook("open('ran', 'w')", kernel="python3")
    root = f"s3://{s3_bucket}/runs"
    done = run_command("papermill", "--engine", "arcbook", job, "out.ipynb", env={"ARCBOOK_RECORD": root})
    assert done.code == 77, done.err
    assert f"cannot write {root}/job/" in done.err
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("program", ["arcbook", "papermill"])
def test_a_bucket_that_refuses_the_record_later(
    program: str, faulty: S3Faults, s3_bucket: str, make_notebook: Make, run_command: Run, tmp_path: Path
) -> None:
    """The work is done and kept here, loudly; but a run without a record in its place is not green."""
    faulty.add(Fault("access-denied", method="PUT", key=r"^(?!.*record\.json)"))
    job = make_notebook(
        "%environment test", "%python\nimport time; time.sleep(1.5); open('ran', 'w').close(); print('done')"
    )
    root = f"s3://{s3_bucket}/records"
    arguments = (job, "--record", root) if program == "arcbook" else (job, "out.ipynb")
    command = ("run", *arguments) if program == "arcbook" else arguments
    done = run_command(program, *command, env={"ARCBOOK_RECORD": root})
    assert done.code == 77, done.err
    assert (tmp_path / "ran").exists()
    assert "cannot be sent (access)" in done.err
    assert "All cells ran" in done.err
    (kept,) = (tmp_path / "runs").glob("job/*")
    assert str(kept) in done.err
    record = read_record((kept / "record.json").read_text())
    assert record.failure is not None
    assert (record.status, record.failure.failure) == ("failed", "access")
    assert [cell.status for cell in record.cells] == ["completed"] * 2
    notebook = nbformat.read(kept / "notebook.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    assert "done" in texts(notebook)
    assert "All cells ran" in notebook.cells[0].source
    assert set(read_manifest((kept / "MANIFEST").read_text())) == {"record.json", "journal.jsonl", "notebook.ipynb"}
    assert run_command("arcbook", "runs", "show", str(kept)).code == 0
    if program == "papermill":
        assert "done" in texts(nbformat.read(tmp_path / "out.ipynb", as_version=4))  # type: ignore[no-untyped-call]


def test_a_failed_job_keeps_its_own_class(
    faulty: S3Faults, s3_bucket: str, make_notebook: Make, run_command: Run, tmp_path: Path
) -> None:
    """A refused record does not hide why the job failed."""
    faulty.add(Fault("access-denied", method="PUT", key="/MANIFEST"))
    job = make_notebook("%environment test", "%sqlvalidate environments=test\nSELECT false, 'no'")
    done = run_command("arcbook", "run", job, "--record", f"s3://{s3_bucket}/records")
    assert done.code == 65, done.err
    assert "could not be completed" in done.err
    (kept,) = (tmp_path / "runs").glob("job/*")
    assert json.loads((kept / "record.json").read_text())["failure"]["failure"] == "quality"


def test_deleting_may_be_forbidden(faulty: S3Faults, s3_bucket: str, make_notebook: Make, run_command: Run) -> None:
    """A bucket of records that nobody may delete from keeps the segments beside the joined journal."""
    faulty.add(Fault("access-denied", method="POST", key=r"\?delete"))
    job = make_notebook("import time; print('one', flush=True); time.sleep(1.5)", kernel="python3")
    root = f"s3://{s3_bucket}/runs"
    done = run_command("papermill", "--engine", "arcbook", job, "out.ipynb", env={"ARCBOOK_RECORD": root})
    assert done.code == 0, done.err
    assert faulty.struck("access-denied") == 1
    folder = open_store(root).find("latest")
    assert folder.record().status == "completed"
    assert folder.journal_text().count('"event":"run-end"') == 1


EXTRACT = (
    '{{"type": "{kind}Extract", "name": "read", "environments": ["test"], "inputURI": "s3a://{bucket}/{kind}",'
    ' "outputView": "{kind}"{more}}}'
)
LOAD = (
    '{{"type": "{kind}Load", "name": "write", "environments": ["test"], "inputView": "Delimited",'
    ' "outputURI": "s3a://{bucket}/{kind}", "saveMode": "Append"}}'
)
GATE = (
    "%sqlvalidate name=all environments=test\n"
    "SELECT count(*) = 2000 AND count(DISTINCT id) = 1000, 'rows of the table' FROM DeltaLake"
)
FILES_GATE = "%sqlvalidate name=files environments=test\nSELECT count(*) = 1000, 'rows of the files' FROM Parquet"


HEADER = ', "header": true'


def stages(text: str, bucket: str, *kinds: str) -> list[str]:
    """Cells of that form for each kind of file."""
    return [text.format(kind=kind, bucket=bucket, more=HEADER if kind == "Delimited" else "") for kind in kinds]


@pytest.mark.trial
@pytest.mark.parametrize(
    ("engine", "fault"),
    [
        *(("embedded", fault) for fault in PASSING),
        *(pytest.param("local", fault, marks=LOCAL) for fault in PASSING),
    ],
)
@pytest.mark.timeout(900)
def test_data_survives_what_passes(
    engine: str, fault: str, faulty: S3Faults, s3_bucket: str, moto_server: str, make_notebook: Make, run_command: Run
) -> None:
    """Engines read all rows and write each once: files, a table's commits, and both read again.

    Spark asks for so much that it takes minutes: in `make test` it has a table to write and read, and no files.
    """
    files = [] if engine == "local" and not in_soak() else ["Parquet", "JSON"]
    rows = "id,text\n" + "".join(f"{number},{number:064d}\n" for number in range(1000))
    client(moto_server).put_object(Bucket=s3_bucket, Key="Delimited/rows.csv", Body=rows.encode())
    faulty.add(first(fault, s3_bucket))
    job = make_notebook(
        "%environment test",
        *stages(EXTRACT, s3_bucket, "Delimited"),
        *stages(LOAD, s3_bucket, "DeltaLake", "DeltaLake", *files),
        *stages(EXTRACT, s3_bucket, "DeltaLake", *files[:1]),
        *([FILES_GATE] if files else []),
        GATE,
    )
    done = run_command("arcbook", "run", job, "--engine", engine)
    assert done.code == 0, done.err
    assert faulty.struck(fault) > 20
    found = objects(moto_server, s3_bucket)
    assert sum(content.count(b"\n") for key, content in found.items() if key.startswith("JSON/")) == (
        1000 if files else 0
    )


@pytest.mark.trial
@pytest.mark.parametrize(
    ("engine", "kind"),
    [*(("embedded", kind) for kind in KINDS), *(pytest.param("local", kind, marks=LOCAL) for kind in KINDS)],
)
@pytest.mark.timeout(900)
def test_data_that_may_not_be_written(
    engine: str, kind: str, faulty: S3Faults, s3_bucket: str, make_notebook: Make, run_command: Run, moto_server: str
) -> None:
    """403 on writing: `access`, soon, and nothing that a reader would take for rows."""
    faulty.add(*(Fault("access-denied", method=method, key=f"/{kind}") for method in ("PUT", "POST")))
    made = "%sql environments=test outputView=Delimited\nSELECT 1 AS id"
    job = make_notebook("%environment test", made, *stages(LOAD, s3_bucket, kind))
    done = run_command("arcbook", "run", job, "--engine", engine)
    assert done.code == 77, done.err
    assert faulty.struck("access-denied") > 0
    assert not [key for key in objects(moto_server, s3_bucket) if not key.endswith("/")]
