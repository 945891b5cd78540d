"""Starting, interrupting and ending kernels, and the engine below them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.jupyter.kernels import StartKernel, alive, descendants
from tests.waiting import wait_until

ENDLESS = "SELECT count(*) FROM range(3000000) a CROSS JOIN range(3000000) b WHERE a.id + b.id = 7"


def test_the_kernel_is_listed() -> None:
    """Jupyter finds the kernel `arc`, which runs under Jupyter's own interpreter."""
    from jupyter_client.kernelspec import get_kernel_spec
    from jupyter_client.manager import KernelManager

    spec = get_kernel_spec("arc")
    assert (spec.display_name, spec.language, spec.interrupt_mode) == ("Arc", "arc", "signal")
    assert KernelManager(kernel_name="arc").format_kernel_cmd()[0] == sys.executable


def test_installing_for_another_jupyter(tmp_path: Path) -> None:
    """The written specification names this interpreter, for Jupyter elsewhere does not know it."""
    command = [sys.executable, "-m", "arcbook.jupyter", "install", "--prefix", str(tmp_path), "--name", "arc-test"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    spec = json.loads((tmp_path / "share/jupyter/kernels/arc-test/kernel.json").read_text())
    assert spec["argv"] == [sys.executable, "-m", "arcbook.jupyter", "-f", "{connection_file}"]
    shipped = json.loads((Path(__file__).parents[2] / "kernel/kernelspec/kernel.json").read_text())
    assert shipped == spec | {"argv": ["python", *spec["argv"][1:]]}


def test_nothing_heavy_is_imported_before_the_kernel_answers() -> None:
    """Neither what checks cells nor what talks to an engine."""
    program = (
        "import sys, arcbook.jupyter.app, arcbook_magics.workbench\n"
        "from arcbook_magics.workbench import Workbench; Workbench(publish=print)\n"
        "heavy = 'pydantic sqlglot pyspark pandas pyarrow numpy grpc boto3 papermill ipywidgets nbformat'.split()\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_an_interrupt_ends_the_cell_and_the_work(start_kernel: StartKernel) -> None:
    """The cell ends as cancelled, views are there afterwards, and the engine is idle again."""
    kernel = start_kernel()
    assert kernel.run("%sql outputView=x\nSELECT 1 AS a").status == "ok"
    for cell in (f"%sql\n{ENDLESS}", "%python\nimport time\ntime.sleep(300)"):
        request = kernel.send(cell)
        kernel.started(request)
        time.sleep(1)
        kernel.manager.interrupt_kernel()
        shown = kernel.result(request, timeout=30)
        assert shown.error["ename"] == shown.reply["ename"] == "CancelledError"
        assert len(shown.error["traceback"]) == 1
        assert kernel.run("%sql\nSELECT a + 1 AS b FROM x").texts[-1] == "b\n-\n2"
    before = cpu(descendants(kernel.pid))
    time.sleep(1)
    assert cpu(descendants(kernel.pid)) - before < 0.5


def test_an_interrupt_before_the_engine_is_open(start_kernel: StartKernel) -> None:
    """The first cell can be interrupted while it waits for the engine; the next one works."""
    kernel = start_kernel()
    request = kernel.send("%sql\nSELECT 1 AS a")
    kernel.started(request)
    kernel.manager.interrupt_kernel()
    assert kernel.result(request).reply.get("ename") in ("CancelledError", None)
    assert kernel.run("%sql\nSELECT 1 AS a").texts[-1] == "a\n-\n1"


def test_two_kernels_do_not_meet(start_kernel: StartKernel) -> None:
    """Each has its own engine and views; ending one leaves the other."""
    first, second = start_kernel(), start_kernel()
    first.run("%sql outputView=mine\nSELECT 1 AS a")
    assert "no view `mine`" in second.run("%printschema mine").error["evalue"]
    first.manager.shutdown_kernel()
    assert second.run("%sql\nSELECT 2 AS a").texts[-1] == "a\n-\n2"


@pytest.mark.parametrize("how", ["shutdown", "busy shutdown", "SIGTERM", "SIGKILL"])
def test_no_process_stays_behind(start_kernel: StartKernel, how: str) -> None:
    """However a kernel ends, its Sail ends too."""
    kernel = start_kernel()
    assert kernel.run("%sql\nSELECT 1").status == "ok"
    children = descendants(kernel.pid)
    assert children
    if how == "busy shutdown":
        kernel.started(kernel.send(f"%sql\n{ENDLESS}"))
        time.sleep(0.5)
    if how.endswith("shutdown"):
        kernel.manager.shutdown_kernel()
    else:
        os.kill(kernel.pid, signal.Signals[how])
    wait_until(lambda: not any(alive(pid) for pid in (kernel.pid, *children)))


def test_a_restart_begins_anew(start_kernel: StartKernel) -> None:
    """Views are gone, the engine is a new one, the old one has ended."""
    kernel = start_kernel()
    kernel.run("%sql outputView=x\nSELECT 1 AS a")
    children = descendants(kernel.pid)
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(timeout=60)
    assert "no view `x`" in kernel.run("%printschema x").error["evalue"]
    wait_until(lambda: not any(alive(pid) for pid in children))


def cpu(pids: set[int]) -> float:
    """The CPU seconds that processes have used."""
    used = 0.0
    for pid in pids:
        try:
            fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        used += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used
