"""What running a notebook costs beyond its cells, against papermill's own engine, and how it grows.

Time per cell is the difference between a long and a short notebook, so that the start of the kernel cancels out.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

SHORT = 20
LONG = (200, 1000)
#: papermill alone rewrites the file after every cell; a thousand cells of that take minutes.
PAPERMILL_UP_TO = 200


def main() -> None:
    """Milliseconds per trivial cell of python3 by both engines, of the arc kernel by ours, and ratios."""
    import logging

    logging.getLogger("papermill").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ARCBOOK_RECORD"] = str(Path(folder) / "runs")
        papermill_own: dict[int, float] = {}
        for cells in LONG:
            ours = per_cell(folder, "python3", "arcbook", cells)
            line = f"python3, {cells:>4} cells: journal {ours * 1000:6.2f} ms a cell"
            if cells <= PAPERMILL_UP_TO:
                papermill_own[cells] = per_cell(folder, "python3", "nbclient", cells)
                own = papermill_own[cells]
                line += f", papermill {own * 1000:6.2f} ms a cell, ratio {ours / own:5.2f}"
            print(line, flush=True)
        for cells in LONG[:1]:
            ours = per_cell(folder, "arc", "arcbook", cells)
            ratio = ours / papermill_own[cells]
            print(
                f"arc,     {cells:>4} cells: journal {ours * 1000:6.2f} ms a cell, {ratio:5.2f} x papermill's python3"
            )


def per_cell(folder: str, kernel: str, engine: str, cells: int) -> float:
    """Seconds per additional cell."""
    short, long = (_run(folder, kernel, engine, count) for count in (SHORT, cells))
    return (long - short) / (cells - SHORT)


def _run(folder: str, kernel: str, engine: str, count: int) -> float:
    import nbformat
    import papermill

    new: Any = nbformat.v4
    notebook = new.new_notebook()
    notebook.metadata.kernelspec = {"name": kernel, "display_name": kernel, "language": "python"}
    mark = "%python\n" if kernel == "arc" else ""
    notebook.cells = [new.new_code_cell(f"{mark}x = {number}; print(x)") for number in range(count)]
    if kernel == "arc":
        notebook.cells.insert(0, new.new_code_cell("%environment test"))
    source, target = Path(folder) / "in.ipynb", Path(folder) / "out.ipynb"
    nbformat.write(notebook, source)  # type: ignore[no-untyped-call]
    started = time.perf_counter()
    papermill.execute_notebook(source, target, engine_name=engine, progress_bar=False)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
