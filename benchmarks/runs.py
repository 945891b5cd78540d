"""What running a notebook costs beyond its cells, and how that grows with their number.

`bare` sends the same cells to the same kind of kernel with jupyter_client and keeps nothing: no runner can be faster. A
runner's overhead is what it takes beyond that. Time per cell is the difference between a long and a short notebook, so
that the start of the kernel cancels out; the smallest of several rounds counts, since a busy machine only adds. The
processor time is that of the process which runs the notebook, without the kernel's: it hardly minds a busy machine.
"""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
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
                line = f"{kernel:<8}{cells:>5} cells: bare {without}, journal {journal}"
                line += f", overhead {journal.wall - without.wall:6.2f} (processor {journal.cpu - without.cpu:5.2f})"
                if kernel == "python3" and cells in PAPERMILL:
                    alone = per_cell(own, cells, rounds=1)
                    line += f"; papermill alone {alone}: {alone.wall / journal.wall:5.1f} x ours"
                print(line, flush=True)


@dataclass(frozen=True)
class Cost:
    """Milliseconds of an additional cell: on the clock, and of this process's processor time."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:7.2f} ms ({self.cpu:6.2f})"


def per_cell(run: Callable[[int], None], cells: int, rounds: int = ROUNDS) -> Cost:
    """What an additional cell costs; the first run of all only imports."""
    run(1)
    short = [_timed(run, SHORT) for _ in range(rounds)]
    long = [_timed(run, cells) for _ in range(rounds)]
    wall, cpu = (
        1000 * (min(each[kind] for each in long) - min(each[kind] for each in short)) / (cells - SHORT)
        for kind in (0, 1)
    )
    return Cost(wall, cpu)


def _timed(run: Callable[[int], None], count: int) -> tuple[float, float]:
    started, used = time.perf_counter(), time.process_time()
    run(count)
    return time.perf_counter() - started, time.process_time() - used


def _sources(kernel: str, count: int) -> list[str]:
    if kernel == "arc":
        return ["%environment test", *(f"%python\nx = {number}; print(x)" for number in range(count))]
    return [f"x = {number}; print(x)" for number in range(count)]


def _bare(folder: str, kernel: str, count: int) -> None:
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name=kernel, transport="ipc", ip=f"{folder}/bare-{count}")
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


def _papermill(engine: str) -> Callable[[str, str, int], None]:
    def run(folder: str, kernel: str, count: int) -> None:
        import nbformat
        import papermill

        new: Any = nbformat.v4
        notebook = new.new_notebook()
        notebook.metadata.kernelspec = {"name": kernel, "display_name": kernel, "language": "python"}
        notebook.cells = [new.new_code_cell(source) for source in _sources(kernel, count)]
        source, target = Path(folder) / "in.ipynb", Path(folder) / "out.ipynb"
        nbformat.write(notebook, source)  # type: ignore[no-untyped-call]
        papermill.execute_notebook(source, target, engine_name=engine, progress_bar=False)

    return run


if __name__ == "__main__":
    main()
