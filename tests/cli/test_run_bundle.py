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
    notebook = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
        cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS],  # type: ignore[no-untyped-call]
        metadata={"kernelspec": {"name": "arc", "display_name": "Arc", "language": "arc"}},
    )
    (tmp_path / "numbers.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")  # type: ignore[no-untyped-call]
    promoted = arcbook(tmp_path, "promote", "numbers.ipynb", "--environment", "test", "--out", "out")
    assert promoted.returncode == 0, promoted.stderr
    (folder,) = (tmp_path / "out" / "bundles").iterdir()
    return folder


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
