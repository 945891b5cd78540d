"""Kernel processes: how one died, and that nothing of it stays behind."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from arcbook.core.failures import ArcbookError, OutOfMemoryError, TransientError
from arcbook.engines.processes import is_running, oom_kills

#: In the environment of a kernel and of everything it starts: the run it belongs to.
RUN_VARIABLE = "ARCBOOK_RUN_ID"
#: The warm server shared by notebooks may outlive the kernel that started it, with all that runs below it.
_SHARED = b"arcbook.engines.local_server"

_PROC = Path("/proc")


def exit_status(manager: Any) -> int | None:
    """How the kernel's process ended: an exit code, minus the signal's number, or None when unknown."""
    process = getattr(getattr(manager, "provisioner", None), "process", None)
    return process.poll() if process is not None else None


def death(status: int | None, oom_kills_before: int) -> ArcbookError:
    """The error that tells how a kernel died."""
    how = "without a trace" if status is None else f"with exit code {status}"
    if status is not None and status < 0:
        with suppress(ValueError):
            how = f"by {signal.Signals(-status).name}"
    if oom_kills() > oom_kills_before:
        return OutOfMemoryError(f"The kernel died {how}: this container ran out of memory. Run it with more memory.")
    if status == -signal.SIGKILL:
        return TransientError(
            f"The kernel died {how}: something killed it from outside, or the machine ran out of memory."
        )
    return TransientError(f"The kernel died {how}.")


def end_leftovers(run_id: str, *, grace_seconds: float = 2.0) -> list[int]:
    """End what a run's kernel left behind (its engine, when the kernel was killed); returns the process ids.

    Processes are known by `RUN_VARIABLE` in their environment, which children inherit; the shared server stays.
    """
    left = list(_processes_of(run_id))
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while (alive := [pid for pid in left if is_running(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in alive:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return left


def _processes_of(run_id: str) -> Iterator[int]:
    mark = f"{RUN_VARIABLE}={run_id}".encode()
    for path in _PROC.glob("[0-9]*"):
        pid = int(path.name)
        with suppress(OSError):
            if mark in (path / "environ").read_bytes().split(b"\0") and pid != os.getpid() and not _is_shared(pid):
                yield pid


def _is_shared(pid: int) -> bool:
    """Whether a process is the shared server's keeper, or below it."""
    while pid > 1:
        try:
            if _SHARED in (_PROC / str(pid) / "cmdline").read_bytes():
                return True
            pid = int(_stat(pid)[1])
        except OSError:
            return False
    return False


def _stat(pid: int) -> list[str]:
    """State, parent and so on: the fields behind the program's name, which may hold blanks."""
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
