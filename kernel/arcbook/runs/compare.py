"""What one run did differently from another, by their records."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from arcbook.core.launch import TIMES
from arcbook.runs.record import Record, StageNote

#: Facts of a run that may explain another outcome, and what people call them.
_FACTS = {
    "job": "job", "source": "source", "source_hash": "cells (SHA-256)", "kernel": "kernel", "engine": "engine",
    "environment": "environment", "logical_time": "logical time", "run_key": "run key", "host": "host",
    "status": "status",
}  # fmt: skip
#: Names and values, and what people call each of them.
_NAMED = {"parameters": "parameter", "launch": "launch value", "tags": "tag", "versions": "version of"}
#: Endings of details that differ in any two runs and mean nothing: when a commit was made, how long it took, a gate's
#: seconds, ids.
_ALWAYS = ("timestamp", "TimeMs", "queryExecutionId", ".seconds")
# A cell is called slower or faster from this factor and this many seconds on; less is noise.
_FACTOR, _SECONDS = 1.5, 1.0


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact that is not the same in two runs; None where a run has no such fact."""

    what: str
    before: Any
    after: Any

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def differences(before: Record, after: Record) -> list[Difference]:
    """What differs: what was run and with which values, how it ended, what its stages did, how long cells took.

    Stages are compared by type and name, in the order in which they ran; cells by their number. What differs in any two
    runs is left out: ids, times of commits, and durations less than half as long again.
    """
    pairs = [
        *((name, getattr(before, field), getattr(after, field)) for field, name in _FACTS.items()),
        *_failures(before, after),
        *_named(before, after),
        *_stages(before, after),
    ]
    found = [Difference(what, old, new) for what, old, new in pairs if old != new]
    return found + list(_durations(before, after))


def _failures(before: Record, after: Record) -> Iterator[tuple[str, Any, Any]]:
    for field in ("failure", "cell", "message"):
        yield f"failure: {field}", getattr(before.failure, field, None), getattr(after.failure, field, None)


def _named(before: Record, after: Record) -> Iterator[tuple[str, Any, Any]]:
    for field, kind in _NAMED.items():
        old, new = getattr(before, field), getattr(after, field)
        for name in dict.fromkeys([*old, *new]):
            if name in TIMES:  # they only repeat the logical time
                continue
            yield f"{kind} `{name}`", old.get(name), new.get(name)


def _stages(before: Record, after: Record) -> Iterator[tuple[str, Any, Any]]:
    old, new = _numbered(before), _numbered(after)
    for key in dict.fromkeys([*old, *new]):
        stage, name, number = key
        words = f"{stage} `{name}`" + (f" ({number})" if number > 1 else "")
        yield words, _done(old.get(key)), _done(new.get(key))
        if key in old and key in new:
            told, tells = _leaves(old[key].details), _leaves(new[key].details)
            for path in dict.fromkeys([*told, *tells]):
                yield f"{words}: {path}", told.get(path), tells.get(path)


def _numbered(record: Record) -> dict[tuple[str, str, int], StageNote]:
    """The stages by type, name, and which of that name it is."""
    seen: Counter[tuple[str, str]] = Counter()
    found = {}
    for stage in record.stages:
        seen[stage.stage, stage.name] += 1
        found[stage.stage, stage.name, seen[stage.stage, stage.name]] = stage
    return found


def _done(stage: StageNote | None) -> str | None:
    if stage is None:
        return None
    return "skipped" if stage.skipped else "run"


def _leaves(details: Any, path: str = "") -> dict[str, Any]:
    """Details by their dotted names; a list is one value."""
    if not isinstance(details, Mapping):
        return {} if path.endswith(_ALWAYS) else {path: details}
    found: dict[str, Any] = {}
    for name, value in details.items():
        found |= _leaves(value, f"{path}.{name}" if path else name)
    return found


def _durations(before: Record, after: Record) -> Iterator[Difference]:
    """Cells that took much longer or shorter, and the whole; in seconds."""
    old = {f"seconds of cell {cell.cell}": cell.seconds for cell in before.cells}
    new = {f"seconds of cell {cell.cell}": cell.seconds for cell in after.cells}
    for times, record in ((old, before), (new, after)):
        if record.seconds is not None:
            times["seconds"] = record.seconds
    for what in (each for each in old if each in new):
        less, more = sorted((old[what], new[what]))
        if more - less >= _SECONDS and more >= _FACTOR * less:
            yield Difference(what, old[what], new[what])
