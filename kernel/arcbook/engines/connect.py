"""Spark Connect sessions: opened alike for every engine, quiet, and never waiting for a server that is gone."""

import logging
import os
import threading
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: What both engines must agree on for the same SQL to mean the same.
COMMON_SETTINGS: Mapping[str, str] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "false",
    # As in the Spark 3 that Arc's jobs were written for: a cast that fails gives null.
    "spark.sql.ansi.enabled": "false",
}

#: How long a server that may be gone has for the answer to a trifle, in seconds.
ANSWER_SECONDS = 5.0


def quieten() -> None:
    """Keep gRPC's own log lines off standard error. Effective only before grpc is imported for the first time."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Classic and Connect sessions cannot share a process; a leftover address would make PySpark start its own server.
    os.environ.pop("SPARK_LOCAL_REMOTE", None)
    # PySpark prints every refused statement with its whole trace as JSON; the error that is raised has all of it.
    logging.getLogger("SQLQueryContextLogger").disabled = True


def wake(port: int) -> None:
    """Have the server on this machine's `port` open a first session, without waiting for it.

    A server's first session takes it 0.3 s. It does that while this process imports the rest of the client, which takes
    a second, most of it for pandas.
    """
    quieten()
    import grpc
    from pyspark.sql.connect import proto

    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    operation = proto.ConfigRequest.Operation(get=proto.ConfigRequest.Get(keys=["spark.sql.session.timeZone"]))
    request = proto.ConfigRequest(session_id=str(uuid.uuid4()), operation=operation)
    stub: Any = cast("Any", proto).SparkConnectServiceStub(channel)
    answer = stub.Config.future(request)
    answer.add_done_callback(lambda _: channel.close())


def open_session(url: str, settings: Mapping[str, str]) -> "SparkSession":
    """A new, isolated session on the server at `url` (`sc://host:port/;key=value`) with `settings` on top of ours.

    The client's habit of trying again for ten minutes is switched off: the server is on this machine, and when it is
    gone it stays gone. Only an answer that cannot be read is asked for again.
    """
    quieten()
    from pyspark.sql import SparkSession

    from arcbook.engines.asking_again import UnreadableAnswer

    # Builder and client are PySpark's own properties, which mypy takes for functions.
    opened: Any = cast("Any", SparkSession).builder.remote(url).create()
    opened.client.set_retry_policies([UnreadableAnswer()])
    opened.client.close = partial(_close_channel, opened.client)
    session: SparkSession = opened
    for key, value in {**COMMON_SETTINGS, **settings}.items():
        session.conf.set(key, value)
    return session


def _close_channel(client: Any) -> None:
    """Close a client's channel, which ends its calls.

    In place of the client's own `close`, which waits for the calls of all clients under a lock that every statement
    takes. A session's destructor calls it, too, in whatever thread collects garbage: in one of gRPC's own, for which a
    call in flight waits, nothing would ever go on.
    """
    client._channel.close()
    client._closed = True


def bounded(work: Callable[[], object], seconds: float) -> bool:
    """Whether `work` came to an end (also by an error) within `seconds`; it runs on in a daemon thread otherwise."""

    def quietly() -> None:
        try:
            work()
        except Exception:  # noqa: BLE001  # the server may be gone or hang; the caller acts on the clock alone
            return

    thread = threading.Thread(target=quietly, daemon=True, name="arcbook-bounded")
    thread.start()
    thread.join(max(0.0, seconds))
    return not thread.is_alive()


def answers(session: "SparkSession") -> bool:
    """Whether the server still knows `session` and says so within `ANSWER_SECONDS`."""
    said: list[object] = []
    bounded(lambda: said.append(session.conf.get("spark.sql.session.timeZone")), ANSWER_SECONDS)
    return bool(said)


def end_session(session: "SparkSession", *, alive: bool) -> None:
    """Release `session` on its server, or only on our side when the server is not alive."""
    connect: Any = session  # the attribute below exists on Connect sessions only
    if not alive:
        # A request to a server that is gone or busy only costs time.
        connect.release_session_on_close = False
    bounded(session.stop, 2.0)


def abandon_session(session: "SparkSession") -> None:
    """Stop the work of `session` and release it, aside: its server is too busy to answer soon.

    What it runs would otherwise hold the server's cores for all others.
    """

    def abandon() -> None:
        try:
            session.interruptAll()
        finally:
            session.stop()

    bounded(abandon, 0.0)
