"""What an earlier run has done, and whether the world is still as that run left it."""

from collections.abc import Iterator, Sequence
from itertools import islice, product

from arcbook.core.failures import DefinitionError
from arcbook.reuse.plan import Done
from arcbook.reuse.states import Place, State, state_of
from arcbook.runners.reading.listing import covers

States = tuple[tuple[Place, State | None], ...]
#: So many ways are tried in which the states that a stage found may be put together.
_MOST_WAYS = 32


class Ledger:
    """The completed stages of the run that is resumed; each is taken once.

    The run's own writes do not count as changes of what it read before: a place that is as the run left it, or that the
    stage which failed may have begun to write, is taken to be unchanged.
    """

    def __init__(self, done: Sequence[Done] = (), uncertain: Sequence[str] = ()) -> None:
        self._done = tuple(done)
        self._uncertain = tuple(uncertain)
        self._taken: set[int] = set()
        self._left: dict[Place, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._done)

    def ways(self, now: States) -> Iterator[States]:
        """The states under which the earlier run may have read the places of `now`, its own order first, then `now`."""
        options = [[(place, state) for state in self._candidates(place, state)] for place, state in now]
        yield from islice((tuple(way) for way in product(*options)), _MOST_WAYS)

    def _candidates(self, place: Place, now: State | None) -> list[State | None]:
        found: list[State | None] = []
        for each in self._done:
            for other, state in each.inputs:
                if other.address == place.address and other.delta == place.delta and state not in found:
                    found.append(state)
        if now is None:
            return [now]  # nobody can tell: the run that goes on goes on with what it has read
        if now not in found and not self._is_ours(place):
            return [now]
        return [*found, *([now] if now not in found else [])]

    def _is_ours(self, place: Place) -> bool:
        """Whether what is at a place now is what the earlier run left there."""
        if any(covers(place.address, each) for each in self._uncertain):
            return True
        if place not in self._left:
            last = {
                write.address: (write, state)
                for each in self._done
                for write, state in each.writes
                if covers(place.address, write.address)
            }
            self._left[place] = bool(last) and all(state_of(write) == state for write, state in last.values())
        return self._left[place]

    def knows(self, key: str) -> bool:
        """Whether a stage of that key is there to be taken."""
        return self._index(key) is not None

    def take(self, key: str) -> Done:
        """The first stage of that key that was not taken yet; a later call yields the next one."""
        index = self._index(key)
        assert index is not None
        self._taken.add(index)
        return self._done[index]

    def _index(self, key: str) -> int | None:
        free = (at for at, each in enumerate(self._done) if each.key == key and at not in self._taken)
        return next(free, None)

    def refuse_twice(self, stage: str, writes: Sequence[Place]) -> None:
        """Stop a stage that changes something which the earlier run has changed already, under another key.

        Raises:
            DefinitionError: it has.
        """
        addresses = {place.address for place in writes}
        for at, each in enumerate(self._done):
            if at in self._taken or each.effect != "ACT" or each.stage != stage:
                continue
            if {place.address for place, _ in each.writes} == addresses:
                where = f" in cell {each.cell}" if each.cell else ""
                raise DefinitionError(
                    f"The run {each.run_id} has done {stage} `{each.name}`{where} already, and this stage, its input, "
                    "what feeds it or arcbook itself has changed since: repeating it could write rows twice. Undo the "
                    "change, or start a new run without --resume."
                )
