"""What a run keeps of its work: views as checkpoints, at once or when the run fails, and deeds for the cache."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from arcbook.cells.model import Step
from arcbook.core.addresses import is_s3
from arcbook.core.failures import ArcbookError, CancelledError
from arcbook.reuse.checkpoints import Checkpoints
from arcbook.reuse.frames import MOST_ROWS, unstorable, write_rows
from arcbook.reuse.keys import Key
from arcbook.reuse.plan import SMALL_BYTES, ReusePlan
from arcbook.reuse.states import Place, State, state_of
from arcbook.reuse.touching import Effect
from arcbook.runners.base import Result
from arcbook.runners.delta import open_table
from arcbook.runners.executor import Executor
from arcbook.runners.reading.listing import covers
from arcbook.sql.quote import identifier

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Why a view is not stored while nobody knows whether a cell will fail.
WAITS = "left for the case that a cell fails"
#: How long a failed run may take to store the views that it had left for this moment, in seconds.
LATE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a stage made, with all that decides whether it is kept.

    `roots` are the places that its view comes from with their states, `live` tells whether it shows a table that this
    job writes, `complete` whether the roots are all that it comes from, `writes` are the states that it left.
    """

    executor: Executor
    step: Step
    key: Key
    effect: Effect
    result: Result
    run_id: str
    roots: Sequence[tuple[Place, State | None]]
    live: bool
    complete: bool
    writes: Sequence[Mapping[str, Any]]

    @property
    def persists(self) -> bool:
        """Whether the stage's view is evaluated once and held."""
        return bool(getattr(self.step.stage, "persist", False))


@dataclass(frozen=True, slots=True)
class Late:
    """What became of a view that was left for the case that a cell fails: stored, or `why_not`.

    `trouble` tells whether something stood in the way, where otherwise the view was one that is not kept.
    """

    view: str
    key: str
    stored: bool
    why_not: str = ""
    trouble: bool = False


