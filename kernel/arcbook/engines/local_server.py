"""The keeper of the warm JVM server of the engine `local`.

Run as `python -m arcbook.engines.local_server FOLDER` with the command in `FOLDER/command.json`; it goes to the
background at once. It starts the server, writes `FOLDER/state.json`, and ends the server when no process has held
`FOLDER/lease` for the idle time. It outlives the process that started it, since others share the server.

Files of FOLDER: `lock` is held while a server is being started or ended, `lease` is held (shared) by every process
that uses it, `state.json` (readable by the owner only) has port, token and process ids, `server.log` what Java wrote,
`failed` why the server did not start.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from arcbook.core.addresses import replace_file

START_SECONDS = 180.0
_PDEATHSIG = 1


def main() -> None:
    """Start the server of a folder and keep it while it is used."""
    folder = Path(sys.argv[1])
    if os.fork():
        os._exit(0)
    os.setsid()
    command = json.loads((folder / "command.json").read_text())
    (folder / "failed").unlink(missing_ok=True)
    server, state = _start(folder, command)
    try:
        if _listens(server, state["port"]):
            replace_file(folder / "state.json", json.dumps(state).encode(), private=True)
            _keep(folder, server, float(command["idle_seconds"]))
        else:
            reason = "it did not listen in time" if server.poll() is None else f"it ended with code {server.returncode}"
            (folder / "failed").write_text(reason)
    finally:
        (folder / "state.json").unlink(missing_ok=True)
        _end(server)


@contextlib.contextmanager
def locked(path: Path, operation: int) -> Iterator[bool]:
    """Hold a file lock for the block; false when LOCK_NB was given and somebody else holds it."""
    with path.open("a") as stream:
        path.chmod(0o600)
        try:
            fcntl.flock(stream, operation)
        except BlockingIOError:
            yield False
        else:
            yield True


def _start(folder: Path, command: Mapping[str, Any]) -> "tuple[subprocess.Popen[bytes], dict[str, Any]]":
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    token = secrets.token_urlsafe(32)
    arguments = [part.replace("{port}", str(port)) for part in command["arguments"]]
    environment = {**command["environment"], "SPARK_CONNECT_AUTHENTICATE_TOKEN": token}
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
            start_new_session=True,
            # This process has one thread, so the server dies exactly when it does.
            preexec_fn=_die_with_parent,
        )
    return server, {"port": port, "token": token, "pid": server.pid, "keeper": os.getpid()}


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _listens(server: "subprocess.Popen[bytes]", port: int) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(0.1)
    return False


def _keep(folder: Path, server: "subprocess.Popen[bytes]", idle_seconds: float) -> None:
    """Return when the server has ended, or nobody has used it for `idle_seconds`."""
    last_used = time.monotonic()
    while server.poll() is None:
        with locked(folder / "lease", fcntl.LOCK_EX | fcntl.LOCK_NB) as unused:
            if not unused:
                last_used = time.monotonic()
        if time.monotonic() - last_used >= idle_seconds and _retire(folder):
            return
        time.sleep(min(1.0, idle_seconds / 4 + 0.05))


def _retire(folder: Path) -> bool:
    """Withdraw the server unless somebody is just coming: whoever comes holds the lock until it has the lease."""
    with locked(folder / "lock", fcntl.LOCK_EX | fcntl.LOCK_NB) as nobody_starts:
        if not nobody_starts:
            return False
        with locked(folder / "lease", fcntl.LOCK_EX | fcntl.LOCK_NB) as unused:
            if unused:
                (folder / "state.json").unlink(missing_ok=True)
            return unused


def _end(server: "subprocess.Popen[bytes]") -> None:
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


if __name__ == "__main__":
    main()
