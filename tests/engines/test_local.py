"""The engine `local`: one warm server with a token, isolated sessions, an end when nobody is there."""

import fcntl
import json
import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from arcbook.core.failures import AccessError, CancelledError, DefinitionError, TransientError
from arcbook.core.translate import translate, translating
from arcbook.engines import local
from arcbook.engines.base import Engine
from arcbook.engines.connect import open_session
from arcbook.engines.local import LocalEngine, Server
from arcbook.engines.local_server import locked
from arcbook.engines.processes import is_running
from tests.engines.stopping import error_when_stopped

#: Keeps all cores at work for days.
ENDLESS = "SELECT count(*) FROM range(1000000) a CROSS JOIN range(1000000) b WHERE a.id * b.id % 7 = 3"
NewEngine = Callable[[str], Engine]


@pytest.mark.local
def test_sessions_are_apart_on_one_server(local_engine: Engine, new_engine: NewEngine) -> None:
    """Two engines share a server; a view of one is unknown to the other."""
    other = new_engine("local")
    local_engine.spark().range(3).createOrReplaceTempView("mine")
    assert isinstance(local_engine, LocalEngine)
    assert isinstance(other, LocalEngine)
    with pytest.raises(DefinitionError, match="There is no view `mine`"), translating():
        other.spark().table("mine").collect()
    assert local_engine.server == other.server
    local_engine.spark().catalog.dropTempView("mine")


@pytest.mark.local
def test_delta_and_avro(local_engine: Engine, tmp_path: Path) -> None:
    """The pinned jars are there and fit."""
    spark = local_engine.spark()
    spark.range(3).write.format("delta").save(f"{tmp_path}/d")
    spark.sql(f"MERGE INTO delta.`{tmp_path}/d` t USING (SELECT 1L id) s ON t.id = s.id WHEN MATCHED THEN DELETE")
    assert spark.read.format("delta").load(f"{tmp_path}/d").count() == 2
    spark.range(3).write.format("avro").save(f"{tmp_path}/a")
    assert spark.read.format("avro").load(f"{tmp_path}/a").count() == 3


@pytest.mark.local
def test_token_required(local_engine: Engine) -> None:
    """Who does not know the token is refused; the server listens on loopback only."""
    local_engine.spark()
    assert isinstance(local_engine, LocalEngine)
    server = local_engine.server
    assert server is not None
    for url in (f"sc://localhost:{server.port}", f"sc://localhost:{server.port}/;token=wrong"):
        with pytest.raises(AccessError), translating():
            open_session(url, {})
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ports = [fields[1] for fields in listening if fields[3] == "0A" and fields[1].endswith(f":{server.port:04X}")]
    assert all(address.startswith("0100007F:") for address in ports)


