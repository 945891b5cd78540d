"""What is told of processes."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from arcbook.engines.processes import is_at_rest
from tests.waiting import wait_until

Start = Callable[[str], int]
SPIN = "while True: pass"


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts Python programs that end with the test; their process ids."""
    with ExitStack() as stack:

        def started(program: str) -> int:
            process = stack.enter_context(subprocess.Popen([sys.executable, "-c", program]))
            stack.callback(process.kill)
            return process.pid

        yield started


def test_at_rest(start: Start) -> None:
    """A process that waits is at rest once it has begun to."""
    pid = start("import time; time.sleep(1000)")
    wait_until(lambda: is_at_rest(pid))


def test_work_without_processor_is_work(start: Start) -> None:
    """A process that gets next to nothing of a busy machine is not at rest."""
    starved = start(f"import os; os.nice(19)\n{SPIN}")
    for _ in range(4 * (os.cpu_count() or 1)):
        start(SPIN)
    assert not any(is_at_rest(starved) for _ in range(10))


def test_gone() -> None:
    """A process that has ended is at rest."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert is_at_rest(process.pid)
