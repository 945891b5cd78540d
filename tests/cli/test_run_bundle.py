"""A promoted bundle is run by its address, after every byte of it was verified."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ARCBOOK = str(Path(sys.executable).parent / "arcbook")
CELLS = [
    "%environment test",
    "%params\nlimit: integer = 3",
    '%sql name="numbers" environments=test outputView=numbers\nSELECT id FROM range(:limit)',
    '%sqlvalidate name="as many as wanted" environments=test\nSELECT COUNT(*) = :limit, NULL FROM numbers',
]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The bundle of a small notebook."""
    return promoted(tmp_path, CELLS)


def promoted(folder: Path, cells: list[str]) -> Path:
    """Promote a notebook of these cells; returns the bundle's folder."""
    notebook = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],  # type: ignore[no-untyped-call]
        metadata={"kernelspec": {"name": "arc", "display_name": "Arc", "language": "arc"}},
    )
    (folder / "numbers.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")  # type: ignore[no-untyped-call]
    done = arcbook(folder, "promote", "numbers.ipynb", "--environment", "test", "--out", "out")
    assert done.returncode == 0, done.stderr
    (bundle,) = (folder / "out" / "bundles").iterdir()
    return bundle


def arcbook(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command in a folder."""
    return subprocess.run([ARCBOOK, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def test_a_bundle_runs_and_its_record_names_it(bundle: Path, tmp_path: Path) -> None:
    """The job of the bundle runs with a parameter, and the record says which bundle it was."""
    done = arcbook(tmp_path, "run", str(bundle), "--environment", "test", "-p", "limit", "5", "--record", "runs")

    assert done.returncode == 0, done.stderr
    record = json.loads(next((tmp_path / "runs").glob("numbers/*/record.json")).read_text())
    assert record["source"] == str(bundle)


def test_a_changed_bundle_is_refused(bundle: Path, tmp_path: Path) -> None:
    """One changed byte ends the run before a kernel starts."""
    source = next(path for path in bundle.rglob("*.ipynb"))
    source.write_text(source.read_text().replace("range(:limit)", "range(:limit )"))

    done = arcbook(tmp_path, "run", str(bundle), "--environment", "test", "--record", "runs")

    assert done.returncode == 64
    assert "[bundle]" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_a_document_of_an_absolute_address_is_read_from_the_bundle(tmp_path: Path) -> None:
    """What was promoted is what runs: a later change of the document changes nothing."""
    statement = tmp_path / "elsewhere" / "one.sql"
    statement.parent.mkdir()
    statement.write_text("SELECT 1 AS x", encoding="utf-8")
    cells = [
        CELLS[0],
        (
            f'{{"type": "SQLTransform", "name": "one", "environments": ["test"], "inputURI": "{statement}", '
            '"outputView": "one"}'
        ),
        '%sqlvalidate name="as promoted" environments=test\nSELECT SUM(x) = 1, NULL FROM one',
    ]
    folder = promoted(tmp_path, cells)
    statement.write_text("SELECT 2 AS x", encoding="utf-8")

    done = arcbook(tmp_path, "run", str(folder), "--environment", "test", "--record", "runs")

    assert done.returncode == 0, done.stderr


def test_a_document_above_the_job_is_read_from_the_bundle(tmp_path: Path) -> None:
    """Its copy is kept under the address that the job spells, which is looked up before it is made absolute."""
    statement = tmp_path / "shared" / "one.sql"
    jobs = tmp_path / "jobs"
    statement.parent.mkdir()
    jobs.mkdir()
    statement.write_text("SELECT 1 AS x", encoding="utf-8")
    cells = [
        CELLS[0],
        (
            '{"type": "SQLTransform", "name": "one", "environments": ["test"], "inputURI": "../shared/one.sql", '
            '"outputView": "one"}'
        ),
        '%sqlvalidate name="as promoted" environments=test\nSELECT SUM(x) = 1, NULL FROM one',
    ]
    folder = promoted(jobs, cells)
    statement.unlink()

    done = arcbook(tmp_path, "run", str(folder), "--environment", "test", "--record", "runs")

    assert done.returncode == 0, done.stderr