@pytest.mark.local
def test_interrupt(local_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A running statement stops; session and server stay."""
    monkeypatch.setattr(local, "PATIENCE", 60.0)  # on a busy machine, too
    before = local_engine.generation
    assert isinstance(translate(error_when_stopped(local_engine, ENDLESS)), CancelledError)
    assert local_engine.generation == before
    assert local_engine.spark().sql("SELECT 2").collect()[0][0] == 2


@pytest.mark.local
def test_secrets_are_private(local_engine: Engine) -> None:
    """The file with the token is the owner's alone, and the token shows in no repr."""
    local_engine.spark()
    assert isinstance(local_engine, LocalEngine)
    server = local_engine.server
    assert server is not None
    assert server.token not in repr(server)
    folder = local.server_folder(local.server_command(local_engine._purposes, lambda _: None))
    state = folder / "state.json"
    assert json.loads(state.read_text())["token"] == server.token
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert server.token not in (folder / "command.json").read_text()
    assert stat.S_IMODE((folder / "command.json").stat().st_mode) == 0o600


@pytest.mark.local
def test_session_lost(new_engine: NewEngine) -> None:
    """A session that the server has forgotten is replaced after the failure it caused."""
    engine = new_engine("local")
    spark = engine.spark()
    cast("Any", spark).client.release_session()
    with pytest.raises(TransientError), translating():
        spark.sql("SELECT 1").collect()
    engine.suspect()
    assert engine.spark().sql("SELECT 1").collect()[0][0] == 1
    assert engine.generation == 1


@pytest.fixture
def short_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration of its own, whose server goes after a second without users."""
    monkeypatch.setenv("ARCBOOK_LOCAL_IDLE_SECONDS", "1")
    monkeypatch.setenv("ARCBOOK_LOCAL_MEMORY_MB", "1024")


@pytest.mark.local
@pytest.mark.usefixtures("short_idle")
def test_idle_end_and_no_double_start(new_engine: NewEngine) -> None:
    """Two processes' worth of engines that start at once get one server; it stays while used and ends when idle."""
    first, second = new_engine("local"), new_engine("local")
    threads = [threading.Thread(target=engine.spark) for engine in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert isinstance(first, LocalEngine)
    assert isinstance(second, LocalEngine)
    server = first.server
    assert server is not None
    assert server == second.server
    first.close()
    time.sleep(3)  # longer than the idle time, with one user left
    assert second.spark().sql("SELECT 1").collect()[0][0] == 1
    second.close()
    assert _ends(server), "the server outlives its last user"
    folder = local.server_folder(local.server_command(first._purposes, lambda _: None))
    assert local.read_server(folder) is None


@pytest.mark.local
@pytest.mark.usefixtures("short_idle")
def test_a_session_given_up_works_no_more(new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server too busy to answer in time still ends the work, which would keep the cores from all others.

    On a server of its own: should the work go on, it stands in no other test's way.
    """
    monkeypatch.setattr(local, "PATIENCE", 0.0)
    engine, other = new_engine("local"), new_engine("local")
    assert isinstance(engine, LocalEngine)
    other.spark()
    error = translate(error_when_stopped(engine, ENDLESS))
    assert isinstance(error, CancelledError | TransientError), error
    assert engine.generation > 0
    # Both cores are needed for the partitions of this; with the first statement at work it would never end.
    assert other.spark().range(0, 1000, 1, 8).selectExpr("sum(id)").collect()[0][0] == 499500


def _ends(server: Server) -> bool:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and (is_running(server.pid) or is_running(server.keeper)):
        time.sleep(0.2)
    return not (is_running(server.pid) or is_running(server.keeper))


def test_state_of_a_dead_server_is_not_believed(tmp_path: Path) -> None:
    """After a crash the state file names processes that are gone."""
    assert local.read_server(tmp_path) is None
    (tmp_path / "state.json").write_text('{"port": 1, "token": "t", "pid": 4194303, "keeper": 4194303}')
    assert local.read_server(tmp_path) is None
    (tmp_path / "state.json").write_text("{")
    assert local.read_server(tmp_path) is None


def test_failed_start(tmp_path: Path) -> None:
    """A server that ends at once is a transient error with its log as detail, and nothing stays behind."""
    command = {"arguments": ["sh", "-c", "echo no luck; exit 3"], "environment": dict(os.environ), "idle_seconds": 1}
    with pytest.raises(TransientError, match="it ended with code 3") as caught:
        local.start_server(tmp_path, command, lambda _: None)
    assert "no luck" in caught.value.detail
    assert not (tmp_path / "state.json").exists()
    # It holds the environment of whoever started the server.
    assert stat.S_IMODE((tmp_path / "command.json").stat().st_mode) == 0o600


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a "server" whose processes are this one, and that nothing started."""
    command = {"arguments": [], "environment": {}, "idle_seconds": 1}
    monkeypatch.setattr(local, "server_command", lambda purposes, say: command)
    monkeypatch.setattr(local, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(local, "missing_jars", lambda purposes: [])
    folder = local.server_folder(command)
    state = {"port": 1, "token": "t", "pid": os.getpid(), "keeper": os.getpid()}
    (folder / "state.json").write_text(json.dumps(state))
    return folder


def test_a_running_server_keeps_its_command(stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its keeper may be reading the file while others open the engine."""
    (stand_in / "command.json").write_text("of the keeper")
    monkeypatch.setattr(local, "open_session", lambda url, settings: None)
    LocalEngine()._open()
    assert (stand_in / "command.json").read_text() == "of the keeper"


def test_a_failed_session_lets_go_of_the_server(stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody uses a server to which no session could be opened."""

    def refuse(url: str, settings: object) -> None:
        raise ConnectionError("refused")

    monkeypatch.setattr(local, "open_session", refuse)
    engine = LocalEngine()
    with pytest.raises(ConnectionError):
        engine.spark()
    with locked(stand_in / "lease", fcntl.LOCK_EX | fcntl.LOCK_NB) as unused:
        assert unused
    assert engine.server is None


def test_environment_is_not_shared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The server, which all of a user's processes share, inherits nobody's keys."""
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"17.0.1\"' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("ETL_CONF_KEY", "secret")
    assert "secret" not in local._environment(Path("/spark")).values()
