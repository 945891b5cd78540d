"""Running the stages of one run: each is taken from an earlier run where its key allows, and executed otherwise."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from arcbook.cells.model import Step
from arcbook.core.addresses import is_s3
from arcbook.core.failures import AccessError, InputError
from arcbook.engines.session import Session
from arcbook.reuse.checkpoints import Checkpoint, Checkpoints
from arcbook.reuse.deeds import decided, values_of
from arcbook.reuse.frames import read_rows
from arcbook.reuse.keeping import Keeper, Late, Made
from arcbook.reuse.keys import Key, Surroundings, digest, key_of
from arcbook.reuse.ledger import Ledger, States
from arcbook.reuse.plan import Done, ReusePlan
from arcbook.reuse.states import Place, State, state_of
from arcbook.reuse.touching import Effect, Touch, touch_of
from arcbook.runners.base import Result, load_runners, run
from arcbook.runners.executor import Executor
from arcbook.runners.reading.listing import covers
from arcbook.runners.views import register
from arcbook.sql.errors import SqlError
from arcbook.stages.plugins.base import LifecyclePlugin


@dataclass(frozen=True, slots=True)
class Ran:
    """How a stage was done. `note` is for its record; `said` tells what was reused, empty when it was executed."""

    result: Result
    note: Mapping[str, Any] = field(default_factory=dict)
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A view of this run: its key, the tables it is read from anew each time, and all places that it came from."""

    key: Key
    live: frozenset[str] = frozenset()
    roots: tuple[tuple[Place, State | None], ...] = ()
    complete: bool = True


