"""The process of a kernel: ipykernel's application with our kernel class."""

from typing import Any

import zmq
from ipykernel.kernelapp import IPKernelApp
from traitlets.config import Config

from arcbook.core.launcher import Launch
from arcbook.jupyter.kernel import ArcKernel

# ipykernel's class has no types; as Any, its methods can be called from typed code.
_App: Any = IPKernelApp


class ArcKernelApp(_App):  # type: ignore[misc]
    """ipykernel's application, starting the `arc` kernel."""

    name = "arc-kernel"
    kernel_class = ArcKernel

    def init_iopub(self, context: Any) -> None:
        """Have a launched kernel wait for a run that is behind with reading, where ZeroMQ would drop what is printed.

        In front of people it drops, for a browser that hangs must not stop the kernel.
        """
        if not Launch.from_environment().interactive:
            context.setsockopt(zmq.XPUB_NODROP, 1)
        super().init_iopub(context)


def launch() -> None:
    """Run a kernel with the arguments of the command line, until it is shut down."""
    config = Config()
    if not Launch.from_environment().interactive:
        # IPython's history is for people: a job's cells are in its record, and all kernels of a user share the file.
        config.HistoryManager.enabled = False
    ArcKernelApp.launch_instance(config=config)
