"""The fault matrix's cases, and what is done to the processes of a run."""

import os
import resource
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from arcbook.engines.processes import is_running
from tests.runs.running import marked

CASES = Path(__file__).parent / "data" / "faults.yaml"
#: Memory that a starved engine may still take.
_SCARCE_BYTES = 200 << 20
#: Marks a trial's processes together with a local server of its own, which inherits no variable of arcbook.
WHOLE_MARK = "FAULT_TRIAL"
_PROGRAMS = {"kernel": ("arcbook.jupyter",), "engine": ("arcbook.engines.sail_server", "pyspark-shell")}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One entry of faults.yaml, which says what its keys mean."""

    name: str
    expect: str
    cells: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    repeat: int = 1
    job: str = ""
    arguments: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    s3: tuple[dict[str, Any], ...] | None = None
    disk: int = 0
    own_server: bool = False
    clock: float = 0.0
    patience: float = 0.0
    when: str = ""
    do: str = ""
    stderr: str = ""
    says: str = ""
    shows: tuple[str, ...] = ()
    cell: int | None = None
    killed: bool = False
    cut_off: bool = False
    completes: bool = False
    runs: str = "runs"
    leaves: dict[str, Any] = field(default_factory=dict)
    engines: tuple[str, ...] = ("embedded", "local")
    soak: tuple[str, ...] = ()
    papermill: bool = False

    @property
    def needs_process(self) -> bool:
        """Whether the run must be a process of its own; others are started by a call of the command line."""
        return bool(self.when or self.disk or self.stderr or self.clock or self.own_server)

    def texts(self) -> list[str]:
        """The cells."""
        return [*self.cells * self.repeat, *self.then]

    def of(self, bucket: str) -> "Fault":
        """The case for a bucket."""
        filled: Fault = _filled(self, bucket)
        return filled


def _filled(value: Any, bucket: str) -> Any:
    if isinstance(value, str):
        return value.replace("{bucket}", bucket)
    if isinstance(value, Fault):
        values: Any = {name: _filled(each, bucket) for name, each in vars(value).items()}
        return Fault(**values)
    if isinstance(value, dict):
        return {_filled(key, bucket): _filled(each, bucket) for key, each in value.items()}
    return tuple(_filled(each, bucket) for each in value) if isinstance(value, tuple) else value


def read_faults() -> list[Fault]:
    """All cases."""
    lists = ("cells", "then", "arguments", "s3", "shows", "engines", "soak")
    entries: list[dict[str, Any]] = yaml.safe_load(CASES.read_text(encoding="utf-8"))
    made = []
    for entry in entries:
        values: Any = {key: tuple(value) if key in lists else value for key, value in entry.items()}
        made.append(Fault(**values))
    return made


def victims(mark: str, whom: str) -> list[int]:
    """Living processes of a trial: the `kernel`, the `engine`, or `all` of them."""
    found = []
    for pid in filter(is_running, marked(f"{WHOLE_MARK}={mark}")):
        with suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
            if whom == "all" or any(each in command for each in _PROGRAMS[whom]):
                found.append(pid)
    return found


def strike(deed: str, mark: str, run: int) -> None:
    """Do what a case says: a signal, or `starve`, and to whom."""
    what, whom = deed.split()
    struck = [run] if whom == "run" else victims(mark, whom)
    assert struck, f"there is no {whom}"
    for pid in struck:
        if what == "starve":
            used = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
            resource.prlimit(pid, resource.RLIMIT_AS, (used + _SCARCE_BYTES,) * 2)
        else:
            os.kill(pid, signal.Signals[what])
