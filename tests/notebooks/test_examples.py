"""The example notebooks, executed by papermill as a scheduler would, with outcomes their generators know."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from runpy import run_path

import boto3
import pyarrow.parquet
import pytest
from deltalake import DeltaTable

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
BIN = Path(sys.executable).parent
ENGINES = ["embedded", pytest.param("local", marks=pytest.mark.local)]
EXAMPLES = {"contacts-scd2": "contacts_scd2.ipynb", "taxi-typing": "taxi_typing.ipynb"}


def copy_of(example: str, tmp_path: Path) -> Path:
    """A private copy of an example's folder, so that runs leave the repository alone."""
    folder = tmp_path / example
    shutil.copytree(NOTEBOOKS / example, folder, ignore=shutil.ignore_patterns("data", "__pycache__"))
    return folder


def papermill(folder: Path, name: str, engine: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Execute a notebook with the installed command on one engine."""
    return subprocess.run(
        [str(BIN / "papermill"), name, "out.ipynb", "-k", "arc", "--no-progress-bar", *arguments],
        cwd=folder,
        env=os.environ | {"ARCBOOK_ENGINE": engine, "ARCBOOK_RECORD": str(folder / "runs"), "ETL_CONF_ENV": "test"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_contacts_history_has_the_known_outcome(engine: str, tmp_path: Path, moto_server: str) -> None:
    """999 initial and 1,100 update contacts give 1,192 versions, 92 of them expired, on both engines."""
    folder = copy_of("contacts-scd2", tmp_path)
    outcome = run_path(str(folder / "generate.py"))["generate"](folder / "data")

    done = papermill(folder, "contacts_scd2.ipynb", engine)

    assert done.returncode == 0, done.stderr
    history = DeltaTable(str(folder / "data" / "tables" / "contacts")).to_pyarrow_table()
    current = history["is_current"].to_pylist()
    assert (len(current), len(current) - sum(current)) == (outcome.rows, outcome.expired)
    record = json.loads(next((folder / "runs").glob("*/*/record.json")).read_text())
    assert record["engine"] == engine
    assert (folder / "data" / "tables" / "contacts" / "_symlink_format_manifest").is_dir()


def test_the_demo_ends_well_and_tells_the_counts(tmp_path: Path) -> None:
    """`make demo`'s program, in a private copy: its exit code too, which a library aborting at the end would spoil."""
    folder = copy_of("contacts-scd2", tmp_path / "notebooks")

    done = subprocess.run([sys.executable, folder / "demo.py"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "1100 current, 92 expired" in done.stdout
    assert list((tmp_path / "build" / "demo" / "manifests").iterdir())


def test_contacts_table_is_published_through_athena(tmp_path: Path, moto_server: str) -> None:
    """The last stage sends the CREATE TABLE statement with its parameter filled to Athena (moto: it runs no SQL)."""
    folder = copy_of("contacts-scd2", tmp_path)
    run_path(str(folder / "generate.py"))["generate"](folder / "data")

    done = papermill(folder, "contacts_scd2.ipynb", "embedded", "-r", "published", "s3://lake/contacts")

    assert done.returncode == 0, done.stderr
    athena = boto3.client("athena", region_name="us-east-1", endpoint_url=moto_server)
    statements = [
        athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Query"]
        for query in athena.list_query_executions()["QueryExecutionIds"]
    ]
    assert any("LOCATION 's3://lake/contacts'" in statement for statement in statements)


@pytest.mark.parametrize("engine", ENGINES)
def test_taxi_trips_are_typed_and_the_bad_ones_left_out(engine: str, tmp_path: Path) -> None:
    """Every spoiled cell is one error; rows without errors that were not flagged reach the Parquet files."""
    folder = copy_of("taxi-typing", tmp_path)
    outcome = run_path(str(folder / "generate.py"))["generate"](folder / "data")

    done = papermill(folder, "taxi_typing.ipynb", engine)

    assert done.returncode == 0, done.stderr
    trips = pyarrow.parquet.read_table(folder / "data" / "output" / "trips")
    raw = (folder / "data" / "input" / "trips.csv").read_text(encoding="utf-8").splitlines()[1:]
    sound = [row for row in raw if row.endswith(",N") and not any(bad in row for bad in spoiled(folder))]
    assert trips.num_rows == len(sound)
    assert outcome.errors > 0
    assert str(trips.schema.field("fare").type) == "decimal128(10, 2)"


def spoiled(folder: Path) -> list[str]:
    """The texts with which the generator spoils cells."""
    return [f",{text}," for text in run_path(str(folder / "generate.py"))["SPOILED"].values()]


def test_taxi_gate_stops_the_job_when_too_many_rows_are_bad(tmp_path: Path) -> None:
    """With no tolerance the gate fails with its exit code and message, and nothing is written."""
    folder = copy_of("taxi-typing", tmp_path)
    run_path(str(folder / "generate.py"))["generate"](folder / "data")

    done = papermill(folder, "taxi_typing.ipynb", "embedded", "-r", "tolerance", "0")

    assert done.returncode == 65
    assert "rows_with_errors" in done.stderr
    assert not (folder / "data" / "output").exists()


@pytest.mark.parametrize("example", EXAMPLES)
def test_saved_outputs_are_what_the_notebook_gives(example: str, tmp_path: Path) -> None:
    """nbval finds no difference between the outputs in the repository and those of a fresh run."""
    folder = copy_of(example, tmp_path)
    run_path(str(folder / "generate.py"))["generate"](folder / "data")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "-p", "no:cacheprovider", "--nbval-cell-timeout=120",
         "--nbval-sanitize-with", str(NOTEBOOKS / "nbval.cfg"),
         "-c", os.devnull, "--rootdir", str(folder), EXAMPLES[example]],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-4_000:]


@pytest.mark.parametrize("example", EXAMPLES)
def test_promotion_gives_the_expected_manifests(example: str, tmp_path: Path) -> None:
    """Promoting anew writes, byte for byte, the files that lie beside the notebook."""
    folder = copy_of(example, tmp_path)
    expected = folder / "manifests"
    assert expected.is_dir(), "write them with: make golden"
    arguments = run_path(str(NOTEBOOKS / "refresh.py"))["PROMOTION"]

    subprocess.run(
        [str(BIN / "arcbook"), "promote", EXAMPLES[example], *arguments, "--out", "again"],
        cwd=folder, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip

    assert contents(folder / "again") == contents(expected)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by relative path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
