"""Running stage text on an executor, for tests that need more than a case file says."""

from typing import Any

from arcbook.cells.check import check
from arcbook.cells.hocon import read_objects
from arcbook.cells.model import Cell, Step
from arcbook.runners.base import Result
from arcbook.runners.executor import Executor


def run_text(executor: Executor, text: str, **parameters: Any) -> Result:
    """Check and run the stage objects of `text`; the result of the last one."""
    result = Result()
    for tree in read_objects(text):
        stage = check(tree, settings=executor.settings, source=text)
        result = executor.execute(Step(stage=stage, tree=tree, cell=Cell(source=text)), parameters)
    return result


def run_each(executor: Executor, text: str) -> list[Result]:
    """Check and run the stage objects of `text`, each at its own place in the text; all results."""
    results = []
    for tree in read_objects(text):
        stage = check(tree, settings=executor.settings, source=text)
        results.append(executor.execute(Step(stage=stage, tree=tree, cell=Cell(source=text)), {}))
    return results


def rows(result: Result) -> list[tuple[Any, ...]]:
    """The rows of a result's frame, sorted."""
    assert result.frame is not None
    return sorted((tuple(row) for row in result.frame.collect()), key=repr)
