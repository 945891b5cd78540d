"""Notebooks to run, the installed commands, and what they left."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest

from arcbook.runs.record import Record, read_record
from tests.runs.running import BIN, Make, Ran, environment, record_folder
from tests.s3_faults import S3Faults


@pytest.fixture
def make_notebook(tmp_path: Path) -> Make:
    """Write a notebook of code cells into the test's folder; a `%params` cell gets papermill's tag."""

    def make(*sources: str, kernel: str | None = "arc", name: str = "job") -> Path:
        notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
        if kernel:
            language = "arc" if kernel == "arc" else "python"
            notebook.metadata.kernelspec = {"name": kernel, "display_name": kernel, "language": language}
        for source in sources:
            cell = nbformat.v4.new_code_cell(source)  # type: ignore[no-untyped-call]
            if source.startswith("%params"):
                cell.metadata["tags"] = ["parameters"]
            notebook.cells.append(cell)
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
        return path

    return make


@pytest.fixture
def run_command(tmp_path: Path) -> Callable[..., Ran]:
    """Run `arcbook` or `papermill` in the test's folder, without colours and foreign settings."""

    def run(program: str, *arguments: str | Path, env: dict[str, str] | None = None) -> Ran:
        done = subprocess.run(
            [str(BIN / program), *map(str, arguments)],
            cwd=tmp_path, env=environment() | (env or {}), capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def start_command(tmp_path: Path) -> Callable[..., "subprocess.Popen[str]"]:
    """Start a command in the test's folder and leave it running."""

    def start(program: str, *arguments: str | Path) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [str(BIN / program), *map(str, arguments)],
            cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    return start


@pytest.fixture
def faulty(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Faults]:
    """S3 as commands see it; trouble begins when the test adds it."""
    with S3Faults(moto_server) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.address)
        yield proxy


@pytest.fixture
def the_record(tmp_path: Path) -> Callable[[], Record]:
    """The one record that was left in the test's folder."""

    def read() -> Record:
        return read_record((record_folder(tmp_path) / "record.json").read_text(encoding="utf-8"))

    return read
