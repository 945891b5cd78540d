"""The engine `embedded`: a child that is watched, stopped, replaced and never left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from arcbook.core.failures import CancelledError, DefinitionError, TransientError
from arcbook.core.translate import translate, translating
from arcbook.engines import embedded, processes
from arcbook.engines.base import Engine
from arcbook.engines.connect import bounded
from arcbook.engines.embedded import EmbeddedEngine
from tests.engines.stopping import error_when_stopped

NewEngine = Callable[[str], Engine]
#: Stops when told to.
STOPPABLE = "SELECT sum(id * 3 % 7) FROM range(100000000000)"
#: Goes on in the server after the client was told that it stopped.
UNSTOPPABLE = "SELECT count(*) FROM range(1000000) a CROSS JOIN range(1000000) b WHERE (a.id * b.id) % 7 = 3"


@pytest.fixture
def own(new_engine: NewEngine) -> EmbeddedEngine:
    """An embedded engine that only this test uses."""
    engine = new_engine("embedded")
    assert isinstance(engine, EmbeddedEngine)
    return engine


def _gone(pid: int, seconds: float = 120.0) -> bool:
    """Whether a process is gone (or waits to be buried) within some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_answers(embedded_engine: Engine) -> None:
    """The session works, in UTC, without regard to case."""
    row = embedded_engine.spark().sql("SELECT 1 AS a, current_timezone() AS zone").selectExpr("A", "ZONE").first()
    assert row is not None
    assert tuple(row) == (1, "UTC")


