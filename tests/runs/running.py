"""The installed commands, and reading what a run left: for the tests of runs and their fixtures."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

BIN = Path(sys.executable).parent

Make = Callable[..., Path]


@dataclass(frozen=True)
class Ran:
    """A finished command."""

    code: int
    out: str
    err: str


def environment() -> dict[str, str]:
    """This process's environment without what would choose for the run."""
    ours = ("ARCBOOK_ENGINE", "ARCBOOK_RECORD", "ETL_CONF_ENV", "ARCBOOK_LAUNCH")
    return {name: value for name, value in os.environ.items() if name not in ours}


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


def processes_of(run_id: str) -> list[int]:
    """Processes that carry the run's mark in their environment."""
    return list(marked(f"ARCBOOK_RUN_ID={run_id}".encode()))


def marked(mark: bytes) -> Iterator[int]:
    """Processes that have `NAME=value` in their environment."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (path / "environ").read_bytes().split(b"\0"):
                yield int(path.name)
        except OSError:
            continue


def assert_nothing_runs(tmp_path: Path, seconds: float = 10.0) -> None:
    """No process of the run is left, waiting as long as a kernel takes to see that its parent is gone."""
    run_id = record_folder(tmp_path).name
    deadline = time.monotonic() + seconds
    while processes_of(run_id) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(run_id) == []
