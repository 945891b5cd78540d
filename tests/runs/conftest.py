"""Notebooks to run, the installed commands, and what they left."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from arcbook.runs.record import Record, read_record

BIN = Path(sys.executable).parent

Make = Callable[..., Path]


@dataclass(frozen=True)
class Ran:
    """A finished command."""

    code: int
    out: str
    err: str


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
            cwd=tmp_path, env=environment() | (env or {}), capture_output=True, text=True, timeout=120, check=False,
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


def environment() -> dict[str, str]:
    """This process's environment without what would choose for the run."""
    ours = ("ARCBOOK_ENGINE", "ARCBOOK_RECORD", "ETL_CONF_ENV", "ARCBOOK_LAUNCH")
    return {name: value for name, value in os.environ.items() if name not in ours}


@pytest.fixture
def the_record(tmp_path: Path) -> Callable[[], Record]:
    """The one record that was left in the test's folder."""

    def read() -> Record:
        return read_record((record_folder(tmp_path) / "record.json").read_text(encoding="utf-8"))

    return read


def record_folder(tmp_path: Path) -> Path:
    """The folder of the one record under `runs`."""
    (found,) = (tmp_path / "runs").glob("*/*")
    return found


def read_notebook(path: Path) -> dict[str, Any]:
    """A notebook that nbformat accepts as valid, as plain values."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    plain: dict[str, Any] = json.loads(json.dumps(notebook))
    return plain


def texts(notebook: dict[str, Any]) -> str:
    """All that the cells show, as one text."""
    shown: list[str] = []
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            shown += ["".join(output.get("text", "")), output.get("evalue", ""), *output.get("traceback", ())]
            shown += ["".join(value) for value in output.get("data", {}).values() if isinstance(value, str | list)]
    return "\n".join(shown)