def test_nothing_on_standard_error() -> None:
    """Opening, failing and ending say nothing on the terminal."""
    script = (
        "from arcbook.engines.open import open_engine\n"
        "e = open_engine('embedded')\n"
        "try: e.spark().sql('select nope from nowhere').collect()\n"
        "except Exception: pass\n"
        "from pyspark.logger import PySparkLogger\n"
        "PySparkLogger.getLogger('SQLQueryContextLogger').error('what Spark says of every refused statement')\n"
        "e.close()\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize(("statement", "replaced"), [(STOPPABLE, False), (UNSTOPPABLE, True)])
def test_interrupt(own: EmbeddedEngine, statement: str, replaced: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stops when asked leaves the child alive; what burns on is killed with it. Either way work goes on after."""
    if not replaced:
        monkeypatch.setattr(embedded, "PATIENCE", 60.0)  # on a busy machine, too
    own.spark()
    pid = own.pid
    assert pid is not None
    assert isinstance(translate(error_when_stopped(own, statement)), CancelledError | TransientError)
    assert own.generation == int(replaced)
    assert _gone(pid) if replaced else own.pid == pid
    assert own.spark().sql("SELECT 2").collect()[0][0] == 2


def test_interrupt_without_work(own: EmbeddedEngine) -> None:
    """Interrupting an idle engine, or one that was never started, replaces nothing."""
    own.interrupt()
    own.spark()
    own.interrupt()
    assert own.generation == 0


def test_killed_child(own: EmbeddedEngine) -> None:
    """A child killed from outside makes the running statement fail as transient, soon; the next one works."""
    spark = own.spark()
    assert own.pid is not None
    killer = threading.Timer(0.5, os.kill, (own.pid, signal.SIGKILL))
    killer.start()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            spark.sql(STOPPABLE).collect()
        except Exception as error:  # noqa: BLE001  # looked at below
            errors.append(error)

    assert bounded(work, 30), "the client waits for a server that is gone"
    assert isinstance(translate(errors[0]), TransientError)
    own.suspect()
    assert own.spark().sql("SELECT 3").collect()[0][0] == 3
    assert own.generation == 1


def test_no_orphan() -> None:
    """The child dies with a parent that is killed without a chance to say goodbye, also one that forked."""
    script = (
        "import os, time\n"
        "from arcbook.engines.open import open_engine\n"
        "e = open_engine('embedded')\n"
        "e.spark()\n"
        "if os.fork() == 0: time.sleep(30); os._exit(0)\n"  # holds the pipe open
        "print(e.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    try:
        assert not _gone(child, 0.2)
        parent.kill()
        parent.wait()
        assert _gone(child)
    finally:
        os.killpg(parent.pid, signal.SIGKILL)
        parent.stdout.close()


def test_terminal_interrupt_spares_the_child(own: EmbeddedEngine) -> None:
    """Ctrl-C goes to the terminal's process group, which the child has left; a direct one it ignores."""
    own.spark()
    assert own.pid is not None
    assert os.getpgid(own.pid) != os.getpgid(0)
    os.kill(own.pid, signal.SIGINT)
    assert not _gone(own.pid, 0.5)


def test_closed(own: EmbeddedEngine) -> None:
    """Closing ends the child, twice is fine."""
    own.spark()
    assert own.pid is not None
    pid = own.pid
    own.close()
    own.close()
    assert _gone(pid)


def test_forgotten_session(own: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that the server has given up for lack of use is a loss that the next statement makes good."""
    monkeypatch.setattr(embedded, "_SESSION_SECONDS", 1)
    spark = own.spark()

    def use_seldom() -> None:
        for _ in range(30):
            time.sleep(2.0)
            spark.sql("SELECT 1").collect()

    with pytest.raises(TransientError), translating():
        use_seldom()
    own.suspect()
    assert own.spark().sql("SELECT 2").collect()[0][0] == 2
    assert own.generation == 1


def test_a_night_without_use(own: EmbeddedEngine) -> None:
    """The server is told to keep a session for days."""
    own.spark()
    told = Path(f"/proc/{own.pid}/environ").read_bytes().split(b"\0")
    assert b"SAIL_SPARK__SESSION_TIMEOUT_SECS=345600" in told


def test_renewed_over_its_memory(own: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the limit it is replaced between stages, and says why; under it nothing happens."""
    own.spark()
    assert own.renew() == ""
    monkeypatch.setenv("ARCBOOK_EMBEDDED_MEMORY_MB", "1")
    assert "passed the limit of 1 MB" in own.renew()
    assert own.generation == 1


def test_bad_memory_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that is no number is refused by name."""
    monkeypatch.setenv("ARCBOOK_EMBEDDED_MEMORY_MB", "1G")
    with pytest.raises(DefinitionError, match="ARCBOOK_EMBEDDED_MEMORY_MB is '1G'"):
        embedded.memory_limit()


def test_renewed_when_credentials_change(own: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sail reads credentials once, so a change means a new child."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "one")
    own.spark()
    assert own.renew() == ""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "two")
    assert "credentials" in own.renew()


def test_refused_beside_strangers(own: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With other people on the machine it does not start, and says what to do."""
    monkeypatch.setattr(embedded, "strangers", lambda: ["mallory"])
    with pytest.raises(DefinitionError, match=r"mallory also use this machine.*--engine local"):
        own.spark()
    assert own.pid is None


@pytest.mark.skipif(os.getuid() != 0, reason="starts a process of another account")
@pytest.mark.parametrize(("uid", "apart", "seen"), [(1234, False, True), (1234, True, False), (33, False, False)])
def test_strangers(uid: int, apart: bool, seen: bool) -> None:
    """People who reach our loopback device count; system accounts and other network namespaces do not."""
    command = ["setpriv", "--reuid", str(uid), "--clear-groups", "sh", "-c", "echo up; exec sleep 60"]
    if apart:
        command = ["unshare", "--net", *command]
    other = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd="/")
    assert other.stdout is not None
    try:
        if other.stdout.readline() != "up\n":
            pytest.skip("this machine does not let us make such a process")
        assert (processes._name(uid) in processes.strangers()) is seen
    finally:
        other.kill()
        other.wait()
        other.stdout.close()


def test_a_process_that_does_not_start(own: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that ends at once is a clear error with its last words as detail."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(TransientError, match="ended at once"):
        own.spark()


def test_a_failed_session_ends_its_child(own: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next attempt starts a child of its own, and none is left without an owner."""
    pids: list[int] = []

    def refuse(url: str, settings: object) -> None:
        assert own.pid is not None
        pids.append(own.pid)
        raise ConnectionError("refused")

    monkeypatch.setattr(embedded, "open_session", refuse)
    with pytest.raises(ConnectionError):
        own.spark()
    assert own.pid is None
    assert _gone(pids[0])


@pytest.mark.parametrize("ended", [False, True])
def test_what_runs(ended: bool) -> None:
    """A process that has ended does not run, even while nobody has waited for it."""
    child = subprocess.Popen(["true"] if ended else ["sleep", "60"])
    try:
        if ended:
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert processes.is_running(child.pid) is not ended
    finally:
        child.kill()
        child.wait()
    assert not processes.is_running(child.pid)


@pytest.mark.parametrize(("text", "seconds"), [("01:02.50", 62.5), ("1:00:01", 3601.0), ("2-00:00:00", 172800.0)])
def test_clock(text: str, seconds: float) -> None:
    """Processor time as `ps` prints it."""
    assert processes._clock(text) == seconds