class Reuse:
    """Keys and checkpoints of one run. Used by the thread of the engine alone."""

    def __init__(self, plan: ReusePlan, done: Sequence[Done] = ()) -> None:
        self.plan = plan
        self._ledger = Ledger(done, plan.uncertain)
        self._store = Checkpoints(plan.root) if plan.root else None
        self._keeper = Keeper(plan, self._store)
        self._views: dict[str, _Known] = {}
        self._chains: dict[str, str] = {}
        self._moved: set[Place] = set()

    def chain(self, name: str, what: str) -> None:
        """Note what no key can see through: all that follows depends on it (`name` is `python` or `session`)."""
        self._chains[name] = digest(self._chains.get(name, ""), what)
        self._keeper.forget()

    @property
    def waits(self) -> bool:
        """Whether views were left for the case that the run fails."""
        return self._keeper.waits

    def keep_waiting(self) -> Iterator[Late]:
        """A cell failed: store the views that were left for this moment, one at a time."""
        return self._keeper.keep_waiting()

    def run(
        self, executor: Executor, step: Step, parameters: Mapping[str, Any], plugins: Sequence[LifecyclePlugin] = ()
    ) -> Ran:
        """Do one step: as an earlier run left it, or by the executor.

        Raises:
            ArcbookError: as `Executor.execute`; also when an earlier run's work can neither be taken nor be repeated.
        """
        load_runners()  # a key is also made of the code that would run
        with executor.explaining(step):
            session = executor.session(parameters)
            touch = self._touch(step, session)
        if session.settings.streaming:
            return Ran(executor.execute(step, parameters, plugins))
        if touch.effect is Effect.SESSION:
            result = executor.execute(step, parameters, plugins)
            self.chain("session", str(result.details.get("sql", "")))
            return Ran(result)
        if view := getattr(step.stage, "output_view", None):
            self._keeper.forget(view)
        now: States = tuple((place, state_of(place)) for place in touch.places)
        try:
            key, states = self._key(step, touch, now, session)
        except SqlError:
            return Ran(executor.execute(step, parameters, plugins))  # which says what is wrong, and where
        self._moved |= {place for (place, then), (_, state) in zip(states, now, strict=True) if then != state}
        if self._ledger.knows(key.text):
            done = self._ledger.take(key.text)
            return self._again(_Turn(executor, step, parameters, touch, key, states), done)
        turn = _Turn(executor, step, parameters, touch, key, now)
        if self.plan.cache and (cached := self._cached(turn)):
            return cached
        if self._ledger and touch.effect is Effect.ACT:
            self._ledger.refuse_twice(step.stage.type_name(), touch.writes)
        result = executor.execute(step, parameters, plugins)
        return self._executed(turn, result, session)

    def _touch(self, step: Step, session: Session) -> Touch:
        def delta_of(name: str) -> str | None:
            view = session.views.get(name)
            return view.delta_path if view else None

        return touch_of(step.stage, session.engine, lambda name: name.lower() in self._views, delta_of)

    def _key(self, step: Step, touch: Touch, now: States, session: Session) -> tuple[Key, States]:
        """The stage's key and the states of its inputs in it: such under which an earlier run did it, else as now."""
        views = {name: self._views[name].key for name in touch.views if name in self._views}
        missing = tuple(name for name in touch.views if name not in self._views)
        touch = replace(touch, unknown=(*touch.unknown, *missing))
        found: tuple[Key, States] | None = None
        for states in (*self._ledger.ways(now), now) if self._ledger else (now,):
            around = Surroundings(views=views, states=states, lineage=self.plan.lineage, chains=self._chains)
            found = key_of(step.stage, touch, around, session), states
            if self._ledger.knows(found[0].text):
                break
        assert found is not None
        return found

    # What an earlier run has done.

    def _again(self, turn: "_Turn", done: Done) -> Ran:
        """Take a stage that the resumed run completed."""
        stored = False
        how = "done before"
        if done.view is None and turn.touch.effect in (Effect.VIEW, Effect.REPLACE, Effect.ACT):
            result = turn.restore(lambda session: Result(details=done.details))
        elif turn.touch.effect is Effect.CHECK:
            result = turn.restore(lambda session: decided(turn.step.stage, done, session))
        else:
            checkpoint = self._stored(turn)
            restored = self._restored(turn, checkpoint, done) if checkpoint else None
            stored = restored is not None
            how = "from its checkpoint" if stored else "made again from unchanged input"
            if restored is None:
                self._require_repeatable(turn, done)
            result = restored or self._view(turn, None, done.details)
        self._learn(turn, result)
        self._wrote(turn.touch, turn.key)
        note = self._note(turn, done.writes, stored=stored) | {"from": done.run_id, "how": how}
        if done.values:
            note["values"] = done.values
        return Ran(result, note, f"reused from run {done.run_id}: {how}")

    def _stored(self, turn: "_Turn") -> Checkpoint | None:
        """The checkpoint of a view. One that a table is read through anew must be made again."""
        if self._store is None or self._live(turn):
            return None
        checkpoint = self._store.read(turn.key.text)
        return checkpoint if checkpoint and checkpoint.schema else None

    def _restored(self, turn: "_Turn", checkpoint: Checkpoint, done: Done) -> Result | None:
        """The view from its checkpoint; None when that cannot be read back as it was."""
        try:
            return self._view(turn, checkpoint, done.details)
        except (InputError, AccessError):
            return None

    def _view(self, turn: "_Turn", checkpoint: Checkpoint | None, details: Mapping[str, Any]) -> Result:
        """A view from its checkpoint, else by running its stage, which reads its input when the view is read."""
        store = self._store
        if checkpoint is not None and store is not None and is_s3(store.root):
            turn.executor.engine.need("s3")

        def make(session: Session) -> Result:
            if checkpoint is None or store is None:
                return replace(run(turn.step.stage, session), details=details)
            frame = read_rows(checkpoint, store, session)
            name = str(getattr(turn.step.stage, "output_view", ""))
            register(frame, name, session)
            return Result(frame=frame, view=name, details=details)

        return turn.restore(make)

    def _require_repeatable(self, turn: "_Turn", done: Done) -> None:
        """Raise when a view without checkpoint would come out otherwise than the earlier run had it."""
        view = f"The view `{done.view}` of the run {done.run_id}"
        if turn.touch.effect is not Effect.VIEW:
            raise InputError(f"{view} cannot be restored: it has no checkpoint, and its stage changes data. {_ANEW}")
        rooted = self._roots(turn) if turn.keeps else [(place, state) for place, state in turn.states if not place.live]
        for place, _ in rooted:
            if place in self._moved:
                raise InputError(
                    f"{view} cannot be restored: it has no checkpoint, and the run itself has changed {place.address} "
                    f"since. {_ANEW}"
                )

    def _cached(self, turn: "_Turn") -> Ran | None:
        """Take a stage's work from the checkpoints of any run, where its key holds in all of them."""
        if turn.key.why or self._store is None:
            return None
        view = getattr(turn.step.stage, "output_view", None)
        if turn.touch.effect is Effect.VIEW and view and not self._live(turn):
            checkpoint = self._stored(turn)
            if checkpoint is None:
                return None
            try:
                result = self._view(turn, checkpoint, checkpoint.note.get("details") or {})
            except (InputError, AccessError):
                return None  # what was stored cannot be read back as it was: the stage is executed
        elif turn.touch.effect is Effect.REPLACE:
            checkpoint = self._store.read(turn.key.text)
            left = [(place.address, state_of(place)) for place in turn.touch.writes]
            if checkpoint is None or not _left_so(checkpoint, left):
                return None
            details = checkpoint.note.get("details") or {}
            result = turn.restore(lambda session: Result(details=details))
        else:
            return None
        self._store.touch(checkpoint)
        self._learn(turn, result)
        self._wrote(turn.touch, turn.key)
        writes = tuple((place, state_of(place)) for place in turn.touch.writes)
        note = self._note(turn, writes, stored=True) | {"from": checkpoint.run_id, "how": "from the cache"}
        return Ran(result, note, f"reused from run {checkpoint.run_id}: unchanged")

    # What this run does.

    def _executed(self, turn: "_Turn", result: Result, session: Session) -> Ran:
        self._learn(turn, result)
        self._wrote(turn.touch, turn.key)
        writes = tuple((place, state_of(place)) for place in turn.touch.writes)
        stored, why_not = self._keeper.keep(
            Made(
                executor=turn.executor, step=turn.step, key=turn.key, effect=turn.touch.effect, result=result,
                run_id=session.settings.run_id, roots=self._roots(turn), live=bool(self._live(turn)),
                complete=self._is_complete(turn), writes=_states(writes),
            )
        )  # fmt: skip
        note = self._note(turn, writes, stored=stored)
        if why_not:
            note["notStored"] = why_not
        if values := values_of(result):
            note["values"] = values
        return Ran(result, note)

    # The views of this run.

    def _learn(self, turn: "_Turn", result: Result) -> None:
        """Note the view that a stage left."""
        if result.view is None:
            return
        self._views[result.view.lower()] = _Known(
            key=turn.key,
            live=self._live(turn),
            roots=tuple(dict.fromkeys(self._roots(turn))),
            complete=self._is_complete(turn),
        )

    def _live(self, turn: "_Turn") -> frozenset[str]:
        """The tables that the stage's view shows as they are whenever it is read, and that this job writes."""
        if turn.keeps:
            return frozenset()
        own = {place.address for place in turn.touch.places if place.live and self._is_written(place.address)}
        return frozenset(own).union(*(self._views[name].live for name in turn.touch.views if name in self._views))

    def _is_written(self, address: str) -> bool:
        written = self.plan.written
        return written is None or any(covers(address, each) for each in written)

    def _roots(self, turn: "_Turn") -> list[tuple[Place, State | None]]:
        parents = [self._views[name] for name in turn.touch.views if name in self._views]
        return [*turn.states, *(root for parent in parents for root in parent.roots)]

    def _is_complete(self, turn: "_Turn") -> bool:
        """Whether the roots of the stage's view are all that it comes from."""
        parents = [self._views.get(name) for name in turn.touch.views]
        known = turn.touch.complete and not turn.touch.unknown
        return known and all(each is not None and each.complete for each in parents)

    def _wrote(self, touch: Touch, key: Key) -> None:
        """After a change of a table: views that show it as it is have another content now."""
        if touch.effect not in (Effect.REPLACE, Effect.ACT):
            return
        if not touch.complete:
            self.chain("changes", key.text)
        for name, view in self._views.items():
            if any(covers(address, place.address) for address in view.live for place in touch.writes):
                self._views[name] = replace(view, key=replace(view.key, text=digest(view.key.text, key.text)))

    def _note(self, turn: "_Turn", writes: States, *, stored: bool) -> dict[str, Any]:
        """What the record keeps of the stage: its key, what it read and left."""
        note: dict[str, Any] = {"key": turn.key.text, "effect": turn.touch.effect.name, "stored": stored}
        if turn.key.why:
            note["why"] = turn.key.why
        for name, states in (("inputs", turn.states), ("writes", writes)):
            if listed := _states(states):
                note[name] = listed
        return note


@dataclass(frozen=True, slots=True)
class _Turn:
    """A stage whose turn has come."""

    executor: Executor
    step: Step
    parameters: Mapping[str, Any]
    touch: Touch
    key: Key
    states: States

    @property
    def keeps(self) -> bool:
        """Whether the view keeps its rows when a table that it comes from changes; Spark evaluates it anew then."""
        return bool(getattr(self.step.stage, "persist", False)) and self.executor.engine.name == "embedded"

    def restore(self, make: Any) -> Result:
        """Have the executor take what `make` yields for the stage's own work."""
        return self.executor.restore(self.step, self.parameters, make)


_ANEW = "Start a new run without --resume."


def _states(states: Sequence[tuple[Place, State | None]]) -> list[dict[str, Any]]:
    return [state.to_dict(place) for place, state in states if state is not None]


def _left_so(checkpoint: Checkpoint, now: Sequence[tuple[str, State | None]]) -> bool:
    """Whether the places that a stage wrote are still as it left them."""
    then = {each.get("address"): each.get("token") for each in checkpoint.note.get("writes") or ()}
    return bool(now) and all(state is not None and then.get(address) == state.token for address, state in now)
