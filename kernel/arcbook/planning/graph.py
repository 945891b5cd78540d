"""The stages of plans and the places around them as nodes and edges, for pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from arcbook.planning.edges import sequence
from arcbook.planning.values import Place, Plan, PlannedStage, Write
from arcbook.runners.reading.listing import covers
from arcbook.sql.origins import How

Kind = Literal["source", "stage", "target"]


@dataclass(frozen=True, slots=True)
class Node:
    """A stage, or a place that is read or written.

    `title` and `subtitle` are what its box shows, `facts` what there is to say beside; `columns` are those of a stage's
    view, type by name. `group` names the job of several that a stage is of.
    """

    key: str
    kind: Kind
    title: str
    subtitle: str = ""
    facts: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    group: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """`reader` takes what `writer` gives; both are keys of nodes."""

    writer: str
    reader: str


@dataclass(frozen=True, slots=True)
class ColumnLink:
    """A column of `reader` comes from, or is decided by, a column of `writer`."""

    writer: str
    column: str
    reader: str
    into: str
    direct: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """What a picture shows."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    column_links: tuple[ColumnLink, ...]


def graph_of(plans: Sequence[Plan]) -> Graph:
    """The graph of one or several jobs: what one writes and another reads is one node. It has no circles."""
    builder = _Builder(several=len(plans) > 1)
    by_origin = {plan.origin: plan for plan in plans}
    for origin in sequence(plans):
        builder.add(by_origin[origin])
    return Graph(tuple(builder.nodes.values()), tuple(builder.links), tuple(builder.column_links))


class _Builder:
    def __init__(self, *, several: bool) -> None:
        self.nodes: dict[str, Node] = {}
        self.links: dict[Link, None] = {}
        self.column_links: list[ColumnLink] = []
        self._several = several
        self._written: dict[str, str] = {}
        self._read: set[str] = set()

    def add(self, plan: Plan) -> None:
        """Add the stages of a job and the places around them."""
        views: dict[str, str] = {}
        for number, stage in enumerate(plan.stages):
            if stage.skipped:
                continue
            key = f"{plan.origin}#{number}"
            view = f"→ {stage.view}" if stage.view else ""
            facts = (stage.type, *((f"columns not known: {stage.unknown}",) if stage.unknown else ()))
            group = plan.origin.rpartition("/")[2] if self._several else ""
            self.nodes[key] = Node(key, "stage", stage.name or stage.type, view, facts, stage.columns or {}, group)
            for place in stage.reads:
                self._link(self._source(place), key)
            changed = [stage.lineage.target] if stage.lineage and stage.lineage.target else []
            for name in (*stage.inputs, *changed):
                if name.lower() in views:
                    self._link(views[name.lower()], key)
            self._link_columns(stage, key, views)
            for write in stage.writes:
                self._link(key, self._target(write))
            if stage.view:
                views[stage.view.lower()] = key

    def _link(self, writer: str, reader: str) -> None:
        if writer != reader:
            self.links[Link(writer, reader)] = None
            self._read.add(writer)

    def _link_columns(self, stage: PlannedStage, key: str, views: Mapping[str, str]) -> None:
        if stage.lineage is None or stage.lineage.target:
            return
        for column, origins in stage.lineage.columns:
            for origin in sorted(origins):
                writer = views.get(origin.view.lower())
                if writer is not None:
                    direct = origin.how.direct or origin.how is How.CONDITIONAL
                    self.column_links.append(ColumnLink(writer, origin.column, key, column, direct))

    def _source(self, place: Place) -> str:
        """The node of a place that is read: that of what was written there before, if anything was."""
        for address, key in reversed(self._written.items()):
            if covers(place.address, address):
                return key
        key = f"source {place.address}"
        facts = () if place.files is None else (f"{place.files} files, {place.bytes or 0} bytes",)
        self.nodes.setdefault(key, Node(key, "source", _short(place.address), "", (place.address, *facts)))
        return key

    def _target(self, write: Write) -> str:
        """The node of a place that is written; a new one when the one there was read since: nothing goes in circles."""
        known = self._written.get(write.address)
        if known is not None and known not in self._read:
            return known
        key = f"target {write.address} {len(self.nodes)}"
        replaces = ("replaces what is there",) if write.replaces and write.mode == "Overwrite" else ()
        facts = (write.address, write.mode, *replaces)
        self.nodes[key] = Node(key, "target", _short(write.address), write.mode, facts)
        self._written.pop(write.address, None)
        self._written[write.address] = key
        return key


def _short(address: str) -> str:
    """The last parts of an address, which tell places apart."""
    parts = [part for part in address.split("/") if part]
    return "/".join(parts[-2:]) if len(parts) > 1 else address
