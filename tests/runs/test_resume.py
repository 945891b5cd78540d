"""`arcbook run --resume` and `--cache` as commands: what the record, the notebook and the places say afterwards."""

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from arcbook.reuse.keeping import WAITS
from arcbook.runs.record import StageNote
from arcbook.runs.reusing import settled
from arcbook.runs.store import LocalStore
from tests.runs.running import Make, Ran, read_notebook, texts, wait_for_journal

Run = Callable[..., Ran]
Start = Callable[..., "subprocess.Popen[str]"]

PARAMS = "%params\nleast: integer = 1\nkey: secret"
EXTRACT = (
    '{"type": "DelimitedExtract", "name": "in", "environments": ["test"], "inputURI": "in.csv", "outputView": "rows",'
    ' "header": true}'
)
TYPED = (
    '%sql name="typed" environments=test outputView=typed\nSELECT CAST(id AS INT) AS id FROM rows WHERE id >= :least'
)
APPEND = (
    '{"type": "DeltaLakeLoad", "name": "out", "environments": ["test"], "inputView": "typed", "outputURI": "out",'
    ' "saveMode": "Append"}'
)
OVERWRITE = APPEND.replace("Append", "Overwrite").replace('"out"', '"copy"')
PYTHON = "%python\nwith open('log.txt', 'a') as log: print('again', file=log)"
GATE = '%sqlvalidate name="gate" environments=test\nSELECT count(*) = 1, concat("rows: ", count(*)) FROM csv.`gate`'


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """The job's input, and a gate that does not hold yet."""
    (tmp_path / "in.csv").write_text("id\n1\n2\n3\n", encoding="utf-8")
    (tmp_path / "gate").mkdir()
    (tmp_path / "gate" / "a.csv").write_text("1\n2\n", encoding="utf-8")
    return tmp_path


def mend(root: Path) -> None:
    """Make the gate hold."""
    (root / "gate" / "a.csv").write_text("1\n", encoding="utf-8")


def newest(root: Path) -> dict[str, Any]:
    """The record of the last run."""
    store = LocalStore(str(root / "runs"))
    return store.find("latest").record().model_dump(mode="json")


def rows_of(table: Path) -> int:
    """How many rows a Delta table has."""
    return int(DeltaTable(table).to_pyarrow_table().num_rows)


def reused(record: dict[str, Any]) -> list[str]:
    """The stages that were taken from an earlier run."""
    return [note["name"] for note in record["stages"] if note["reuse"].get("from")]


def test_resume(make_notebook: Make, run_command: Run, inputs: Path) -> None:
    """What succeeded is not done again; parameters, time and environment are the failed run's; secrets are new."""
    make_notebook(PARAMS, EXTRACT, TYPED, PYTHON, APPEND, GATE, OVERWRITE, PYTHON)
    first = run_command("arcbook", "run", "job.ipynb", "--environment", "test", "-p", "least", "2", "--key", "hush!!")
    assert first.code == 65, first.err
    failed = newest(inputs)
    assert len(list((inputs / "runs" / "checkpoints").iterdir())) == 2
    mend(inputs)
    refused = run_command("arcbook", "run", "job.ipynb", "--environment", "test", "-p", "lesat", "2")
    assert refused.code == 64
    assert newest(inputs) == failed  # an attempt that the check refused hides no failed run

    undecided = run_command("arcbook", "run", "--resume", "latest", "-p", "key", "hush!!")
    assert undecided.code == 64
    assert f"`latest` is the run {failed['run_id']}" in undecided.err
    assert "--python-again" in undecided.err
    wrong = run_command("arcbook", "run", "--resume", failed["run_id"], "-p", "least", "1")
    assert wrong.code == 66
    assert "`least` cannot be given anew" in wrong.err
    done = run_command(
        "arcbook",
        "run",
        "--resume",
        failed["run_id"],
        "--no-python-again",
        "-p",
        "key",
        "hush!!",
        "--output",
        "out.ipynb",
    )

    assert done.code == 0, done.err
    record = newest(inputs)
    assert (record["resumed_from"], record["first_run_id"]) == (failed["run_id"], failed["run_id"])
    for name in ("parameters", "environment", "logical_time", "engine"):
        assert record[name] == failed[name]
    assert reused(record) == ["in", "typed", "out"]
    assert " s reused\n" in done.err
    assert (rows_of(inputs / "out"), rows_of(inputs / "copy")) == (2, 2)
    shown = texts(read_notebook(inputs / "out.ipynb"))
    assert f"reused from run {failed['run_id']}: from its checkpoint" in shown
    assert "left out: run" in shown
    assert (inputs / "log.txt").read_text(encoding="utf-8") == "again\n" * 2  # by the first run, and the last cell
    assert "hush!!" not in "".join(path.read_text("utf-8") for path in (inputs / "runs").rglob("*.json*"))
    completed = run_command("arcbook", "run", "--resume", "latest")
    assert completed.code == 66
    assert "has completed" in completed.err


