"""The engine `embedded`: Sail in a supervised child process."""

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from typing import IO, TYPE_CHECKING, ClassVar

from arcbook.core.failures import ArcbookError, DefinitionError, OutOfMemoryError, TransientError
from arcbook.core.foreign.row import MEMORY_REMEDY
from arcbook.core.growing import tail_of
from arcbook.core.notes import engine_log, tell
from arcbook.engines import storage
from arcbook.engines.base import Engine
from arcbook.engines.connect import answers, bounded, end_session, open_session, wake
from arcbook.engines.processes import (
    is_at_rest,
    is_running,
    memory_of,
    memory_of_machine,
    oom_kills,
    strangers,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: How long work may go on after an interrupt before its process is killed, in seconds.
PATIENCE = 2.0
#: A connection breaks a moment before the system reports that the process at its other end is gone.
_END_SHOWS_SECONDS = 0.5
_START_SECONDS = 30.0
#: How long the server keeps a session that nobody uses, in seconds: a notebook left alone over a weekend keeps its
#: views. Sail's own quarter of an hour also counts while a statement runs.
_SESSION_SECONDS = 4 * 24 * 3600
#: What a program written in Rust says last when the system gives it no memory.
_NO_MEMORY = "memory allocation of"


class SailProcess:
    """One child process with Sail's server on a loopback port; it dies with us, however we die."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._log = _log_file()
        self._log_start = os.fstat(self._log.fileno()).st_size
        self._process = subprocess.Popen(
            [sys.executable, "-m", "arcbook.engines.sail_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
            start_new_session=True,
        )
        self._oom_kills = oom_kills()
        self.port = self._read_port()

    def seen_ending(self, seconds: float) -> bool:
        """Whether the process has ended, or does within `seconds`."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _read_port(self) -> int:
        answer: list[bytes] = []
        assert self._process.stdout is not None
        stdout = self._process.stdout
        in_time = bounded(lambda: answer.append(stdout.readline()), _START_SECONDS)
        text = answer[0].decode().strip() if answer else ""
        if not text.isdigit():
            self.kill()
            reason = "ended at once" if in_time else f"gave no sign of life for {_START_SECONDS:.0f} s"
            raise TransientError(f"The embedded engine {reason}.", detail=self.tail())
        return int(text)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the child still runs; a killed one whose threads are still being ended does not."""
        return is_running(self.pid) and self._process.poll() is None

    def memory(self) -> int:
        """Resident memory in bytes."""
        return memory_of(self.pid)

    def comes_to_rest(self, deadline: float) -> bool:
        """Whether the child stops asking for the processor before `deadline` (monotonic clock)."""
        while time.monotonic() < deadline:
            if is_at_rest(self.pid):
                return True
        return False

    def kill(self) -> None:
        """End the child at once, queries or not."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def wanted_memory(self) -> bool:
        """Whether the child has ended because it could not have the memory it asked for."""
        if self._process.poll() is None:
            return False
        return _NO_MEMORY in self.tail() or oom_kills() > self._oom_kills

    def tail(self) -> str:
        """The end of what the server wrote to its log, at most 4,000 bytes."""
        return tail_of(self._log.fileno(), 4000, self._log_start)


def _log_file() -> IO[bytes]:
    """A file for what servers write: that of the run this process belongs to, else one without a name."""
    path = engine_log()
    with contextlib.suppress(OSError):
        if path is not None:
            return path.open("ab+", buffering=0)
    # Without a name: the tail explains a crash, and nothing is left behind.
    return tempfile.TemporaryFile(prefix="arcbook-sail-")


class EmbeddedEngine(Engine):
    """Sail, an engine written in Rust that speaks Spark Connect; needs no Java and is up in a tenth of a second.

    Environment:
        ARCBOOK_EMBEDDED_MEMORY_MB: resident memory of the server above which it is renewed between stages. Default: a
            third of the machine's (or container's) memory, at least 1024.
    """

    name: ClassVar[str] = "embedded"

    def __init__(self) -> None:
        self._guard = threading.RLock()
        self._server: SailProcess | None = None
        self._session: SparkSession | None = None
        self._generation = 0
        self._storage: dict[str, str] = {}
        self._suspect = False

    @property
    def generation(self) -> int:
        """Counts replacements of the child."""
        return self._generation

    @property
    def pid(self) -> int | None:
        """The child's process id, or None when none runs."""
        return self._server.pid if self._server else None

    def spark(self) -> "SparkSession":
        """The session on the child, which is started when there is none or it has died."""
        with self._guard:
            if self._server is not None and self._is_lost(self._server):
                self._discard()
            if self._session is None:
                self._open()
            assert self._session is not None
            return self._session

    def aside(self) -> "SparkSession":
        """A further session on the same server, without the views of the first; whoever asks for it ends it."""
        with self._guard:
            self.spark()
            assert self._server is not None
            return open_session(f"sc://127.0.0.1:{self._server.port}", {})

    def renew(self) -> str:
        """Replace the child when its memory is over the limit or the storage credentials changed; says why."""
        with self._guard:
            if self._server is None or not self._server.alive:
                return ""
            limit = memory_limit()
            used = self._server.memory()
            if used > limit:
                reason = f"its memory of {used >> 20} MB passed the limit of {limit >> 20} MB"
            elif storage.sail_environment() != self._storage:
                reason = "the storage credentials or endpoint changed"
            else:
                return ""
            self._discard()
            return reason

    def interrupt(self) -> None:
        """Stop all work; the child is replaced when it still works after `PATIENCE` seconds."""
        deadline = time.monotonic() + PATIENCE
        server, session = self._server, self._session
        if server is None or session is None:
            return
        answered = bounded(session.interruptAll, deadline - time.monotonic())
        if answered and server.comes_to_rest(deadline):
            return
        # The thread that waits for the work holds no lock, but one that opens a session does: kill first.
        server.kill()
        with self._guard:
            if self._server is server:
                self._discard()

    def suspect(self) -> None:
        """Give a child that was just killed the moment until its end shows; the next `spark()` asks a living one."""
        with self._guard:
            if self._server is not None:
                self._suspect = not self._server.seen_ending(_END_SHOWS_SECONDS)

    def is_gone(self) -> bool:
        """Whether the child has ended."""
        server = self._server
        return server is not None and not server.alive

    def post_mortem(self) -> ArcbookError | None:
        """That the child died for lack of memory, when its last words or the system say so."""
        with self._guard:
            server = self._server
            if server is None or not server.wanted_memory():
                return None
            return OutOfMemoryError(
                f"The embedded engine ran out of memory and ended. {MEMORY_REMEDY}", detail=server.tail()
            )

    def close(self) -> None:
        """End the child."""
        with self._guard:
            if self._server is not None:
                self._discard()

    def _open(self) -> None:
        others = strangers()
        if others:
            raise DefinitionError(
                f"The engine `embedded` does not start here: {', '.join(others)} also use this machine and could read "
                "your data through its port, which has no password. Choose `--engine local`, or work in a container."
            )
        self._storage = storage.sail_environment()
        # Its log is read as text: no colours.
        settings = {"SAIL_SPARK__SESSION_TIMEOUT_SECS": str(_SESSION_SECONDS), "RUST_LOG_STYLE": "never"}
        environment = {**storage.without_storage(os.environ), **self._storage, **settings}
        self._server = SailProcess(environment)
        tell("engine", pid=self._server.pid)
        try:
            wake(self._server.port)
            self._session = open_session(f"sc://127.0.0.1:{self._server.port}", {})
        except BaseException:
            self._discard()
            raise

    def _is_lost(self, server: SailProcess) -> bool:
        if not server.alive:
            return True
        suspected, self._suspect = self._suspect, False
        return suspected and self._session is not None and not answers(self._session)

    def _discard(self) -> None:
        server, session = self._server, self._session
        self._server = self._session = None
        self._suspect = False
        self._generation += 1
        if server is not None:
            server.kill()
        if session is not None:
            end_session(session, alive=False)


def memory_limit() -> int:
    """The resident memory, in bytes, above which the child is renewed."""
    wished = os.environ.get("ARCBOOK_EMBEDDED_MEMORY_MB", "")
    if not wished:
        return max(1 << 30, memory_of_machine() // 3)
    if not wished.isdigit():
        raise DefinitionError(f"ARCBOOK_EMBEDDED_MEMORY_MB is {wished!r}; give a whole number of megabytes.")
    return int(wished) << 20
