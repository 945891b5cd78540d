"""Kernels in processes of their own, and a client that gathers what a cell shows."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Shown:
    """What came back for a cell: the reply, and the outputs in their order."""

    reply: Mapping[str, Any]
    outputs: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    @property
    def status(self) -> str:
        """`ok` or `error`."""
        return str(self.reply["status"])

    @property
    def error(self) -> Mapping[str, Any]:
        """The one error message."""
        (found,) = [content for kind, content in self.outputs if kind == "error"]
        return found

    @property
    def texts(self) -> list[str]:
        """The plain text of every output, in order."""
        return [
            content["text"] if kind == "stream" else content["data"].get("text/plain", "")
            for kind, content in self.outputs
            if kind != "error"
        ]

    @property
    def stages(self) -> list[Mapping[str, Any]]:
        """What the outputs' metadata say about stages."""
        return [
            content["metadata"]["arcbook"] for kind, content in self.outputs if "arcbook" in content.get("metadata", {})
        ]


class Kernel:
    """A running kernel and its client."""

    def __init__(self, manager: Any, client: Any) -> None:
        self.manager = manager
        self.client = client

    @property
    def pid(self) -> int:
        """The kernel's process."""
        return int(self.manager.provisioner.pid)

    def send(self, code: str, *, interactive: bool = False) -> str:
        """Send a cell without waiting; the request's id. `interactive` says that somebody could answer a prompt."""
        return str(self.client.execute(code, allow_stdin=interactive))

    def result(self, request: str, timeout: float = 60) -> Shown:
        """Wait for a cell's reply and all its outputs."""
        outputs: list[tuple[str, Mapping[str, Any]]] = []
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            message = self.client.get_iopub_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind in ("execute_result", "display_data", "stream", "error"):
                outputs.append((kind, content))
            if kind == "status" and content["execution_state"] == "idle":
                break
        while True:
            reply = self.client.get_shell_msg(timeout=timeout)
            if reply["parent_header"].get("msg_id") == request:
                return Shown(reply["content"], outputs)

    def run(self, code: str, timeout: float = 60, *, interactive: bool = False) -> Shown:
        """Run a cell."""
        return self.result(self.send(code, interactive=interactive), timeout)

    def started(self, request: str, timeout: float = 30) -> None:
        """Wait until a cell has begun to run."""
        while True:
            message = self.client.get_iopub_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") == request and message["msg_type"] == "execute_input":
                return


def descendants(pid: int) -> set[int]:
    """The processes below `pid`."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in found | {pid}} - found:
        found |= more
    return found


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


StartKernel = Callable[..., Kernel]
