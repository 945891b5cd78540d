"""How each view of a session was made: to rebuild it after a loss, and to write through it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from arcbook.stages.base import Stage


@dataclass(frozen=True, slots=True)
class Maker:
    """What to run again to rebuild a view: a stage that changes nothing outside, and the job's values then."""

    stage: Stage
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """One view.

    `delta_path` is the table the view stands for, when it is a Delta table as it stands (then `MERGE INTO view` means
    the table). `maker` is what to run again to rebuild it, or None when that would repeat a load, an execution or
    Python: such a view is lost with its engine.
    """

    name: str
    delta_path: str | None = None
    maker: Maker | None = None


@dataclass(slots=True)
class ViewBook:
    """The views of one session by name; names fold case, as in Spark's catalogue."""

    _views: dict[str, View] = field(default_factory=dict)

    def put(self, view: View) -> None:
        """Note a view, replacing the one of its name (and moving it to the end of the order)."""
        self._views.pop(view.name.lower(), None)
        self._views[view.name.lower()] = view

    def get(self, name: str) -> View | None:
        """The view of that name in any case."""
        return self._views.get(name.strip("`").lower())

    def drop(self, name: str) -> None:
        """Forget a view, if there is one."""
        self._views.pop(name.lower(), None)

    def __iter__(self) -> Iterator[View]:
        """Views in the order they were made."""
        return iter(tuple(self._views.values()))
