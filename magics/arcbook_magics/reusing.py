"""What a launcher asks a kernel to take from earlier runs and to keep of this one."""

from collections.abc import Mapping
from typing import Any

from arcbook.reuse.plan import plan_from
from arcbook.reuse.reuse import Reuse


def open_reuse(asked: Mapping[str, Any]) -> Reuse:
    """The reuse that a launcher's message asks for; the records of a run to resume are read here.

    Raises:
        InputError: one of them is gone or cannot be read.
    """
    from arcbook.runs.chain import done_by
    from arcbook.runs.store import open_store

    plan = plan_from(asked)
    if not plan.resume:
        return Reuse(plan)
    store = open_store(plan.records)
    return Reuse(plan, done_by(store, store.find(plan.resume).record()))
