"""What running a notebook costs beyond its cells, and how that grows with their number.

`bare` sends the same cells to the same kind of kernel with jupyter_client and keeps nothing: no runner can be faster. A
runner's overhead is what it takes beyond that. Time per cell is the difference between a long and a short notebook, so
that the start of the kernel cancels out; the smallest of several rounds counts, since a busy machine only adds.
"""

import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

SHORT = 20
LONG = (100, 300, 1000, 2000)
#: papermill alone rewrites the file after every cell: a thousand cells of that take minutes.
PAPERMILL = (100, 300, 1000)
ROUNDS = 2


def main() -> None:
    """Milliseconds per trivial cell: by hand, by our engine, by papermill's own; ratios and overheads."""
    import logging

    logging.getLogger("papermill").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ARCBOOK_RECORD"] = str(Path(folder) / "runs")
        for kernel in ("python3", "arc"):
            bare, ours, own = (
                partial(run, folder, kernel) for run in (_bare, _papermill("arcbook"), _papermill("nbclient"))
            )
            for cells in LONG:
                without, journal = per_cell(bare, cells), per_cell(ours, cells)
                line = f"{kernel:<8}{cells:>5} cells: bare {without:6.2f} ms a cell, journal {journal:6.2f}"
                line += f", overhead {journal - without:6.2f}"
                if kernel == "python3" and cells in PAPERMILL:
                    alone = per_cell(own, cells, rounds=1)
                    line += f", papermill alone {alone:7.2f}: {alone / journal:5.1f} x ours"
                print(line, flush=True)


def per_cell(run: Callable[[int], float], cells: int, rounds: int = ROUNDS) -> float:
    """Milliseconds per additional cell."""
    short = min(run(SHORT) for _ in range(rounds))
    long = min(run(cells) for _ in range(rounds))
    return 1000 * (long - short) / (cells - SHORT)


def _sources(kernel: str, count: int) -> list[str]:
    if kernel == "arc":
        return ["%environment test", *(f"%python\nx = {number}; print(x)" for number in range(count))]
    return [f"x = {number}; print(x)" for number in range(count)]


def _bare(folder: str, kernel: str, count: int) -> float:
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name=kernel, transport="ipc", ip=f"{folder}/bare-{count}")
    started = time.perf_counter()
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        for source in _sources(kernel, count):
            client.execute_interactive(source, output_hook=lambda message: None, timeout=60)
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
        manager.cleanup_resources()
    return time.perf_counter() - started


def _papermill(engine: str) -> Callable[[str, str, int], float]:
    def run(folder: str, kernel: str, count: int) -> float:
        import nbformat
        import papermill

        new: Any = nbformat.v4
        notebook = new.new_notebook()
        notebook.metadata.kernelspec = {"name": kernel, "display_name": kernel, "language": "python"}
        notebook.cells = [new.new_code_cell(source) for source in _sources(kernel, count)]
        source, target = Path(folder) / "in.ipynb", Path(folder) / "out.ipynb"
        nbformat.write(notebook, source)  # type: ignore[no-untyped-call]
        started = time.perf_counter()
        papermill.execute_notebook(source, target, engine_name=engine, progress_bar=False)
        return time.perf_counter() - started

    return run


if __name__ == "__main__":
    main()
