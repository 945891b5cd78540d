"""From a plan, view by view, to datasets: what goes in and out, with the lineage of columns between them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from arcbook.planning.places import address_of
from arcbook.planning.values import Place, Plan, PlannedStage
from arcbook.sql.origins import How, Origin, Origins

#: Columns that an extract adds to those of its place.
_INTERNAL = ("_filename", "_index", "_monotonically_increasing_id")
_NOTHING: Origins = frozenset()


@dataclass(frozen=True, slots=True)
class Dataset:
    """A place that is read or written.

    `columns` are types by name, None where they are not known. `origins` say from which columns of which places
    (`Origin.view` is their address) each column comes, `influences` what decides about the rows. `mode` is how it is
    written, empty for an input.
    """

    place: Place
    columns: Mapping[str, str] | None = None
    origins: Mapping[str, Origins] = field(default_factory=dict)
    influences: Origins = _NOTHING
    mode: str = ""
    delta: bool = False


@dataclass(frozen=True, slots=True)
class _View:
    """What is known of a view: its columns' types, and their origins by the name in lower case."""

    columns: Mapping[str, str] | None = None
    origins: Mapping[str, Origins] = field(default_factory=dict)
    influences: Origins = _NOTHING


def datasets(plan: Plan) -> tuple[tuple[Dataset, ...], tuple[Dataset, ...]]:
    """The inputs and the outputs of a job, each once, in the order of the job."""
    walk = _Walk()
    for stage in plan.stages:
        if not stage.skipped:
            walk.take(stage)
    inputs = tuple(
        Dataset(place, walk.columns.get(place.address), delta=place.address in walk.delta) for place in plan.reads
    )
    return inputs, tuple(walk.outputs.values())


class _Walk:
    def __init__(self) -> None:
        self.columns: dict[str, Mapping[str, str]] = {}
        self.delta: set[str] = set()
        self.outputs: dict[str, Dataset] = {}
        self._views: dict[str, _View] = {}

    def take(self, stage: PlannedStage) -> None:
        """Note what a stage makes of the views before it."""
        made = self._made(stage)
        if stage.view is not None:
            self._views[stage.view.lower()] = made
        for write in stage.writes:
            delta = stage.type.startswith("Delta") or write.address in self.delta or write.mode.islower()
            if delta:
                self.delta.add(write.address)
            source = made if stage.lineage else self._of(next(iter(stage.inputs), ""))
            columns = source.columns
            if stage.lineage and stage.lineage.target:
                columns = self._of(stage.lineage.target).columns
            place = write.replaces or Place(write.address)
            names = columns if columns is not None else source.origins
            origins = {name: source.origins.get(name.lower(), _NOTHING) for name in names}
            before = self.outputs.get(write.address)
            if before is not None and before.mode != "Overwrite" and write.mode != "Overwrite":
                origins = {name: found | before.origins.get(name, _NOTHING) for name, found in origins.items()}
            self.outputs[write.address] = Dataset(place, columns, origins, source.influences, write.mode, delta)

    def _made(self, stage: PlannedStage) -> _View:
        if stage.lineage is not None:
            return _View(
                stage.columns,
                {name.lower(): self._resolved(origins) for name, origins in stage.lineage.columns},
                self._resolved(stage.lineage.influences) | self._carried(stage.inputs),
            )
        if stage.columns is None:
            return _View()
        if stage.reads:
            return self._read(stage, stage.columns)
        # A stage that is no statement keeps the names of its columns.
        inputs = [self._of(name) for name in stage.inputs]
        origins = {
            name.lower(): frozenset(
                origin.through(How.TRANSFORMATION)
                for view in inputs
                for origin in view.origins.get(name.lower(), _NOTHING)
            )
            for name in stage.columns
        }
        return _View(stage.columns, origins, self._carried(stage.inputs))

    def _read(self, stage: PlannedStage, columns: Mapping[str, str]) -> _View:
        address = stage.reads[0].address
        own = {name: kind for name, kind in columns.items() if name not in _INTERNAL}
        self.columns[address] = own
        if stage.type.startswith("Delta"):
            self.delta.add(address)
        return _View(columns, {name.lower(): frozenset({Origin(address, name, How.IDENTITY)}) for name in own})

    def _resolved(self, origins: Origins) -> Origins:
        """The columns of places behind columns of views."""
        return frozenset(each for origin in origins for each in self._behind(origin))

    def _behind(self, origin: Origin) -> Iterable[Origin]:
        view = self._views.get(origin.view.lower())
        if view is None:
            path = origin.view.partition(".")[2]
            if "/" in path:  # a place that the statement itself names
                return [Origin(address_of(path.strip("`")), origin.column, origin.how)]
            return []
        column = origin.column.lower()
        found = view.origins.get(column) or view.origins.get(column.partition(".")[0], _NOTHING)
        return [each.through(origin.how) for each in found]

    def _carried(self, inputs: Iterable[str]) -> Origins:
        return frozenset(each for name in inputs for each in self._of(name).influences)

    def _of(self, view: str) -> _View:
        return self._views.get(view.lower(), _View())
