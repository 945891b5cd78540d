"""Jobs in the `arc` kernel on the embedded engine, from the launcher's side."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arcbook.runs.launch import read_request, run
from arcbook.runs.request import Outcome
from tests.runs.running import Make, Ran, assert_nothing_runs, read_notebook, record_folder, texts

Run = Callable[..., Ran]

ONE = '%sql name="one" outputView=one environments=test,prod\nselect :count as n, :region as region'
PARAMETERS = '%params\ncount: integer\nregion: enum("eu", "us") = "eu"'


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ETL_CONF_ENV", "ARCBOOK_ENGINE", "ARCBOOK_RECORD"):
        monkeypatch.delenv(name, raising=False)


def launch(path: Path, **choices: Any) -> Outcome:
    return run(read_request(str(path), **({"environment": "test"} | choices)))


def journal(tmp_path: Path) -> list[str]:
    """The kinds of events in the one journal."""
    text = (record_folder(tmp_path) / "journal.jsonl").read_text(encoding="utf-8")
    return [json.loads(line)["event"] for line in text.splitlines()]


def test_papermill_runs_a_job(make_notebook: Make, run_command: Run, tmp_path: Path) -> None:
    """Parameters, a stage, a stage of another environment, Python: executed, recorded, nothing left running."""
    source = make_notebook(
        "%environment test", PARAMETERS, ONE,
        '%sql name="elsewhere" outputView=p environments=prod\nselect 1 as x', "%python\nprint('hello')",
    )  # fmt: skip
    done = run_command("papermill", source, "out.ipynb", "-k", "arc", "-p", "count", "5")
    assert done.code == 0, done.err
    made = read_notebook(tmp_path / "out.ipynb")
    assert made["cells"][2]["source"] == "%params\ncount = 5\n"
    assert "skipped: environments=[prod], running test" in texts(made)
    assert "hello" in texts(made)
    shown = run_command("arcbook", "runs", "show", "--json")
    record = json.loads(shown.out)
    assert (record["status"], record["environment"], record["engine"]) == ("completed", "test", "embedded")
    assert record["parameters"] == {"count": "5", "region": "eu"}
    assert [(stage["stage"], stage["skipped"]) for stage in record["stages"]] == [
        ("SQLTransform", False),
        ("SQLTransform", True),
    ]
    assert [cell["status"] for cell in record["cells"]] == ["completed"] * 3 + ["skipped", "completed"]
    assert_nothing_runs(tmp_path)


def test_the_help_of_a_notebook(make_notebook: Make, run_command: Run) -> None:
    """papermill lists the typed parameters."""
    done = run_command("papermill", "--help-notebook", make_notebook(PARAMETERS))
    assert "count: integer" in done.out
    assert 'enum("eu", "us") (default eu)' in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-p", "cuont", "5"], "Did you mean `count`?"),
        (["-p", "count", "many"], "must be"),
        (["-p", "count", "nan"], "nan"),
        ([], "has no value"),
    ],
)
def test_papermill_refuses_wrong_parameters(
    arguments: list[str], words: str, make_notebook: Make, run_command: Run, tmp_path: Path
) -> None:
    """Exit code 64, no kernel, a record and a valid notebook."""
    done = run_command("papermill", make_notebook("%environment test", PARAMETERS, ONE), "out.ipynb", *arguments)
    assert done.code == 64, done.err
    assert words in done.err
    assert "kernel" not in journal(tmp_path)
    assert "run-end" in journal(tmp_path)
    assert read_notebook(tmp_path / "out.ipynb")["metadata"]["papermill"]["exception"] is True


def test_a_misspelt_magic_never_runs(make_notebook: Make, tmp_path: Path) -> None:
    """Nothing runs, not even the cells above it; the problem stands in its cell, and at the top."""
    outcome = launch(make_notebook("%python\nopen('ran', 'w')", "%sqlvaildate environments=test\nselect false, 'x'"))
    assert outcome.error is not None
    assert outcome.error.exit_code == 64
    assert not (tmp_path / "ran").exists()
    assert "kernel" not in journal(tmp_path)
    cells = [cell for cell in outcome.notebook["cells"] if cell["cell_type"] == "code"]
    assert cells[0]["outputs"] == []
    assert "sqlvalidate" in cells[1]["outputs"][0]["evalue"]


def test_a_false_gate_stops_the_job(make_notebook: Make, tmp_path: Path) -> None:
    """Class quality, its message shown, nothing after it runs."""
    outcome = launch(
        make_notebook(
            "%sqlvalidate name=\"gate\" environments=test\nselect false as valid, 'too few rows' as message",
            "%python\nopen('ran', 'w')",
        )
    )
    assert outcome.error is not None
    assert (outcome.error.exit_code, outcome.record.failure and outcome.record.failure.cell) == (65, 1)
    assert "too few rows" in outcome.error.message
    assert not (tmp_path / "ran").exists()


def test_a_missing_file(make_notebook: Make) -> None:
    """Class input, with the path."""
    stage = (
        '{"type": "DelimitedExtract", "name": "read", "environments": ["test"], "inputURI": "no/such.csv",'
        ' "outputView": "v"}'
    )
    outcome = launch(make_notebook(stage))
    assert outcome.error is not None
    assert outcome.error.exit_code == 66
    assert "such.csv" in outcome.error.message


def test_a_job_file_runs_like_a_notebook(run_command: Run, tmp_path: Path) -> None:
    """HOCON, Arc's launch values, `-p` for its `${name}`, `--json`, and the executed notebook where it is asked for."""
    (tmp_path / "job.conf").write_text(
        '{"stages": [{"type": "SQLTransform", "name": "one", "environments": ["test"],\n'
        '  "sql": "select 7 as n", "outputView": ${VIEW}}]}\n',
        encoding="utf-8",
    )
    done = run_command(
        "arcbook",
        "run",
        "job.conf",
        "--etl.config.environment=test",
        "-p",
        "VIEW=v",
        "--output",
        "o/out.ipynb",
        "--json",
    )
    assert done.code == 0, done.err
    record = json.loads(done.out)
    assert (record["environment"], record["stages"][0]["view"]) == ("test", "v")
    assert read_notebook(tmp_path / "o" / "out.ipynb")["metadata"]["kernelspec"]["name"] == "arc"


