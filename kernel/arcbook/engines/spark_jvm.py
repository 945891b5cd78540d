"""The Java process of the warm local server, as its keeper holds it: started, serving Spark Connect, kept tidy.

It is the gateway process that PySpark itself starts (`pyspark-shell`), so the keeper can call Spark's own objects by
py4j. It needs that for one thing which Spark Connect has no call for. An interrupt that arrives while a statement is
still being planned ends the statement and cancels the jobs it has by then; a job that the planning submits right after
belongs to nobody, cannot be stopped by any client, and keeps its cores until it has come to its end (seen with Spark
4.1.1, whose `ExecuteThreadRunner` cancels the jobs of a failed statement once).
"""

import contextlib
import ctypes
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_PDEATHSIG = 1
#: How the tag begins that Spark Connect gives to the jobs of a statement.
_STATEMENT = "SparkConnect_OperationTag_"
#: How long the Java process has for one answer while it serves, in seconds.
_ANSWER_SECONDS = 10.0


class SparkJvm:
    """A Java process with one Spark application.

    Args:
        arguments: the command, `spark-submit … pyspark-shell`.
        environment: its environment.
        folder: a private folder; the process writes `server.log` in it, and for a moment the key to its gateway.
    """

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self._key = folder / "gateway"
        self._key.unlink(missing_ok=True)
        self._gateway: Any = None
        self._context: Any = None
        self._nobodys: set[int] = set()
        with (folder / "server.log").open("wb") as log:
            self.process = subprocess.Popen(
                arguments,
                # The Java side ends when this pipe does.
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**environment, "_PYSPARK_DRIVER_CONN_INFO_PATH": str(self._key), "PYSPARK_PIN_THREAD": "false"},
                cwd=folder,
                start_new_session=True,
                # The keeper has one thread, so the process dies exactly when the keeper does.
                preexec_fn=_die_with_parent,
            )

    def serve(self, seconds: float) -> str | None:
        """Have it listen for Spark Connect's clients; None, or why it does not after `seconds`."""
        deadline = time.monotonic() + seconds
        try:
            while not self._key.exists():
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise TimeoutError("it did not start in time")
                time.sleep(0.05)
            port, secret = _read_key(self._key)
            starting = _connected(port, secret, max(1.0, deadline - time.monotonic())).jvm.org.apache.spark.sql
            session = starting.classic.SparkSession.builder().getOrCreate()
            starting.connect.service.SparkConnectService.start(session.sparkContext())
            self._gateway = _connected(port, secret, _ANSWER_SECONDS)
            # Asked once: of a process that is ending it would make a new one.
            self._context = self._gateway.jvm.org.apache.spark.SparkContext.getOrCreate()
        except Exception as error:  # noqa: BLE001  # whatever it is, the server has not started
            with contextlib.suppress(subprocess.TimeoutExpired):
                return f"it ended with code {self.process.wait(1.0)}"
            return _first_line(error)
        finally:
            self._key.unlink(missing_ok=True)
        return None

    def cancel_nobodys_jobs(self) -> list[int]:
        """Cancel the jobs whose statement has ended, when they were seen so twice; their ids.

        A job of a streaming query, which outlives the statement that began it, has a job group; it stays.
        """
        from py4j.protocol import Py4JError

        try:
            nobodys = _nobodys_jobs(self._gateway.jvm.org.apache.spark, self._context)
            cancelled = sorted(nobodys & self._nobodys)
            for job in cancelled:
                self._context.cancelJob(job)
        except (Py4JError, OSError):
            return []  # busy or ending; there is another time
        self._nobodys = nobodys
        return cancelled

    def end(self) -> None:
        """End the process, by force when it does not end in 10 s."""
        if self._gateway is not None:
            self._context = None
            self._gateway.close()
            # Objects of ours that are collected later would each try to tell a process that is gone, and log a failure.
            self._gateway._gateway_client.is_connected = False
            self._gateway = None
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        assert self.process.stdin is not None
        self.process.stdin.close()


def _nobodys_jobs(spark: Any, context: Any) -> set[int]:
    """The ids of running jobs that Spark Connect tagged for a statement it no longer has."""
    running = set(context.statusTracker().getActiveJobIds())
    if not running:
        return set()
    store = context.statusStore()
    tags: dict[int, list[str]] = {}
    for job in running:
        data = store.job(job)
        if data.jobGroup().isEmpty():
            tags[job] = data.jobTags().mkString("\n").splitlines()
    # Asked after the jobs, so that no job of a new statement lacks its owner.
    service = getattr(getattr(spark.sql.connect.service, "SparkConnectService$"), "MODULE$")
    holders = service.executionManager().listExecuteHolders()
    owned = {holders.apply(index).jobTag() for index in range(holders.size())}
    return {
        job
        for job, named in tags.items()
        if any(tag.startswith(_STATEMENT) for tag in named) and owned.isdisjoint(named)
    }


def _read_key(path: Path) -> tuple[int, str]:
    """Port and secret of a gateway, as `PythonGatewayServer` writes them: two big-endian integers and the text."""
    content = path.read_bytes()
    port, length = struct.unpack_from(">ii", content)
    return port, content[8 : 8 + length].decode()


def _connected(port: int, secret: str, seconds: float) -> Any:
    from py4j.java_gateway import GatewayParameters, JavaGateway

    parameters = GatewayParameters(port=port, auth_token=secret, read_timeout=seconds, auto_convert=True)
    return JavaGateway(gateway_parameters=parameters)


def _first_line(error: Exception) -> str:
    cause = getattr(error, "java_exception", error)
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _die_with_parent() -> None:
    # Ctrl-C in the terminal of whoever started it is not meant for the server.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
