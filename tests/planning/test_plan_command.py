"""The command takes what a run takes, and tells of the jobs of a folder what each of them alone could not."""

import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from arcbook.cli import invoke

EXTRACT = '{type: ParquetExtract, name: get, environments: [test], inputURI: "in/"${which}".parquet", outputView: got}'
QUERY = """%sql name=made environments=test outputView=made
SELECT max(id) AS last, :factor * 2 AS twice FROM got WHERE age > 3"""
PARAMS = "%params\nwhich: string\nfactor: integer = 1"


def notebook(path: Path, *sources: str) -> None:
    """Write a notebook of code cells."""
    cells = [{"cell_type": "code", "source": source, "metadata": {}} for source in sources]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "metadata": {"kernelspec": {"name": "arc"}}}), encoding="utf-8")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with data."""
    (tmp_path / "in").mkdir()
    columns = {"id": pyarrow.array([1], pyarrow.int32()), "age": pyarrow.array([4], pyarrow.int32())}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "in" / "ages.parquet")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ETL_CONF_ENV", "test")
    return tmp_path


def planned(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    """What `arcbook plan … --json` prints."""
    ended = invoke(["plan", *arguments, "--json"])
    out, err = capsys.readouterr()
    assert ended == code, out + err
    return json.loads(out)


def columns(told: Any, view: str) -> Any:
    """The columns of a view of any of the plans."""
    return next(stage["columns"] for plan in told["plans"] for stage in plan["stages"] if stage["view"] == view)


@pytest.mark.parametrize(
    "given",
    [
        ["-p", "which", "ages"],
        ["-p", "which=ages"],
        ["-y", "which: ages"],
        ["-f", "values.yaml"],
        ["--which", "ages"],
        ["--which=ages"],
        ["--etl.config.environment=test", "-r", "which", "ages"],
    ],
    ids=" ".join,
)
def test_values_as_a_run_takes_them(given: list[str], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each way to give a parameter gives it."""
    notebook(here / "job.ipynb", PARAMS, EXTRACT, QUERY)
    (here / "values.yaml").write_text("which: ages\n", encoding="utf-8")
    told = planned(capsys, "job.ipynb", *given)
    assert columns(told, "made") == {"last": "int", "twice": "int"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "which"),
        (["-p", "which", "ages", "-p", "wich", "x"], "wich"),
        (["--which", "ages", "--wich=x"], "wich"),
        (["--which", "ages", "--factor", "many"], "factor"),
    ],
)
def test_values_that_do_not_fit(given: list[str], says: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are refused as a run refuses them."""
    notebook(here / "job.ipynb", PARAMS, EXTRACT, QUERY)
    assert invoke(["plan", "job.ipynb", *given]) == 64
    out, err = capsys.readouterr()
    assert says in out + err


def test_joined_jobs_are_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A view of the first is there in the second, a parameter of one in both."""
    notebook(here / "a.ipynb", PARAMS, EXTRACT)
    notebook(here / "b.ipynb", QUERY)
    told = planned(capsys, "a.ipynb", "b.ipynb", "--join", "-p", "which", "ages")
    assert len(told["plans"]) == 1
    assert columns(told, "made") == {"last": "int", "twice": "int"}


def test_the_jobs_of_a_folder(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What one writes tonight for the first time has columns for the one that reads it, whatever their names are."""
    load = "{type: DeltaLakeLoad, name: put, environments: [test], inputView: made, outputURI: out/t}"
    read = "{type: DeltaLakeExtract, name: get, environments: [test], inputURI: out/t, outputView: again}"
    notebook(here / "etl" / "z.ipynb", PARAMS, EXTRACT.replace("in/", "../in/"), QUERY, load)
    notebook(
        here / "etl" / "a.ipynb", read, "%sql name=n environments=test outputView=n\nSELECT last + 1 AS n FROM again"
    )
    told = planned(capsys, "etl", "-p", "which", "ages")
    assert columns(told, "again") == {"last": "int", "twice": "int"}
    assert columns(told, "n") == {"n": "int"}
    assert told["edges"] == [{"writer": "etl/z.ipynb", "reader": "etl/a.ipynb", "address": str(here / "etl/out/t")}]
    assert (
        planned(capsys, "etl", "-p", "which", "ages", "-p", "wich", "x", code=64)["error"]["problems"][0]["key"]
        == "wich"
    )


def test_cost_and_lineage(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The cost follows from the bytes and the prices; each column says where it comes from."""
    notebook(here / "job.ipynb", PARAMS, EXTRACT, QUERY)
    told = planned(capsys, "job.ipynb", "-p", "which", "ages", "--core-hour", "3600", "--terabyte", "1e12")
    size = (here / "in" / "ages.parquet").stat().st_size
    cost = told["plans"][0]["cost"]
    assert (told["plans"][0]["bytesToRead"], cost["currency"]) == (size, "USD")
    assert cost["least"] == pytest.approx(size + size / 40e6)
    assert cost["most"] == pytest.approx(size + size / 8e6)
    assert planned(capsys, "job.ipynb", "-p", "which", "ages")["plans"][0]["cost"] is None
    assert (
        invoke(["plan", "job.ipynb", "-p", "which", "ages", "--terabyte", "5e9", "--currency", "EUR", "--lineage"]) == 0
    )
    shown = capsys.readouterr().out
    assert "last <- got.id (aggregation)" in shown
    assert "rows <- got.age (filter)" in shown
    assert f"cost: about {size * 5e-3:.2g} to {size * 5e-3:.2g} EUR" in shown


def test_the_time_of_the_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Arc's names for it have values, as in a run."""
    extract = EXTRACT.replace("${which}", "${ETL_CONF_EPOCH}")
    notebook(here / "job.ipynb", extract)
    told = planned(capsys, "job.ipynb", "--logical-time", "2026-01-01T00:00:00")
    assert told["plans"][0]["reads"][0]["address"] == str(here / "in" / "1767225600.parquet")
