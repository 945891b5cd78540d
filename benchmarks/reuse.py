"""What keys and checkpoints cost a run: the same stages by the executor alone, and as a run does them.

Each stage is a small view on the embedded engine, so nothing is read. `keys` is a run that completes, which stores
nothing by default; `always` evaluates and stores every view at once.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from arcbook.cells.magics import read_cell
from arcbook.cells.model import Step
from arcbook.cells.plan import Context, steps_of
from arcbook.core.settings import RunSettings
from arcbook.engines.base import Engine
from arcbook.engines.open import open_engine
from arcbook.reuse.plan import Keep, ReusePlan
from arcbook.reuse.reuse import Reuse
from arcbook.runners.base import load_runners
from arcbook.runners.executor import Executor

STAGES = 200
ROUNDS = 3


def main() -> None:
    """Milliseconds a stage, and their ratios to the executor alone."""
    engine = open_engine("embedded")
    load_runners()
    try:
        with tempfile.TemporaryDirectory() as folder:
            ways: dict[str, Callable[[Engine, list[Step]], None]] = {
                "executor": _alone, "keys": _reusing("small", folder), "always": _reusing("always", folder),
            }  # fmt: skip
            steps = _steps(Path(folder))
            _alone(engine, steps)  # the first use imports
            best = {name: min(_timed(way, engine, steps) for _ in range(ROUNDS)) for name, way in ways.items()}
    finally:
        engine.close()
    for name, each in best.items():
        print(f"{name:<9}{each:6.2f} ms a stage, {each / best['executor']:4.1f} x the executor alone")


def _steps(folder: Path) -> list[Step]:
    (folder / "in.csv").write_text("id,name\n1,a\n2,b\n")
    texts = [f'{{"type": "DelimitedExtract", "name": "e", "inputURI": "{folder}/in.csv", "outputView": "v"}}']
    for number in range(1, STAGES):
        sql = f"SELECT _c0 AS id, upper(_c1) AS name FROM v WHERE _c0 <> '{number}'"
        texts.append(f'{{"type": "SQLTransform", "name": "q", "sql": "{sql}", "outputView": "v{number}"}}')
    context = Context(settings=RunSettings(environment="test"), engine="embedded")
    return [step for text in texts for step in steps_of(read_cell(text), context)]


def _alone(engine: Engine, steps: list[Step]) -> None:
    executor = Executor(engine, RunSettings(environment="test"))
    for step in steps:
        executor.execute(step, {})


def _reusing(keep: Keep, folder: str) -> Callable[[Engine, list[Step]], None]:
    def run(engine: Engine, steps: list[Step]) -> None:
        with tempfile.TemporaryDirectory(dir=folder) as root:
            plan = ReusePlan(root=root, keep=keep, lineage="r", written=())
            reuse = Reuse(plan)
            executor = Executor(engine, RunSettings(environment="test", run_id="r"))
            for step in steps:
                reuse.run(executor, step, {})

    return run


def _timed(way: Callable[[Engine, list[Step]], None], engine: Engine, steps: list[Step]) -> float:
    started = time.perf_counter()
    way(engine, steps)
    return 1000 * (time.perf_counter() - started) / len(steps)


if __name__ == "__main__":
    main()
