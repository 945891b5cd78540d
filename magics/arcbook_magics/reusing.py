"""What a launcher asks a kernel to take from earlier runs and to keep of this one."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from arcbook.core.failures import ArcbookError, CancelledError, OutOfMemoryError, TransientError
from arcbook.core.notes import tell
from arcbook.reuse.plan import plan_from
from arcbook.reuse.reuse import Reuse
from arcbook_magics.room import EngineRoom


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


def keep_for_resuming(room: EngineRoom, reuse: Reuse, error: BaseException) -> None:
    """Have the engine store the views that were left for the case that the run fails, after it failed with `error`."""
    if isinstance(error, CancelledError | OutOfMemoryError | TransientError) or not isinstance(error, ArcbookError):
        return  # there is no time, or no engine that has the views
    if not reuse.waits:
        return  # and an engine need not be opened for it
    with suppress(ArcbookError):  # the run's own failure is what is told
        room.call(lambda _: _keep(reuse))


def _keep(reuse: Reuse) -> None:
    troubles: dict[str, list[str]] = {}
    for late in reuse.keep_waiting():
        # Each at once: of a kernel that is killed meanwhile it is known which views it has stored.
        tell("kept", key=late.key, stored=late.stored, why_not=late.why_not)
        if late.trouble:
            troubles.setdefault(late.why_not, []).append(f"`{late.view}`")
    if troubles:
        listed = "; ".join(f"{', '.join(views)}: {reason}" for reason, views in troubles.items())
        tell("trouble", text=f"Not stored for resuming, which makes them again: {listed}")
