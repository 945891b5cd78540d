"""The engine `local`: Apache Spark on this machine, one warm server for all processes of a user."""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar

from arcbook.core.addresses import replace_file
from arcbook.core.failures import ArcbookError, DefinitionError, OutOfMemoryError, TransientError
from arcbook.core.foreign.row import MEMORY_REMEDY
from arcbook.core.growing import tail_of
from arcbook.core.notes import tell
from arcbook.engines import storage
from arcbook.engines.base import Engine
from arcbook.engines.connect import abandon_session, answers, bounded, end_session, open_session
from arcbook.engines.jars import Say, cache_folder, jar_paths, missing_jars, pyspark_folder
from arcbook.engines.java import find_java
from arcbook.engines.local_server import START_SECONDS, locked
from arcbook.engines.processes import is_running, memory_of_machine, processor_seconds_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: How long work may go on after an interrupt before the session is given up, in seconds.
PATIENCE = 2.0
_NO_MEMORY = "java.lang.OutOfMemoryError"
_ALWAYS = ("base", "avro", "postgres")
_LOG = "server.log"
#: Variables that belong to one session or to another Spark; the shared server must not inherit them.
_NOT_INHERITED = ("AWS_", "SPARK_", "PYSPARK_", "HADOOP_", "ARCBOOK_", "ETL_", "JAVA_TOOL_OPTIONS")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `token` is a secret: it never shows in `repr`."""

    port: int
    token: str
    pid: int
    keeper: int

    @property
    def url(self) -> str:
        """The address for a client. The token is accepted without TLS only when the host is called `localhost`."""
        return f"sc://localhost:{self.port}/;token={self.token}"

    def __repr__(self) -> str:
        return f"Server(port={self.port}, pid={self.pid})"


class LocalEngine(Engine):
    """Apache Spark in a Java process of this machine; each engine has an isolated session on the shared server.

    Environment:
        ARCBOOK_LOCAL_IDLE_SECONDS: how long the server stays after the last process has gone. Default 900.
        ARCBOOK_LOCAL_MEMORY_MB: the server's heap. Default: a quarter of the machine's memory, 1024 to 8192.
        ARCBOOK_CACHE: where jars and the server's folder lie. Default: `arcbook` in the user's cache folder.
    """

    name: ClassVar[str] = "local"

    def __init__(self, say: Say = lambda _: None) -> None:
        self._say = say
        self._guard = threading.RLock()
        self._purposes: tuple[str, ...] = _ALWAYS
        self._server: Server | None = None
        self._lease: IO[str] | None = None
        self._session: SparkSession | None = None
        self._storage: Mapping[str, str] = {}
        self._generation = 0
        self._suspect = False
        self._folder: Path | None = None
        self._log_start = 0

    @property
    def generation(self) -> int:
        """Counts how often the session was replaced."""
        return self._generation

    @property
    def server(self) -> Server | None:
        """The server in use, or None before the first session."""
        return self._server

    def need(self, capability: str) -> None:
        """Have the jars of a capability on the server; moves to another server when this one lacks them."""
        if capability == "s3" and "s3" not in self._purposes:
            with self._guard:
                self._purposes = (*_ALWAYS, "s3")
                if self._session is not None:
                    self._discard(alive=True)

    def spark(self) -> "SparkSession":
        """The session on the warm server, which is started when there is none."""
        with self._guard:
            if self._session is not None and self._is_lost(self._session):
                self._discard(alive=False)
            if self._session is None:
                self._open()
            assert self._session is not None
            self._sign_in(self._session)
            return self._session

    def suspect(self) -> None:
        """The next `spark()` asks the server for a sign of life."""
        self._suspect = True

    def is_gone(self) -> bool:
        """Whether the server's process has ended."""
        server = self._server
        return server is not None and not is_running(server.pid)

    def post_mortem(self) -> ArcbookError | None:
        """That the server ran out of memory, when its log says so: it is then ending, for all who share it."""
        if self._folder is None:
            return None
        said = log_since(self._folder, self._log_start)
        if _NO_MEMORY not in said:
            return None
        return OutOfMemoryError(f"The local Spark server ran out of memory. {MEMORY_REMEDY}", detail=said[-4000:])

    def interrupt(self) -> None:
        """Stop all work of this session; a session that does not answer is given up, never the shared server."""
        session = self._session
        if session is not None and not bounded(session.interruptAll, PATIENCE):
            with self._guard:
                if self._session is session:
                    abandon_session(session)
                    self._session = None
                    self._discard(alive=True)

    def close(self) -> None:
        """End the session and let go of the server, which ends by itself when nobody uses it."""
        with self._guard:
            if self._session is not None or self._lease is not None:
                self._discard(alive=True)

    def _open(self) -> None:
        if "s3" not in self._purposes and (storage.is_configured() or not missing_jars(["s3"])):
            self._purposes = (*_ALWAYS, "s3")
        command = server_command(self._purposes, self._say)
        folder = server_folder(command)
        with locked(folder / "lock", fcntl.LOCK_EX):
            server = read_server(folder) or start_server(folder, command, self._say)
            lease = (folder / "lease").open("a")
            fcntl.flock(lease, fcntl.LOCK_SH)
        self._server, self._lease = server, lease
        self._folder, self._log_start = folder, log_size(folder)
        _tell(server, folder)
        try:
            self._session = open_session(server.url, {})
        except BaseException:
            self._discard(alive=True)  # the lease, too: nobody uses the server
            raise
        self._storage = {}

    def _sign_in(self, session: "SparkSession") -> None:
        """Give the session its own storage settings, and only it."""
        wanted = storage.spark_settings() if "s3" in self._purposes else {}
        if wanted != self._storage:
            for key in self._storage.keys() - wanted.keys():
                session.conf.unset(key)
            for key, value in wanted.items():
                session.conf.set(key, value)
            self._storage = wanted

    def _is_lost(self, session: "SparkSession") -> bool:
        assert self._server is not None
        if not is_running(self._server.pid):
            return True
        suspected, self._suspect = self._suspect, False
        return suspected and not answers(session)

    def _discard(self, *, alive: bool) -> None:
        session, lease = self._session, self._lease
        self._session = self._lease = self._server = None
        self._suspect = False
        self._generation += 1
        if session is not None:
            end_session(session, alive=alive)
        if lease is not None:
            lease.close()