class Keeper:
    """Writes checkpoints into `store` (None: there is none) as `plan` wants. Used by the thread of the engine alone."""

    def __init__(self, plan: ReusePlan, store: Checkpoints | None) -> None:
        self._plan = plan
        self._store = store
        self._waiting: dict[str, Made] = {}

    def keep(self, made: Made) -> tuple[bool, str]:
        """Store what a stage made, where that is wanted and possible; whether it is stored, and why not."""
        store = self._store
        if store is None or self._plan.keep == "never":
            return False, ""
        if made.effect is Effect.REPLACE and self._plan.cache and not made.key.why:
            with _tolerant() as failed:
                store.publish(made.key.text, "", run_id=made.run_id, note=_note(made))
            return not failed, "".join(failed)
        if made.result.view is None or made.result.frame is None:
            return False, ""
        if self._can_wait(made):
            self._waiting[made.result.view.lower()] = made
            return False, WAITS
        with _tolerant() as failed:
            return self._keep_view(made)
        return False, "".join(failed)

    def forget(self, view: str | None = None) -> None:
        """Another stage takes the name of `view`; None: nobody knows what becomes of the views that wait."""
        if view is None:
            self._waiting.clear()
        else:
            self._waiting.pop(view.lower(), None)

    @property
    def waits(self) -> bool:
        """Whether views were left for the case that the run fails."""
        return bool(self._waiting)

    def keep_waiting(self) -> Iterator[Late]:
        """Store the views that were left for the case that a cell fails, the last first, as far as there is time."""
        deadline = time.monotonic() + LATE_SECONDS
        while self._waiting:
            _, made = self._waiting.popitem()
            view = str(made.result.view)  # as it was spelt: Sail finds it under no other name
            if time.monotonic() > deadline:
                why_not = f"storing the others took {LATE_SECONDS:.0f} seconds"
                yield Late(view, made.key.text, stored=False, why_not=why_not, trouble=True)
            elif made.executor.engine.is_gone():
                yield Late(view, made.key.text, stored=False, why_not="its engine has gone", trouble=True)
            else:
                yield self._keep_late(view, made)

    def _keep_late(self, view: str, made: Made) -> Late:
        """Store a view that was left."""
        stored, why_not = False, ""
        with _tolerant() as failed:
            # By name: the view's own plan, whatever has become of the names that its statement mentions.
            frame = made.executor.engine.spark().table(identifier(view))
            stored, why_not = self._keep_view(replace(made, result=replace(made.result, frame=frame)))
        return Late(view, made.key.text, stored, why_not="".join(failed) or why_not, trouble=bool(failed))

    def _can_wait(self, made: Made) -> bool:
        """Whether a view's rows can be had as well when the run fails: a run that completes needs none of them.

        Storing a view evaluates it, and with it all views that it comes from.
        """
        plan = self._plan
        if plan.cache or plan.keep != "small" or plan.written is None:
            return False
        if made.effect is not Effect.VIEW or made.persists or made.key.why or made.live:
            return False
        return not any(covers(place.address, each) for place, _ in made.roots for each in plan.written)

    def _keep_view(self, made: Made) -> tuple[bool, str]:
        store, frame = self._store, made.result.frame
        assert store is not None
        assert frame is not None
        with made.executor.explaining(made.step):
            why_not = self._unwanted(made) or unstorable(frame)
            if why_not:
                return False, why_not
            if store.read(made.key.text) is not None:
                return True, ""
            if is_s3(store.root):
                made.executor.engine.need("s3")
            return self._write(store, frame, made)

    def _unwanted(self, made: Made) -> str:
        """Why a view is not to be stored; empty when it is."""
        if "uses a secret" in made.key.why:
            return "it uses a secret"
        if made.live:
            return "the job writes the table that it is read from"
        if self._plan.keep == "small" and made.effect is not Effect.ACT and not made.persists:
            size = _bytes_of(made.roots) if made.complete else None
            if size is None or size > SMALL_BYTES:
                return "its input is large, or nobody knows how large; --checkpoints always stores it"
        return ""

    def _write(self, store: Checkpoints, frame: "DataFrame", made: Made) -> tuple[bool, str]:
        key = made.key.text
        name = store.new_folder(key)
        published = False
        try:
            written = write_rows(frame, f"{store.folder(key)}/{name}", few_only=self._plan.keep == "small")
            if written is None:
                return False, f"it has more than {MOST_ROWS:,} rows; --checkpoints always stores it"
            if any(state_of(place) != state for place, state in made.roots if not place.version):
                return False, "its input changed meanwhile"
            store.publish(
                key, name, size=written.size, sha256=written.sha256, run_id=made.run_id,
                schema=frame.schema.json(), rows=written.rows, note=_note(made),
            )  # fmt: skip
            published = True
        finally:
            if not published:
                with _tolerant():  # why nothing could be written is told, not why the rest of it could not be removed
                    store.drop(key, name)
        return True, ""


@contextmanager
def _tolerant() -> Iterator[list[str]]:
    """What fails in the block is told, not raised: the stage has done its work, which a checkpoint must not undo."""
    failed: list[str] = []
    try:
        yield failed
    except CancelledError:
        raise
    except (ArcbookError, OSError) as error:
        failed.append(str(error))


def _bytes_of(roots: Sequence[tuple[Place, State | None]]) -> int | None:
    """The bytes of all places together, None when nobody knows."""
    total = 0
    for place, state in dict.fromkeys(roots):
        size = state.bytes if state is not None else None
        if size is None and state is not None and place.delta:
            size = _table_bytes(place, state)
        if size is None:
            return None
        total += size
    return total


def _table_bytes(place: Place, state: State) -> int | None:
    table = open_table(place.address)
    if place.version is not None and state.version is not None:
        table.load_as_version(state.version)
    return sum(size or 0 for size in table.get_add_actions().column("size_bytes").to_pylist())


def _note(made: Made) -> dict[str, Any]:
    """What a later run takes over of the stage's record, as plain values."""
    details = json.loads(json.dumps(made.result.details, default=str))
    return {"details": details, "writes": list(made.writes)}
