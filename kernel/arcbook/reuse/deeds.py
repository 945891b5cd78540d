"""What a stage without a view left: decisions, and values for `${name}`, kept in the record and given back from it."""

import json
from dataclasses import replace
from typing import Any

from arcbook.cells.numbers import number
from arcbook.core.masking import MASK
from arcbook.engines.session import Session
from arcbook.reuse.plan import Done
from arcbook.runners.base import Decision, Result, run
from arcbook.stages.execute.config import ConfigExecute
from arcbook.stages.execute.control_flow import ControlFlowExecute


def values_of(result: Result) -> dict[str, Any]:
    """Values for `${name}` as a record keeps them, numbers with the digits they were written with."""
    return {
        name: {"number": str(value)} if isinstance(value, int | float) and not isinstance(value, bool) else value
        for name, value in result.values.items()
    }


def values_from(done: Done) -> dict[str, Any]:
    """The values that a record keeps of a stage."""
    return {
        name: number(each["number"]) if isinstance(each, dict) and set(each) == {"number"} else each
        for name, each in done.values.items()
    }


def decided(stage: Any, done: Done, session: Session) -> Result:
    """What a stage decided or computed in the earlier run, without asking again."""
    details = done.details
    if isinstance(stage, ControlFlowExecute):
        decision = Decision(bool(details.get("result")), details.get("message"))
        return Result(details=details, decisions={stage.key: decision})
    if not isinstance(stage, ConfigExecute):
        return Result(details=details)
    if MASK in json.dumps(done.values, default=str):
        return run(stage, session)  # a record does not keep secrets
    again = run(stage, session) if stage.output_view is not None else Result()
    return replace(again, details=details, values=values_from(done))
