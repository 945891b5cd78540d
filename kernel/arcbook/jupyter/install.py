"""Registering the kernel for a Jupyter that lives in another environment.

The wheel puts a specification into its own environment, whose `python` Jupyter replaces by the interpreter it runs
under: right whenever Jupyter and arcbook share an environment. For any other Jupyter the specification must name the
interpreter, which is only known on the machine; this module writes that one.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from arcbook.core.kernelspec import KERNEL, KERNELSPEC


def specification(python: str) -> dict[str, Any]:
    """The content of `kernel.json` for a kernel run by the interpreter `python`."""
    return {
        "argv": [python, "-m", "arcbook.jupyter", "-f", "{connection_file}"],
        "display_name": KERNELSPEC["display_name"],
        "language": KERNELSPEC["language"],
        "interrupt_mode": "signal",
        "metadata": {"debugger": False},
    }


def install(arguments: Sequence[str]) -> str:
    """Write the specification with this interpreter's path; return the folder it went to."""
    from jupyter_client.kernelspec import KernelSpecManager

    parser = argparse.ArgumentParser(prog="python -m arcbook.jupyter install", description=install.__doc__)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--user", action="store_true", help="for the current account (default)")
    where.add_argument("--prefix", help="below PREFIX/share/jupyter/kernels")
    parser.add_argument("--name", default=KERNEL, help=f"name of the kernel; notebooks ask for `{KERNEL}`")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        content = json.dumps(specification(sys.executable), indent=2)
        Path(folder, "kernel.json").write_text(content + "\n", encoding="utf-8")
        written: str = KernelSpecManager().install_kernel_spec(
            folder, kernel_name=chosen.name, user=chosen.prefix is None, prefix=chosen.prefix
        )
    print(f"installed the kernel `{chosen.name}` in {written}")
    return written
