"""How `arcbook run` tells parameters from Arc's launch values."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from arcbook.cli import invoke
from arcbook.cli.run import command
from arcbook.core.failures import DefinitionError
from arcbook.runs.launch import read_request
from arcbook.runs.prepare import prepare
from arcbook.runs.request import Prepared
from arcbook.runs.texts import parse_parameters


def test_a_value_that_looks_like_a_launch_value_stays_a_value() -> None:
    """What stands behind `-p name` belongs to it; other `--name=value` arguments are launch values."""
    context = command.make_context("run", ["job.ipynb", "-p", "note", "--a=b", "--etl.config.environment=test"])

    assert context.params["parameters"] == ("note=--a=b",)
    assert context.meta["arcbook.launch"] == {"etl.config.environment": "test"}


def test_a_name_that_is_none_keeps_its_own_value() -> None:
    """`-p run-date=X` is complete: what follows is an option, and the job's declarations judge the name."""
    context = command.make_context("run", ["job.ipynb", "-p", "run-date=X", "--engine", "local"])

    assert context.params["parameters"] == ("run-date=X",)
    assert context.params["engine"] == "local"


@pytest.mark.parametrize(
    ("arguments", "launch"),
    [
        (["--run-date", "2026-11-23"], {"run-date": "2026-11-23"}),
        (["--run_date=2026-11-23", "--n", "-5"], {"run_date": "2026-11-23", "n": "-5"}),
        (["--note="], {"note": ""}),
        (["--note=a=b"], {"note": "a=b"}),
        (["--length", "-P1D"], {"length": "-P1D"}),
        (["--note", "two words", "--json"], {"note": "two words"}),
        (["--path=C:\\new"], {"path": "C:\\new"}),
    ],
)
def test_parameters_are_options(arguments: list[str], launch: dict[str, str]) -> None:
    """Behind the job, as two words or one; dashes of the value stay."""
    context = command.make_context("run", ["--engine", "local", "job.ipynb", *arguments])

    assert context.meta["arcbook.launch"] == launch
    assert context.params["jobs"] == ("job.ipynb",)
    assert context.params["engine"] == "local"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["job.ipynb", "--jsn"], "Did you mean `--json`?"),
        (["job.ipynb", "--enviroment", "--engine", "local"], "Did you mean `--environment`?"),
        (["job.ipynb", "--cach"], "Did you mean `--cache`?"),
        (["--region", "eu", "job.ipynb"], "stands behind the job"),
        (["job.ipynb", "-p", "alone"], "gives no value"),
    ],
)
def test_what_is_no_option_is_not_swallowed(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The remedy names the option that was meant, or where a parameter stands."""
    assert invoke(["run", *arguments]) == 64
    assert said in capsys.readouterr().err.replace("\n", " ")


def test_an_output_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The run is complete, and the message says what is missing."""
    job = job_with(tmp_path, "%environment test", "%sql name=v environments=test\nSELECT 1 AS x")
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "out.ipynb"
    assert invoke(["run", str(job), "--record", str(tmp_path / "runs"), "--output", str(place)]) == 66
    assert "its notebook could not be written to --output" in capsys.readouterr().err


def job_with(tmp_path: Path, *sources: str) -> Path:
    """A notebook of these cells."""
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"c{number}", "metadata": {}, "source": source, "outputs": [],
         "execution_count": None}
        for number, source in enumerate(sources)
    ]  # fmt: skip
    kernel = {"name": "arc", "display_name": "Arc", "language": "arc"}
    path = tmp_path / "job.ipynb"
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def test_help_lists_the_parameters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with type, limits, default and help; a parameter of an option's name is given by `-p`."""
    job = job_with(
        tmp_path, '%params\nrun_date: date  # day to load\nengine: string = "a"\nn: list[integer] = [1] (0..9)'
    )
    assert invoke(["run", str(job), "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"Parameters of {job}" in shown
    for line in ("--run-date DATE   day to load  [date; required]", "-p engine STRING  [string; default: a]",
                 "--n LIST          [list[integer]; between 0 and 9; default: [1]]"):  # fmt: skip
        assert line in shown
    assert invoke(["run", "--help"]) == 0
    assert "Parameters of" not in capsys.readouterr().out
    assert invoke(["run", str(job_with(tmp_path, "%version")), "--help"]) == 0
    assert "declares none" in capsys.readouterr().out
    assert invoke(["run", str(tmp_path / "no.ipynb"), "--help"]) == 0
    assert "cannot be listed" in capsys.readouterr().out
    broken = job_with(tmp_path, "%params\na: integr\nb: integer")
    assert invoke(["run", str(broken), "--help"]) == 0
    assert "there is no parameter type `integr`" in " ".join(capsys.readouterr().out.split())


def test_no_schema_of_half_the_parameters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A declaration that cannot be read is an error, not left out."""
    assert invoke(["schema", "--parameters", str(job_with(tmp_path, "%params\na: integr\nb: integer"))]) == 64
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "there is no parameter type `integr`" in shown.err


def prepared(job: Path, **given: Any) -> Prepared:
    """The run as far as it needs no kernel."""
    return prepare(read_request(str(job), environment="test", **given), datetime.now(UTC))


def test_an_option_of_a_parameter_is_its_value(tmp_path: Path) -> None:
    """Typed and checked like any other, in `:name` and `${name}` alike; `-p` wins over it."""
    job = job_with(tmp_path, "%params\nrun_date: date\nnote: string = x", "%version")
    made = prepared(job, launch={"run-date": "2026-11-23", "note": ""})
    assert made.refused is None
    assert made.parameters == {"run_date": "2026-11-23", "note": ""}
    assert "note" not in made.launch
    assert prepared(job, launch={"run_date": "2026-11-23"}, parameters={"run_date": "2026-01-01"}).parameters[
        "run_date"
    ] == "2026-01-01"  # fmt: skip
    refused = prepared(job, launch={"run-date": "tomorrow"}).refused
    assert refused is not None
    assert [problem.code for problem in refused.problems] == ["parameter-value"]


def test_launch_values_that_mean_nothing(tmp_path: Path) -> None:
    """All at once; names of Arc and of launch templates are no mistakes."""
    job = job_with(
        tmp_path,
        "%params\nregion: string = eu",
        "%sql name=${ROOT} sqlParams=a=${A} outputView=v environments=test\nSELECT ${a}",
    )
    launch = {
        "regoin": "us", "etl.confg.environment": "x", "ROOT": "", "A": "1", "ETL_CONF_EPOCH": "1",
        "etl.config.job.id": "1", "enviroment": "x",
    }  # fmt: skip
    refused = prepared(job, launch=launch).refused
    assert refused is not None
    assert [(problem.code, problem.key) for problem in refused.problems] == [
        ("unknown-parameter", "regoin"), ("unknown-parameter", "etl.confg.environment"), ("wrong-value", "ROOT"),
        ("unknown-parameter", "enviroment"),
    ]  # fmt: skip
    assert [problem.remedy for problem in refused.problems][0::3] == [
        "Did you mean `--region`?", "Did you mean `--environment`?",
    ]  # fmt: skip
    refused = prepared(job, launch={"regoin": "us"}, parameters={"rgion": "eu"}).refused
    assert refused is not None
    assert [problem.key for problem in refused.problems][:2] == ["regoin", "rgion"]


FILES: dict[str, Any] = {
    "code: 007\nflag: no\nday: 2026-11-23\nlist: [01, 1.10, null]\nquoted: 'null'\n": {
        "code": "007", "flag": "no", "day": "2026-11-23", "list": ["01", "1.10", None], "quoted": "null",
    },
    '{"code": "007", "n": 1.10, "big": 123456789012345678901234567890, "b": true, "none": null, "l": [1, false]}': {
        "code": "007", "n": "1.10", "big": "123456789012345678901234567890", "b": "true", "none": None,
        "l": ["1", "false"],
    },
    '{"a":\t"tab", "b": "\\ud83e\\uddfe"}': {"a": "tab", "b": "🧾"},
    "{a: 007, b: [x, y]}": {"a": "007", "b": ["x", "y"]},
    "a: |\n  two\n  lines\nb: ~\nc:\n": {"a": "two\nlines\n", "b": None, "c": None},
    "yes: 1\n1: yes\n": {"yes": "1", "1": "yes"},
    "": {},
    "# nothing\n": {},
    "null": {},
}  # fmt: skip


@pytest.mark.parametrize("text", FILES)
def test_files_keep_what_was_written(text: str) -> None:
    """YAML's and JSON's own types do not count; only null is no value."""
    assert parse_parameters(text, "given") == FILES[text]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a\n", "names and values"),
        ("text", "names and values"),
        ("a: 1\na: 2\n", "`a` is given twice"),
        ('{"a": 1, "a": 2}', "`a` is given twice"),
        ("a: {b: 1, b: 2}", "`b` is given twice"),
        ("a: [1\n", "neither YAML nor JSON"),
        ("[1]: 2\n", "plain text"),
        ("a: 1\n--- \nb: 2\n", "neither YAML nor JSON"),
        ("a: &x [*x]\n", "recursive"),
        ("[" * 5000, "neither YAML nor JSON"),
        ("{a: " * 3000, "neither YAML nor JSON"),
    ],
)
def test_files_that_are_wrong(text: str, said: str) -> None:
    """One clear error, whatever stands in the file."""
    with pytest.raises(DefinitionError, match=re.escape(said)):
        parse_parameters(text, "given.yaml")


def test_a_value_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 arrive as broken characters; the refusal can be printed and recorded."""
    job = job_with(tmp_path, "%params\nnote: string", "%version")
    arcbook = str(Path(sys.executable).parent / "arcbook")
    done = subprocess.run(
        [arcbook, "run", str(job), "--environment", "test", "-p", "note", b"caf\xe9"],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 64, done.stderr
    assert b"must be text in UTF-8, not `caf\\udce9`" in done.stderr
    assert list((tmp_path / "runs").glob("*/*/record.json"))
