"""Runs that resume one another: what they have done together.

A resumed run that ends early has not reached all that the runs before it had completed. It counts nevertheless, or the
next attempt would do it once more.
"""

from collections.abc import Callable, Collection, Iterator, Sequence

from arcbook.core.failures import InputError
from arcbook.reuse.plan import Done, done_from
from arcbook.runs.record import Record
from arcbook.runs.store import Store


def chain_of(store: Store, record: Record) -> Iterator[Record]:
    """The run, the one that it resumed, and so on.

    Raises:
        InputError: one of their records is gone or cannot be read, so that nobody knows what has been done.
    """
    yield record
    seen = {record.run_id}
    while record.resumed_from and record.resumed_from not in seen:
        try:
            before = store.find(record.resumed_from).record()
        except InputError as error:
            raise InputError(
                f"The run {record.run_id} resumed {record.resumed_from}, whose record is needed too: {error.message} "
                "Start a new run."
            ) from error
        seen.add(before.run_id)
        yield before
        record = before


def done_by(
    store: Store, record: Record, seen: Callable[[Record, Done], Done] = lambda record, done: done
) -> tuple[Done, ...]:
    """The stages that the run and those which it goes on with have completed.

    `seen` may change what the record of a run tells of a stage.

    Raises:
        InputError: as of `chain_of`.
    """
    found: tuple[Done, ...] = ()
    runs: set[str] = set()
    for each in chain_of(store, record):
        told = done_from(each.run_id, [note.model_dump(mode="json") for note in each.stages])
        own = [seen(each, done) for done in told]
        found = (*found, *_not_reached(found, own, runs))
        runs.add(each.run_id)
    return found


def _not_reached(later: Sequence[Done], earlier: Sequence[Done], runs: Collection[str]) -> list[Done]:
    """What an earlier run has done and `later` ones did not come to; not what those have written anew since.

    `runs` are the later runs: work that they took from others has the others' ids.
    """
    waiting = list(later)
    rewritten = {place.address for each in later if each.run_id in runs for place, _ in each.writes}
    found = []
    for each in earlier:
        same = next((other for other in waiting if other.key == each.key or _names(other) == _names(each)), None)
        if same is not None:
            waiting.remove(same)
        elif not any(place.address in rewritten for place, _ in each.writes):
            found.append(each)
    return found


def _names(done: Done) -> tuple[str, str, str | None]:
    return done.stage, done.name, done.view
