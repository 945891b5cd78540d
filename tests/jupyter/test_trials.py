"""Interrupts and crashes at random moments: the cell ends soon, and the next one works."""

import os
import random
import signal
import time

import pytest

from tests.jupyter.kernels import Kernel, alive, descendants
from tests.trials import seeds
from tests.waiting import wait_until

pytestmark = pytest.mark.trial
#: Seconds within which an interrupted cell must have ended.
SOON = 10
#: Cells that take about a second each, in the engine and in Python.
CELLS = (
    "%sql\nSELECT COUNT(*) FROM range(3000000) a JOIN range(300) b ON a.id % 300 = b.id WHERE a.id + b.id > 7",
    (
        '{"type": "ParquetLoad", "name": "write", "environments": ["test"], "inputView": "many", "outputURI": "many", '
        '"saveMode": "Overwrite"}'
    ),
    "%python\nimport time\nfor _ in range(10): time.sleep(0.1)",
)
PREPARED = "%sql outputView=many environments=test\nSELECT id, md5(CAST(id AS STRING)) AS text FROM range(500000)"


@pytest.fixture(scope="module")
def kernel(kernel: Kernel) -> Kernel:
    """The module's kernel with a view that takes a while to write."""
    assert kernel.run(PREPARED).status == "ok"
    return kernel


@pytest.mark.parametrize("seed", seeds(5, soak=200))
def test_an_interrupt_at_any_moment(seed: int, kernel: Kernel) -> None:
    """The cell is done or cancelled within seconds; views, engine and what was written before are there."""
    chance = random.Random(seed)
    request = kernel.send(chance.choice(CELLS))
    kernel.started(request)
    time.sleep(chance.uniform(0, 1.2))
    kernel.manager.interrupt_kernel()
    asked = time.monotonic()

    shown = kernel.result(request)

    assert time.monotonic() - asked < SOON
    assert shown.status == "ok" or shown.error["ename"] == "CancelledError", shown.error
    after = kernel.run("%sql\nSELECT COUNT(*) AS n FROM many")
    assert after.status == "ok", after.error
    assert "500000" in "".join(after.texts).replace(",", "").replace(" ", "")


@pytest.mark.parametrize("seed", seeds(3, soak=100))
def test_the_engine_is_killed_at_any_moment(seed: int, kernel: Kernel) -> None:
    """The cell is done or fails as worth another try; the next one finds a new engine with the same views."""
    chance = random.Random(seed)
    (engine,) = descendants(kernel.pid)
    request = kernel.send(chance.choice(CELLS[:2]))
    kernel.started(request)
    time.sleep(chance.uniform(0, 1.2))
    os.kill(engine, signal.SIGKILL)

    shown = kernel.result(request)

    assert shown.status == "ok" or shown.error["ename"] == "TransientError", shown.error
    wait_until(lambda: not alive(engine))
    after = kernel.run("%sql\nSELECT COUNT(*) AS n FROM many")
    assert after.status == "ok", after.error
    wait_until(lambda: len(descendants(kernel.pid)) == 1)