def test_problems_of_a_job_file_point_into_the_file(run_command: Run, tmp_path: Path) -> None:
    """Line and column of the file, not of the notebook made of it."""
    (tmp_path / "job.json").write_text(
        '{"stages": [\n  {"type": "SQLTransform", "name": "one",\n   "environments": ["test"],\n'
        '   "sql": "select 7 as n", "outputViw": "v"}]}\n',
        encoding="utf-8",
    )
    done = run_command("arcbook", "run", "job.json", "--environment", "test")
    assert done.code == 64
    assert "job.json, line 4, column 28" in done.err


def test_a_secret_parameter_is_nowhere(make_notebook: Make, tmp_path: Path) -> None:
    """Given directly, printed by the job: masked in record, journal and notebook."""
    canary = "canary-of-the-arc-kernel"
    source = make_notebook("%params\ndoor: secret", "%python\nprint('the ' + 'canary-of' + '-the-arc-kernel')")
    outcome = launch(source, parameters={"door": canary}, output="out.ipynb")
    assert outcome.error is None, outcome.error
    for path in tmp_path.rglob("*"):
        if path.is_file() and path != source:
            assert canary not in path.read_text(encoding="utf-8"), path
    assert "the ********" in texts(outcome.notebook)


def test_a_killed_kernel_takes_its_engine_along(make_notebook: Make, tmp_path: Path) -> None:
    """SIGKILL in the middle of a job: transient, no server left."""
    outcome = launch(
        make_notebook("%sql outputView=v environments=test\nselect 1 as x",
                      "%python\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    )  # fmt: skip
    assert outcome.error is not None
    assert outcome.error.exit_code == 75
    assert_nothing_runs(tmp_path)


def test_one_logical_time_reaches_the_job(make_notebook: Make) -> None:
    """`${ETL_CONF_EPOCH}` is the run's time, whatever the clock says."""
    from datetime import UTC, datetime

    stage = (
        '{"type": "SQLTransform", "name": "t", "environments": ["test"], "sql": "select \'epoch ${E}\' as t",'
        ' "sqlParams": {"E": ${ETL_CONF_EPOCH}}, "outputView": "v"}'
    )
    outcome = launch(make_notebook(stage), logical_time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert outcome.error is None, outcome.error
    assert "epoch 1767323045" in texts(outcome.notebook)
