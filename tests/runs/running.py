"""The installed commands, and reading what a run left: for the tests of runs and their fixtures."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from arcbook.engines.processes import is_running
from tests.waiting import wait_until

BIN = Path(sys.executable).parent
#: In the environment of everything that a trial starts, with the trial's own mark as its value.
MARK = "ARCBOOK_TRIAL"

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
    (found,) = (tmp_path / "runs").glob("*/*Z-??????")
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
    return list(marked(f"ARCBOOK_RUN_ID={run_id}"))


def marked(mark: str) -> Iterator[int]:
    """Processes whose environment holds `mark` (NAME=value)."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (path / "environ").read_bytes().split(b"\0"):
                yield int(path.name)
        except OSError:
            continue


def processes(mark: str) -> list[int]:
    """Living processes of a trial."""
    return [pid for pid in marked(f"{MARK}={mark}") if is_running(pid)]


def lose(mark: str) -> None:
    """Kill every process of a trial at once, as the loss of a machine does."""
    for pid in marked(f"{MARK}={mark}"):
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def assert_gone(mark: str) -> None:
    """No process of a trial is left, after as long as a server of its own may wait for others."""
    wait_until(lambda: not processes(mark), "processes of the trial are left")


def assert_nothing_runs(tmp_path: Path) -> None:
    """No process of the run is left, waiting as long as a kernel takes to see that its parent is gone."""
    run_id = record_folder(tmp_path).name
    wait_until(lambda: not processes_of(run_id), "processes of the run are left")


def wait_for_journal(pattern: str, runs: Path, process: "subprocess.Popen[Any]") -> None:
    """Wait until a journal below `runs` holds `pattern`, as long as `process` may bring it there."""

    def holds() -> bool:
        return any(re.search(pattern, path.read_text(encoding="utf-8")) for path in runs.glob("*/*/journal.jsonl"))

    wait_until(lambda: process.poll() is not None or holds(), f"{pattern!r} did not reach the journal", seconds=300)
    assert holds(), f"the run ended before {pattern!r} reached the journal"
