"""Kernels for the tests of this folder."""

import os
from collections.abc import Iterator

import pytest

from tests.jupyter.kernels import Kernel, StartKernel


@pytest.fixture(scope="module")
def start_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartKernel]:
    """Starts kernels with extra environment variables; they end with the module's tests."""
    from jupyter_client.manager import start_new_kernel

    running: list[Kernel] = []

    def start(**variables: str) -> Kernel:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ARCBOOK_", "ETL_CONF_", "CONF_", "AWS_"))
        }
        environment["IPYTHONDIR"] = str(tmp_path_factory.mktemp("ipython"))
        manager, client = start_new_kernel(
            kernel_name="arc", startup_timeout=60, env=environment | variables, cwd=str(tmp_path_factory.mktemp("work"))
        )
        kernel = Kernel(manager, client)
        running.append(kernel)
        return kernel

    yield start
    for kernel in running:
        kernel.client.stop_channels()
        if kernel.manager.has_kernel:
            kernel.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def kernel(start_kernel: StartKernel) -> Kernel:
    """One kernel for a module's tests: views and options of earlier tests are there."""
    return start_kernel()