def server_command(purposes: tuple[str, ...], say: Say) -> Mapping[str, Any]:
    """What the keeper of a server for this configuration has to know."""
    jars = [str(path) for path in jar_paths(purposes, say)]
    spark = pyspark_folder()
    return {
        "arguments": _arguments(spark, jars),
        "environment": _environment(spark),
        "idle_seconds": _number("ARCBOOK_LOCAL_IDLE_SECONDS", 900),
    }


def server_folder(command: Mapping[str, Any]) -> Path:
    """The folder of the server that `command` starts."""
    # The environment of whoever starts the server is not part of its identity: all share one.
    identity = json.dumps([command["arguments"], command["idle_seconds"], os.getuid()])
    folder = cache_folder() / "local" / hashlib.sha256(identity.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    return folder


def read_server(folder: Path) -> Server | None:
    """The server that runs in `folder`, or None."""
    try:
        state: dict[str, Any] = json.loads((folder / "state.json").read_text())
    except (OSError, ValueError):
        return None
    server = Server(**state)
    return server if is_running(server.pid) and is_running(server.keeper) else None


def start_server(folder: Path, command: Mapping[str, Any], say: Say) -> Server:
    """Start the server of `folder` and wait until it listens. The caller holds the folder's lock.

    `command` may hold secrets of this process's environment.

    Raises:
        TransientError: it did not start; the detail has the end of its log.
    """
    say("starting the local Spark server")
    for name in ("failed", "state.json"):
        (folder / name).unlink(missing_ok=True)
    replace_file(folder / "command.json", json.dumps(command, sort_keys=True).encode(), private=True)
    subprocess.run(
        [sys.executable, "-m", "arcbook.engines.local_server", str(folder)],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + START_SECONDS + 10
    while time.monotonic() < deadline and not (folder / "failed").exists():
        server = read_server(folder)
        if server is not None:
            return server
        time.sleep(0.05)
    reason = (folder / "failed").read_text() if (folder / "failed").exists() else "its keeper gave no sign of life"
    raise TransientError(f"The local Spark server did not start: {reason}.", detail=tail_of(folder / _LOG, 4000))


def _tell(server: Server, folder: Path) -> None:
    """Tell the run which process its work is done by, and how far that process had come before."""
    log = folder / _LOG
    start = log.stat().st_size if log.exists() else 0
    tell(
        "engine", pid=server.pid, shared=True, core_seconds=processor_seconds_of(server.pid),
        log=str(log), log_start=start,
    )  # fmt: skip


def log_size(folder: Path) -> int:
    """How long the server's log is, in bytes."""
    try:
        return (folder / "server.log").stat().st_size
    except OSError:
        return 0


def log_since(folder: Path, start: int) -> str:
    """What the server has logged since it was `start` bytes long; of much, the last megabyte."""
    try:
        with (folder / "server.log").open("rb") as log:
            log.seek(max(start, log_size(folder) - (1 << 20)))
            return log.read().decode(errors="replace")
    except OSError:
        return ""


def _arguments(spark: Path, jars: list[str]) -> list[str]:
    cores = os.cpu_count() or 1
    memory = _number("ARCBOOK_LOCAL_MEMORY_MB", min(8192, max(1024, (memory_of_machine() >> 20) // 4)))
    settings = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": "{port}",
        # A notebook left alone overnight keeps its views.
        "spark.connect.session.manager.defaultSessionTimeout": "3d",
        # Now and then the server does not notice that a failed statement has an answer to send, until the client asks
        # anew, which it does when a stream of answers ends: by default after two minutes.
        "spark.connect.execute.reattachable.senderMaxStreamDuration": "30s",
        # By class path, not --jars: the latter copies every jar at every start.
        "spark.driver.extraClassPath": ":".join(jars),
        "spark.driver.memory": f"{memory}m",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "WARN",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        # A tiny table otherwise costs 50 tasks a commit and 200 a join.
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.sql.shuffle.partitions": str(max(2, min(8, cores))),
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.AbstractFileSystem.s3.impl": "org.apache.hadoop.fs.s3a.S3A",
    }
    command = [str(spark / "bin" / "spark-submit"), "--master", f"local[{cores}]", "--name", "arcbook"]
    for key, value in settings.items():
        command += ["--conf", f"{key}={value}"]
    return [*command, "pyspark-shell"]


def _environment(spark: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
    java_home = find_java().resolve().parent.parent
    return {
        **kept,
        "JAVA_HOME": str(java_home),
        "SPARK_HOME": str(spark),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }


def _number(variable: str, default: int) -> int:
    text = os.environ.get(variable, "")
    if text and not text.isdigit():
        raise DefinitionError(f"{variable} is {text!r}; give a whole number.")
    return int(text) if text else default
