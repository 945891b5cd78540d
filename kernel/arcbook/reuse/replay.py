"""A recorded run restored in a session: its views as they were, and a scratch place in place of all it would write."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from arcbook.cells.model import Step
from arcbook.core.addresses import is_s3
from arcbook.core.failures import ArcbookError, DefinitionError
from arcbook.engines.session import Session
from arcbook.reuse.checkpoints import Checkpoint, Checkpoints
from arcbook.reuse.deeds import decided
from arcbook.reuse.frames import read_rows
from arcbook.reuse.plan import Done
from arcbook.reuse.states import Place, State, address_of, state_of
from arcbook.reuse.touching import Effect, Touch, statement_of, touch_of
from arcbook.runners.base import Result, run
from arcbook.runners.delta_places import read_table, save_table
from arcbook.runners.executor import Executor
from arcbook.runners.statement import CHANGES
from arcbook.runners.views import register
from arcbook.sql.offsets import Replacement, render
from arcbook.sql.quote import identifier
from arcbook.sql.references import Reference, analyse
from arcbook.sql.rewrite import delta_path
from arcbook.stages.base import Stage, roles_of
from arcbook.stages.extract.delta_lake import DeltaLakeExtract, TimeTravel
from arcbook.stages.keys import Role
from arcbook.stages.plugins.base import LifecyclePlugin


class Replay:
    """Restores the stages of a recorded run and runs further ones. Used by the thread of the engine alone.

    Args:
        run_id: the run, for messages.
        done: the stages that it completed.
        scratch: a folder that takes what further stages write.
        store: the checkpoints of runs, or None.
        changed: the tables that statements of the job change: each is copied before a view shows it.
    """

    def __init__(
        self, run_id: str, done: Sequence[Done], scratch: Path, store: Checkpoints | None, changed: Sequence[str] = ()
    ) -> None:
        self.run_id = run_id
        self.scratch = scratch
        self._store = store
        self._changed = {address_of(uri) for uri in changed}
        self._versions = {
            place.address: state.version
            for each in done
            for place, state in (*each.inputs, *each.writes)
            if place.delta and state.version is not None
        }
        self._moved: dict[str, str] = {}

    def restore(self, executor: Executor, step: Step, parameters: Mapping[str, Any], done: Done) -> str:
        """Restore what a stage of the run left; says how, and what is not as it was.

        Raises:
            ArcbookError: the view cannot be made again.
        """
        with executor.explaining(step):
            session = executor.session(parameters)
            touch = self._touch(step.stage, session)
        if done.view is None or touch.effect is Effect.CHECK:
            executor.restore(step, parameters, lambda session: decided(step.stage, done, session))
            return "not done again" if touch.effect is not Effect.VIEW else ""
        checkpoint = self._store.read(done.key) if self._store else None
        if checkpoint is not None and checkpoint.schema:
            if self._store is not None and is_s3(self._store.root):
                executor.engine.need("s3")
            executor.restore(step, parameters, self._from(checkpoint, done))
            return "from its checkpoint"
        if touch.effect is not Effect.VIEW:
            return "lost: it has no checkpoint, and its stage changes data"
        with executor.explaining(step):
            pinned, told = self._pinned(step.stage, session, done)
        executor.restore(replace(step, stage=pinned), parameters, lambda session: run(pinned, session))
        return ", ".join(("made again", *told, *_differences(touch, done)))

    def _from(self, checkpoint: Checkpoint, done: Done) -> Callable[[Session], Result]:
        def make(session: Session) -> Result:
            assert self._store is not None
            assert done.view is not None
            frame = read_rows(checkpoint, self._store, session)
            register(frame, done.view, session)
            return Result(frame=frame, view=done.view, details=done.details)

        return make

    def execute(
        self, executor: Executor, step: Step, parameters: Mapping[str, Any], plugins: Sequence[LifecyclePlugin] = ()
    ) -> tuple[Result, str]:
        """Run a further stage, its writes in the scratch place; the second part says where they went.

        Raises:
            DefinitionError: the stage acts on something that has no place elsewhere.
        """
        with executor.explaining(step):
            session = executor.session(parameters)
            stage, told = self._pinned(step.stage, session, None)
            stage = self._diverted(stage, session)
            places = self._places(stage, session)
        settings = executor.settings
        # Without the run's id, whose appends count as done when they are repeated: here each is to be seen.
        executor.settings = replace(settings, run_id="") if stage.kind == "load" else settings
        try:
            result = executor.execute(replace(step, stage=stage), parameters, plugins)
        finally:
            executor.settings = settings
        return result, "; ".join((*told, *(f"written to {place}" for place in places)))

    def _places(self, stage: Stage, session: Session) -> list[str]:
        """Where in the scratch place a stage writes: what a load names, or the table that a statement changes."""
        places = [str(uri) for _, uri in stage.values_of(Role.WRITES_PLACE)]
        return places or [place.address for place in self._touch(stage, session).writes]

    def _touch(self, stage: Stage, session: Session) -> Touch:
        def delta_of(name: str) -> str | None:
            view = session.views.get(name)
            return view.delta_path if view else None

        return touch_of(stage, session.engine, lambda name: session.views.get(name) is not None, delta_of)

    # Reading tables as they were.

    def _pinned(self, stage: Stage, session: Session, done: Done | None) -> tuple[Stage, list[str]]:
        """The stage reading tables as the run found or left them, or its own copies of them; and what to tell of it."""
        told: list[str] = []
        changes: dict[str, Any] = {}
        if isinstance(stage, DeltaLakeExtract):
            changes = self._extract(stage, session, done, told)
        else:
            for name, field in type(stage).model_fields.items():
                value = getattr(stage, name)
                if Role.READS_PLACE in roles_of(field) and value and address_of(str(value)) in self._moved:
                    changes[name] = self._moved[address_of(str(value))]
        text = statement_of(stage)
        if text is not None and any(True for _ in stage.values_of(Role.SQL)):
            pinned = self._statement(text, session, told)
            if pinned != text:
                changes |= {"sql": pinned, "sql_params": {}}
        return stage.model_copy(update=changes) if changes else stage, told

    def _extract(self, stage: DeltaLakeExtract, session: Session, done: Done | None, told: list[str]) -> dict[str, Any]:
        address = address_of(stage.input_uri)
        # Such a view kept the rows of its moment, whatever became of the table.
        kept = stage.options != TimeTravel() or stage.persist or stage.partition_by or stage.num_partitions
        if not kept and (address in self._changed or address in self._moved):
            return {"input_uri": self._copy(address, session, told)}
        commit = (done.details.get("commit") or {}) if done and kept else {}
        version = commit.get("version", self._versions.get(address))
        if version is None or (stage.options != TimeTravel() and done is None):
            return {}
        told.append(f"version {version} of {stage.input_uri}")
        return {"options": TimeTravel().model_copy(update={"version_as_of": version})}

    def _statement(self, text: str, session: Session, told: list[str]) -> str:
        """The statement with tables named by path as they were, or their copies."""
        found = analyse(text)
        replacements = []
        for each, written in (*((read, False) for read in found.reads), *((write, True) for write in found.writes)):
            if each.path is not None:
                new = self._named(each, session, told, written=written and found.kind in CHANGES)
                replacements += [Replacement(each.start, each.end, new)] if new else []
        return render(text, replacements).text

    def _named(self, reference: Reference, session: Session, told: list[str], *, written: bool) -> str:
        """What stands for format.`path`; empty when it stays."""
        address = address_of(reference.path or "")
        kind = reference.name.partition(".")[0].lower()
        if kind == "delta" and (written or address in self._changed or address in self._moved):
            return delta_path(self._copy(address, session, told))
        if address in self._moved:
            return f"{kind}.{identifier(self._moved[address])}"
        version = self._versions.get(address)
        if kind != "delta" or version is None:
            return ""
        name = f"_arcbook_replay_{uuid.uuid4().hex[:8]}"
        read_table(address, session, version).createOrReplaceTempView(name)
        told.append(f"version {version} of {reference.path}")
        return identifier(name)

    def _copy(self, address: str, session: Session, told: list[str]) -> str:
        """The scratch copy of a table, in the version of the run; made when it is first needed."""
        if address not in self._moved:
            target = self._target(address)
            version = self._versions.get(address)
            if state_of(Place(address, delta=True)) not in (None, State("")):
                save_table(read_table(address, session, version).write, target, session)
                told.append(f"a copy of version {version if version is not None else '(newest)'} of {address}")
            self._moved[address] = target
        return self._moved[address]

    # Writing elsewhere.

    def _diverted(self, stage: Stage, session: Session) -> Stage:
        """The stage writing into the scratch place.

        Raises:
            DefinitionError: it acts on something that has no place elsewhere.
        """
        touch = self._touch(stage, session)
        changes: dict[str, Any] = {}
        for name, field in type(stage).model_fields.items():
            value = getattr(stage, name)
            if Role.WRITES_PLACE in roles_of(field) and value:
                address = address_of(str(value))
                changes[name] = self._moved.setdefault(address, self._target(address))
        if touch.effect in (Effect.REPLACE, Effect.ACT) and not changes:
            self._require_within(stage, touch)
        return stage.model_copy(update=changes) if changes else stage

    def _require_within(self, stage: Stage, touch: Touch) -> None:
        """Raise unless a statement changes scratch copies alone."""
        text = statement_of(stage)
        kind = analyse(text).kind if text is not None else ""
        within = [Path(place.address).is_relative_to(self.scratch) for place in touch.writes]
        if kind in CHANGES and touch.complete and within and all(within):
            return
        raise DefinitionError(
            f"This is a replay of {self.run_id}, in which nothing outside may change, and what {stage.type_name()} "
            f"`{stage.name}` changes cannot be put elsewhere. Restart the kernel to leave the replay."
        )

    def _target(self, address: str) -> str:
        name = Path(address.rstrip("/")).name or "place"
        return str(self.scratch / f"{name}-{uuid.uuid4().hex[:6]}")


def _differences(touch: Touch, done: Done) -> list[str]:
    """What was read from files that are not as they were."""
    found = []
    for place, state in done.inputs:
        if place.delta:
            continue
        known = next((each for each in touch.places if each.address == place.address), place)
        try:
            now = state_of(known)
        except ArcbookError:
            now = None
        if now != state:
            found.append(f"but {place.address} has changed since the run")
    return found
