"""The process of a kernel: ipykernel's application with our kernel class."""

from ipykernel.kernelapp import IPKernelApp

from arcbook.jupyter.kernel import ArcKernel


class ArcKernelApp(IPKernelApp):
    """ipykernel's application, starting the `arc` kernel."""

    name = "arc-kernel"
    kernel_class = ArcKernel


def launch() -> None:
    """Run a kernel with the arguments of the command line, until it is shut down."""
    ArcKernelApp.launch_instance()