def test_resume_of_a_resumed_run_that_did_not_come_so_far(make_notebook: Make, run_command: Run, inputs: Path) -> None:
    """What the first run did is taken through a refused attempt, and through one that failed further up."""
    late = TYPED.replace("typed", "late").replace("FROM rows", "FROM csv.`late`").replace("id >=", "_c0 >=")
    late = late.replace("CAST(id AS INT) AS id", "_c0")
    early = '%sqlvalidate name="early" environments=test\nSELECT count(*) = 3, "early" FROM csv.`early`'
    for name in ("early", "late"):
        (inputs / name).mkdir()
    (inputs / "early" / "a.csv").write_text("1\n2\n3\n", encoding="utf-8")
    (inputs / "late" / "a.csv").write_text("1\n2\n", encoding="utf-8")
    params = "%params\nleast: integer = 1"
    make_notebook(params, PYTHON, EXTRACT, TYPED, early, APPEND, late, GATE, OVERWRITE)
    assert run_command("arcbook", "run", "job.ipynb", "--environment", "test").code == 65
    assert run_command("arcbook", "run", "--resume", "latest").code == 64  # nobody said what Python does
    (inputs / "early" / "a.csv").write_text("1\n", encoding="utf-8")
    assert run_command("arcbook", "run", "--resume", "latest", "--no-python-again").code == 65
    assert (newest(inputs)["failure"]["cell"], reused(newest(inputs))) == (5, ["in", "typed"])
    (inputs / "early" / "a.csv").write_text("1\n2\n3\n", encoding="utf-8")
    mend(inputs)

    done = run_command("arcbook", "run", "--resume", "latest", "--no-python-again")

    assert done.code == 0, done.err
    assert reused(newest(inputs)) == ["in", "typed", "out", "late"]
    assert (rows_of(inputs / "out"), rows_of(inputs / "copy")) == (3, 3)
    assert (inputs / "log.txt").read_text(encoding="utf-8") == "again\n"


def test_the_record_says_what_was_stored(make_notebook: Make, run_command: Run, inputs: Path) -> None:
    """Views that wait for a failure are stored when a cell fails; a run that completes has no use for them."""
    for last, told in (
        (GATE, {"in": True, "typed": True}),
        (OVERWRITE, {"in": "left for the case", "typed": "left for the case"}),
    ):
        make_notebook(EXTRACT, TYPED.replace(":least", "2"), last)
        run_command("arcbook", "run", "job.ipynb", "--environment", "test")
        notes = {note["name"]: note["reuse"] for note in newest(inputs)["stages"]}
        for name, expected in told.items():
            assert notes[name]["stored"] is (expected is True), (last, notes)
            assert ("notStored" in notes[name]) is (expected is not True), (last, notes)
            assert expected is True or expected in notes[name]["notStored"], (last, notes)


def test_what_nobody_told_was_not_stored() -> None:
    """Of a run that ended before its views could be stored, killed for example, the record says that."""
    notes = [
        StageNote(cell=cell, stage="SQLTransform", reuse={"key": key, "stored": False, "notStored": WAITS})
        for cell, key in enumerate(("told", "untold", "large"), start=1)
    ]
    told = [note.reuse for note in settled(notes, {"told": "", "large": "it is large"})]
    assert told == [
        {"key": "told", "stored": True},
        {"key": "untold", "stored": False, "notStored": "the run ended before it was stored"},
        {"key": "large", "stored": False, "notStored": "it is large"},
    ]


def test_resume_after_a_kill(make_notebook: Make, run_command: Run, start_command: Start, inputs: Path) -> None:
    """A run whose process was killed is recovered and gone on with; the job is found by name when it has moved."""
    wait = "%python\nimport time, pathlib\nprint('begun', flush=True)\n"
    wait += "while not pathlib.Path('go').exists(): time.sleep(0.1)"
    source = make_notebook(EXTRACT, TYPED.replace(":least", "2"), APPEND, wait, OVERWRITE)
    process = start_command("arcbook", "run", source, "--environment", "test")
    wait_for_journal('"text":"begun', inputs / "runs", process)
    still = run_command("arcbook", "run", "--resume", "latest")
    assert still.code == 66
    assert "still goes on" in still.err
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    (inputs / "go").touch()
    source.rename(inputs / "moved.ipynb")
    lost = run_command("arcbook", "run", "--resume", "latest")
    assert lost.code == 66
    assert "arcbook run JOB --resume" in lost.err

    done = run_command("arcbook", "run", "moved.ipynb", "--resume", "latest")

    assert done.code == 0, done.err
    assert reused(newest(inputs)) == ["in", "typed", "out"]
    assert (rows_of(inputs / "out"), rows_of(inputs / "copy")) == (2, 2)


