import os
import subprocess
import sys
import time

import pytest

from arcbook.core.failures import ERRORS_BY_NAME, TransientError
from arcbook.engines.processes import oom_kills
from arcbook.runs.classify import error_of
from arcbook.runs.kernels import RUN_VARIABLE, death, end_leftovers


def start(run_id: str, *command: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, env=os.environ | {RUN_VARIABLE: run_id}, start_new_session=True)


def test_leftovers_are_ended_and_others_are_not() -> None:
    """Also those that ignore SIGTERM; processes of other runs stay."""
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('x', flush=True); time.sleep(60)"
    mine = subprocess.Popen(
        [sys.executable, "-c", deaf], env=os.environ | {RUN_VARIABLE: "run-a"}, stdout=subprocess.PIPE
    )
    assert mine.stdout is not None
    mine.stdout.readline()
    other = start("run-b", "sleep", "60")
    try:
        assert end_leftovers("run-a", grace_seconds=0.2) == [mine.pid]
        assert mine.wait(10) == -9
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
        mine.stdout.close()


def test_the_shared_server_stays() -> None:
    """What runs under the keeper of the warm Spark server is not the run's."""
    body = "import subprocess, time; subprocess.Popen(['sleep', '60']); print('x', flush=True); time.sleep(60)"
    keeper = subprocess.Popen(
        [sys.executable, "-c", body, "arcbook.engines.local_server"],
        env=os.environ | {RUN_VARIABLE: "run-c"}, stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert keeper.stdout is not None
    keeper.stdout.readline()
    try:
        assert end_leftovers("run-c", grace_seconds=0.1) == []
        assert keeper.poll() is None
    finally:
        os.killpg(keeper.pid, 9)
        keeper.wait()
        keeper.stdout.close()
        time.sleep(0.1)


@pytest.mark.parametrize(("status", "words"), [(-9, "SIGKILL"), (-11, "SIGSEGV"), (3, "exit code 3"), (None, "trace")])
def test_how_a_kernel_died(status: int | None, words: str) -> None:
    """The message says what is known."""
    error = death(status, oom_kills())
    assert isinstance(error, TransientError)
    assert words in error.message


def test_out_of_memory_is_told_from_a_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the container's counter of memory kills has grown, it was that."""
    monkeypatch.setattr("arcbook.runs.kernels.oom_kills", lambda: 1)
    assert death(-9, 0).failure_name == "memory"
    assert death(-9, 1).failure_name == "transient"


@pytest.mark.parametrize(
    ("name", "text", "failure"),
    [
        ("OSError", "[Errno 28] No space left on device", "transient"),
        ("OSError", "[Errno 12] Cannot allocate memory", "memory"),
        ("gaierror", "[Errno -2] Name or service not known", "transient"),
        ("NotADirectoryError", "[Errno 20] Not a directory", "input"),
        ("ClientError", "An error occurred (AccessDenied) when calling the GetObject operation: no", "access"),
        ("ClientError", "An error occurred (SlowDown) when calling the GetObject operation: no", "transient"),
        ("NoCredentialsError", "Unable to locate credentials", "access"),
        ("AnalysisException", "[PATH_NOT_FOUND] Path does not exist: x", "input"),
        ("PySparkTypeError", "a column is no number", "definition"),
        ("KeyError", "'x'", "definition"),
    ],
)
def test_shown_errors_are_judged_by_the_table(name: str, text: str, failure: str) -> None:
    """By class name and text, as at the border; what is a bug there is one of the author's here."""
    error = error_of(name, text)
    assert error.failure_name == failure
    assert error.message == f"{name}: {text}"


@pytest.mark.parametrize(
    ("name", "failure"),
    [*((name, error.failure_name) for name, error in ERRORS_BY_NAME.items()), ("KeyboardInterrupt", "cancelled"),
     ("MemoryError", "memory"), ("FileNotFoundError", "input"), ("PermissionError", "access"),
     ("ConnectionResetError", "transient"), ("ZeroDivisionError", "definition"), ("", "definition")],
)  # fmt: skip
def test_classes_of_shown_errors(name: str, failure: str) -> None:
    """Our names mean themselves; Python's errors have a class too, and never none."""
    error = error_of(name, "text", {"traceback": ["a", "b"]})
    assert error.failure_name == failure
    assert error.detail == "a\nb"
    assert "text" in error.message
