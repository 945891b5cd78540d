"""The process of a kernel: ipykernel's application with our kernel class."""

from ipykernel.kernelapp import IPKernelApp
from traitlets.config import Config

from arcbook.core.launcher import Launch
from arcbook.jupyter.kernel import ArcKernel


class ArcKernelApp(IPKernelApp):
    """ipykernel's application, starting the `arc` kernel."""

    name = "arc-kernel"
    kernel_class = ArcKernel


def launch() -> None:
    """Run a kernel with the arguments of the command line, until it is shut down."""
    config = Config()
    if not Launch.from_environment().interactive:
        # IPython's history is for people: a job's cells are in its record, and all kernels of a user share the file.
        config.HistoryManager.enabled = False
    ArcKernelApp.launch_instance(config=config)
