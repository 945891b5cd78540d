"""A server ends kernels that nobody uses, and never one that works in silence."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from jupyter_client.blocking.client import BlockingKernelClient

from tests.jupyter.kernels import Kernel
from tests.waiting import wait_until

TOKEN = "activity-test"
#: Seconds without a message after which the server ends a kernel.
CULLING = 8


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A Jupyter server that soon ends kernels without activity, busy ones too; yields its address."""
    profile = tmp_path / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "arc_kernel_config.py").write_text("c.ArcKernel.activity_interval = 0.5\n")
    folders = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind.lower()) for kind in ("RUNTIME", "CONFIG")}
    culling = {"cull_idle_timeout": CULLING, "cull_interval": 1, "cull_busy": True, "cull_connected": True}
    command = [
        sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0",
        f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={tmp_path}",
        *(f"--MappingKernelManager.{name}={value}" for name, value in culling.items()),
    ]  # fmt: skip
    log = tmp_path / "server.log"
    with log.open("w") as opened:
        process = subprocess.Popen(
            command, stdout=opened, stderr=opened, env=os.environ | folders | {"IPYTHONDIR": str(tmp_path / "ipython")}
        )
    try:
        wait_until(lambda: "/?token=" in log.read_text(), "the server did not start")
        yield next(word for word in log.read_text().split() if word.startswith("http://127.0.0.1")).split("/?")[0]
    finally:
        process.terminate()
        process.wait(60)


def test_a_silent_cell_is_not_idle(server: str, tmp_path: Path) -> None:
    """A cell that says nothing for twice the time is not ended; the kernel is, when the cell has come to its end."""
    api: dict[str, Any] = {"headers": {"Authorization": f"token {TOKEN}"}, "timeout": 60}
    made = requests.post(f"{server}/api/kernels", json={"name": "arc"}, **api).json()
    client = BlockingKernelClient(connection_file=str(tmp_path / "runtime" / f"kernel-{made['id']}.json"))
    client.load_connection_file()
    client.start_channels()
    client.wait_for_ready(60)
    kernel = Kernel(None, client)
    shown = kernel.run(f"%python\nimport time; time.sleep({2 * CULLING}); print('alive')")
    assert shown.texts == ["alive\n"]

    def ended() -> bool:
        time.sleep(0.5)
        return not requests.get(f"{server}/api/kernels", **api).json()

    wait_until(ended, "an idle kernel goes on")
    client.stop_channels()