def test_cache(make_notebook: Make, run_command: Run, inputs: Path) -> None:
    """The second run takes what is unchanged and says so, papermill's too; cleaning ends it, and keeps the records."""
    make_notebook(EXTRACT, TYPED.replace(":least", "2"), OVERWRITE)
    command = ("arcbook", "run", "job.ipynb", "--environment", "test", "--cache")
    first = run_command(*command)
    assert first.code == 0, first.err
    assert reused(newest(inputs)) == []
    assert run_command(*command).code == 0
    assert reused(newest(inputs)) == ["in", "typed", "copy"]
    by_papermill = run_command(
        "papermill", "job.ipynb", "out.ipynb", env={"ARCBOOK_REUSE": "true", "ETL_CONF_ENV": "test"}
    )
    assert by_papermill.code == 0, by_papermill.err
    assert "reused from run" in texts(read_notebook(inputs / "out.ipynb"))
    wished = run_command("arcbook", "runs", "clean", "--all", "--dry-run", "--json")
    assert len(json.loads(wished.out)["removed"]) == 3
    assert "3 checkpoints removed" in run_command("arcbook", "runs", "clean", "--all").out
    assert run_command(*command).code == 0
    assert reused(newest(inputs)) == []
    assert len(json.loads(run_command("arcbook", "runs", "list", "--json").out)) == 4
    assert run_command("arcbook", "runs", "clean", "--older-than", "soon").code == 64


def test_a_run_that_completes_keeps_nothing(make_notebook: Make, run_command: Run, inputs: Path) -> None:
    """Its checkpoints could only serve to resume it; with `never` there were none."""
    make_notebook(EXTRACT, TYPED.replace(":least", "2"), GATE)
    run = ("arcbook", "run", "job.ipynb", "--environment", "test")
    assert run_command(*run, "--checkpoints", "never").code == 65
    assert not (inputs / "runs" / "checkpoints").exists()
    mend(inputs)
    assert run_command(*run).code == 0
    assert not (inputs / "runs" / "checkpoints").exists()
    assert run_command(*run, "--checkpoints", "always").code == 0
    assert list((inputs / "runs" / "checkpoints").iterdir()) == []
    refused = run_command(*run, env={"ARCBOOK_CHECKPOINTS": "smal"})
    assert refused.code == 64
    assert "small" in refused.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--resume", "latest", "--environment", "uat"), "--environment and --resume exclude each other"),
        (("--resume", "latest", "--least=3"), "--least and --resume exclude each other"),
        (("--resume", "20200101"), "there is no run '20200101'"),
        (("job.ipynb", "--python-again"), "say what --resume does"),
        ((), "Missing argument"),
    ],
)
def test_refused(arguments: tuple[str, ...], said: str, run_command: Run) -> None:
    """Before anything starts, and with the reason."""
    done = run_command("arcbook", "run", *arguments)
    assert done.code in (64, 66)
    assert said in done.err


def test_a_variable_that_is_neither(make_notebook: Make, run_command: Run, inputs: Path) -> None:
    """What asks for reuse is true or false; the folder for jars is another variable."""
    make_notebook(EXTRACT)
    refused = run_command("arcbook", "run", "job.ipynb", "--environment", "test", env={"ARCBOOK_REUSE": "ja"})
    assert refused.code == 64
    assert "ARCBOOK_REUSE is 'ja'" in refused.err


def test_records_on_s3(make_notebook: Make, run_command: Run, inputs: Path, s3_bucket: str) -> None:
    """Records and checkpoints on a bucket: the run is gone on with from there."""
    make_notebook(EXTRACT, TYPED.replace(":least", "2"), APPEND, GATE, OVERWRITE)
    place = ("--record", f"s3://{s3_bucket}/records")
    assert run_command("arcbook", "run", "job.ipynb", "--environment", "test", *place).code == 65
    mend(inputs)
    done = run_command("arcbook", "run", "--resume", "latest", *place, "--json")
    assert done.code == 0, done.err
    record = json.loads(done.out)
    assert [note["reuse"].get("how") for note in record["stages"]][:3] == ["from its checkpoint"] * 2 + ["done before"]
    assert (rows_of(inputs / "out"), rows_of(inputs / "copy")) == (2, 2)
    assert "2 checkpoints removed" in run_command("arcbook", "runs", "clean", "--all", *place).out
