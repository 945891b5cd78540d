"""What a launcher asks a kernel to take from earlier runs and to keep of this one."""

from collections.abc import Mapping
from typing import Any

from arcbook.reuse.plan import done_from, plan_from
from arcbook.reuse.reuse import Reuse


def open_reuse(asked: Mapping[str, Any]) -> Reuse:
    """The reuse that a launcher's message asks for; the record of a run to resume is read here.

    Raises:
        InputError: that record is gone or cannot be read.
    """
    from arcbook.runs.store import open_store

    plan = plan_from(asked)
    if not plan.resume:
        return Reuse(plan)
    record = open_store(plan.records).find(plan.resume).record()
    return Reuse(plan, done_from(record.run_id, [note.model_dump(mode="json") for note in record.stages]))
