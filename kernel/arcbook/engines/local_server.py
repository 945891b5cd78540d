"""The keeper of the warm JVM server of the engine `local`.

Run as `python -m arcbook.engines.local_server FOLDER` with the command in `FOLDER/command.json`; it goes to the
background at once. It starts the server, writes `FOLDER/state.json`, and ends the server when no process has held
`FOLDER/lease` for the idle time. It outlives the process that started it, since others share the server.

Files of FOLDER: `lock` is held while a server is being started or ended, `lease` is held (shared) by every process
that uses it, `state.json` (readable by the owner only) has port, token and process ids, `server.log` what Java wrote,
`failed` why the server did not start, and for a moment `gateway` the key to its Java process.
"""

import contextlib
import fcntl
import json
import os
import secrets
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from arcbook.core.addresses import replace_file
from arcbook.engines.spark_jvm import SparkJvm

START_SECONDS = 180.0


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
        reason = server.serve(START_SECONDS)
        if reason is None:
            replace_file(folder / "state.json", json.dumps(state).encode(), private=True)
            _keep(folder, server, float(command["idle_seconds"]))
        else:
            (folder / "failed").write_text(reason)
    finally:
        (folder / "state.json").unlink(missing_ok=True)
        server.end()


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


def _start(folder: Path, command: Mapping[str, Any]) -> tuple[SparkJvm, dict[str, Any]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    token = secrets.token_urlsafe(32)
    arguments = [part.replace("{port}", str(port)) for part in command["arguments"]]
    environment = {**command["environment"], "SPARK_CONNECT_AUTHENTICATE_TOKEN": token}
    server = SparkJvm(arguments, environment, folder)
    return server, {"port": port, "token": token, "pid": server.process.pid, "keeper": os.getpid()}


def _keep(folder: Path, server: SparkJvm, idle_seconds: float) -> None:
    """Return when the server has ended, or nobody has used it for `idle_seconds`."""
    last_used = time.monotonic()
    while server.process.poll() is None:
        server.cancel_nobodys_jobs()
        with locked(folder / "lease", fcntl.LOCK_EX | fcntl.LOCK_NB) as unused:
            if not unused:
                last_used = time.monotonic()
        if time.monotonic() - last_used >= idle_seconds and _retire(folder):
            return
        time.sleep(min(0.5, idle_seconds / 4 + 0.05))


def _retire(folder: Path) -> bool:
    """Withdraw the server unless somebody is just coming: whoever comes holds the lock until it has the lease."""
    with locked(folder / "lock", fcntl.LOCK_EX | fcntl.LOCK_NB) as nobody_starts:
        if not nobody_starts:
            return False
        with locked(folder / "lease", fcntl.LOCK_EX | fcntl.LOCK_NB) as unused:
            if unused:
                (folder / "state.json").unlink(missing_ok=True)
            return unused


if __name__ == "__main__":
    main()
