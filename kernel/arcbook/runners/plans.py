"""The engine's plan for a stage that failed or took long, for the record of the run."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from arcbook.core.failures import CancelledError
from arcbook.core.notes import VARIABLE, tell
from arcbook.engines.connect import bounded
from arcbook.sql.quote import identifier

if TYPE_CHECKING:
    from arcbook.cells.model import Step
    from arcbook.runners.executor import Executor

#: Asking for a plan takes Sail 4 ms and Spark 50: of a stage this long it is a small part, of a short one too much.
LONG_SECONDS = 1.0
#: What is kept of a plan, in characters.
LIMIT = 4000
#: An engine that does not answer may be the reason of the failure.
_PATIENCE = 5.0


@contextmanager
def telling_plan(step: "Step", executor: "Executor") -> Iterator[None]:
    """Tell the run the plan of `step`, when the block that runs it and reads its rows fails or takes long."""
    started = time.monotonic()
    try:
        yield
    except CancelledError:
        raise  # the engine is being stopped
    except Exception:
        _tell(step, executor)
        raise
    if time.monotonic() - started >= LONG_SECONDS:
        _tell(step, executor)


def _tell(step: "Step", executor: "Executor") -> None:
    if executor.engine.is_gone():
        return  # the next stage, if one comes, starts another; for a plan none is started
    found: list[str] = []
    if VARIABLE in os.environ and bounded(lambda: found.append(_plan(step, executor)), _PATIENCE) and any(found):
        text = found[0]
        tell("plan", stage=step.stage.type_name(), name=step.stage.name, text=text[:LIMIT], cut=len(text) > LIMIT)


def _plan(step: "Step", executor: "Executor") -> str:
    """How the rows of the stage's view come about: the view it made, else the one it reads; empty without one."""
    spark = executor.engine.spark()
    for key in ("output_view", "input_view"):
        view = getattr(step.stage, key, None)
        if isinstance(view, str) and view and spark.catalog.tableExists(view):
            with suppress(Exception):  # the engine may be what failed
                return str(spark.sql(f"EXPLAIN SELECT * FROM {identifier(view)}").collect()[0][0]).strip()
    return ""
