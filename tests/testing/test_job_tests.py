"""Tests of jobs: what passes, what is said of what does not, on both engines, by the command and by pytest."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcbook.core.failures import CellError
from arcbook.engines.base import Engine
from arcbook.testing.document import read_test_file
from arcbook.testing.run import find_test_files, run_file

DATA = Path(__file__).parent / "data"
NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
BIN = Path(sys.executable).parent


def load(name: str) -> list[dict[str, Any]]:
    """The cases of a data file; values keep their text, as in a test file."""
    found: list[dict[str, Any]] = yaml.load((DATA / name).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    return found


def text_of_case(index: int) -> str:
    """A test file with the case at `index` of cases.yaml, cut out of its text so that values keep their spelling."""
    blocks = (DATA / "cases.yaml").read_text(encoding="utf-8").split("\n- case:\n")[1:]
    lines = blocks[index].split("\n  faults:")[0].splitlines()
    indented = "\n".join(f"    {line[4:]}" for line in lines)
    return f"environment: test\ntests:\n  - {indented.lstrip()}\n"


CASES = load("cases.yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the job and the CSV file."""
    for name in ("job.json", "raw.csv"):
        shutil.copy(DATA / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize("index", range(len(CASES)), ids=[case["case"]["name"] for case in CASES])
def test_a_case_ends_as_it_should(index: int, engine: Engine, folder: Path) -> None:
    """With no fault, or with exactly the expected ones; nothing is written beside the job."""
    file = folder / "job.test.yaml"
    file.write_text(text_of_case(index), encoding="utf-8")
    (verdict,) = run_file(file, engine)
    expected = CASES[index].get("faults", [])
    assert len(verdict.faults) == len(expected), verdict.faults
    for fault, part in zip(verdict.faults, expected, strict=True):
        assert part in fault
        assert fault.startswith(f"{file}, line ")
    assert sorted(path.name for path in folder.iterdir()) == ["job.json", "job.test.yaml", "raw.csv"]


def test_parameters_are_those_of_the_stages_own_job(embedded_engine: Engine, tmp_path: Path) -> None:
    """Those of the test win over what a run left in the notebook; a job within the job has what it is given."""
    sources = [
        "%params\nfactor: integer",
        "%sql name=i outputView=out environments=test\nSELECT id * :factor AS x FROM src",
    ]
    stage = "{type: PipelineExecute, name: p, environments: [test], uri: inner.ipynb, params: {factor: ${times}}}"
    for name, cells in (("inner", sources), ("outer", ["%params\ntimes: integer", "%params\ntimes = 3", stage])):
        code = [{"cell_type": "code", "source": source, "metadata": {}} for source in cells]
        text = json.dumps({"cells": code, "metadata": {"kernelspec": {"name": "arc"}}})
        (tmp_path / f"{name}.ipynb").write_text(text, encoding="utf-8")
    case = "{name: nested, parameters: {times: 5}, given: {src: [{id: 2}]}, expect: {out: [{x: 10}]}}"
    (tmp_path / "outer.test.yaml").write_text(f"environment: test\ntests: [{case}]", encoding="utf-8")
    (verdict,) = run_file(tmp_path / "outer.test.yaml", embedded_engine)
    assert verdict.faults == ()


def test_the_time_under_the_names_of_arc(embedded_engine: Engine, tmp_path: Path) -> None:
    """A job that takes its time as `${ETL_CONF_EPOCH}` has that of the test, as it has that of a run."""
    stage = {"type": "SQLTransform", "name": "t", "environments": ["test"], "outputView": "out"}
    text = json.dumps(stage | {"sql": "SELECT ${epoch} + id AS epoch, ${now} AS now FROM src", "sqlParams": {}})
    text = text.replace(
        '"sqlParams": {}', '"sqlParams": {"epoch": ${ETL_CONF_EPOCH}, "now": ${ETL_CONF_CURRENT_TIMESTAMP}}'
    )
    (tmp_path / "job.json").write_text(f'{{"stages": [{text}]}}', encoding="utf-8")
    case = '{name: a, logical_time: "1970-01-01T00:01:00Z", given: {src: [{id: 1}]}, expect: {out: [ROW]}}'
    case = case.replace("ROW", '{epoch: 61, now: "1970-01-01 00:01:00"}')
    (tmp_path / "job.test.yaml").write_text(f"environment: test\ntests: [{case}]", encoding="utf-8")
    (verdict,) = run_file(tmp_path / "job.test.yaml", embedded_engine)
    assert verdict.faults == ()


def test_files_named_from_another_folder(engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test runs in its job's folder; its file's relative path still leads from where the command was given."""
    (folder / "job.test.yaml").write_text(text_of_case(0), encoding="utf-8")
    monkeypatch.chdir(folder.parent)
    (path,) = find_test_files([Path(folder.name)])
    assert [verdict.faults for verdict in run_file(path, engine)] == [()]


def test_a_stage_that_waits_for_computed_values(embedded_engine: Engine, tmp_path: Path) -> None:
    """It cannot run in a test, which computes none; the fault names the value."""
    stages = """{type: ConfigExecute, name: c, environments: [test], sql: "SELECT TO_JSON(NAMED_STRUCT('DAY', 'x'))"}
    {type: SQLTransform, name: l, environments: [test], resolution: lazy, outputView: late, sqlParams: {day: ${DAY}},
     sql: "SELECT '${day}' AS day FROM src"}"""
    (tmp_path / "job.conf").write_text(f"stages: [{stages}]", encoding="utf-8")
    case = "{name: lazy, given: {src: [{id: 2}]}, expect: {late: [{day: x}]}}"
    text = f"notebook: job.conf\nenvironment: test\ntests: [{case}]"
    (tmp_path / "job.test.yaml").write_text(text, encoding="utf-8")
    (verdict,) = run_file(tmp_path / "job.test.yaml", embedded_engine)
    assert ["${DAY} has no value" in fault for fault in verdict.faults] == [True]


@pytest.mark.parametrize("case", load("bad_files.yaml"), ids=lambda case: case["message"])
def test_a_wrong_file_is_refused_at_its_place(case: dict[str, Any], tmp_path: Path) -> None:
    """The line is that of the fault, or of the nearest thing around what is missing."""
    path = tmp_path / "x.test.yaml"
    path.write_text(case["text"], encoding="utf-8")
    with pytest.raises(CellError) as caught:
        read_test_file(path)
    (problem,) = caught.value.problems
    assert case["message"] in problem.message
    assert problem.code == "test-file"
    assert (problem.span.line if problem.span else 1) == case["line"]


def test_the_examples_tests_pass(engine: Engine) -> None:
    """On both engines."""
    files = find_test_files([NOTEBOOKS])
    assert files
    assert [verdict for path in files for verdict in run_file(path, engine) if not verdict.passed] == []


def command(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run one of the installed commands in a folder."""
    return subprocess.run(
        [str(BIN / arguments[0]), *arguments[1:]], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_command(folder: Path) -> None:
    """A line per test, what was wrong below it, 65 at the end; `-k` chooses, `--json` says the same to machines."""
    good, bad = text_of_case(0), text_of_case(2).partition("tests:\n")[2]
    (folder / "job.test.yaml").write_text(f"{good}\n{bad}", encoding="utf-8")
    done = command(folder, "arcbook", "test")
    assert done.returncode == 65, done.stderr
    assert "ok     job.test.yaml: rows in any order" in done.stdout
    assert "FAILED job.test.yaml: another value" in done.stdout
    assert "expected 5, found 4" in done.stdout
    assert "1 passed, 1 failed" in done.stdout
    assert command(folder, "arcbook", "test", "-k", "any order").returncode == 0
    told = json.loads(command(folder, "arcbook", "test", "--json").stdout)
    assert [test["passed"] for test in told["tests"]] == [True, False]
    assert command(folder, "arcbook", "test", "-k", "nothing of this name").returncode == 64
    assert command(folder, "arcbook", "test", "job.json").returncode == 64


def test_pytest_collects_them(folder: Path) -> None:
    """Each case is a test of pytest's, whose failure shows the faults and no trace."""
    good, bad = text_of_case(0), text_of_case(2).partition("tests:\n")[2]
    (folder / "job.test.yaml").write_text(f"{good}\n{bad}", encoding="utf-8")
    done = command(folder, "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout
    assert "expected 5, found 4" in done.stdout
    assert "Traceback" not in done.stdout
