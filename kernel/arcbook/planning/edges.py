"""Which jobs feed which: derived from what they read and write."""

from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from arcbook.planning.values import Plan
from arcbook.runners.reading.listing import covers


@dataclass(frozen=True, slots=True)
class Edge:
    """`reader` reads, or changes, at `address` what `writer` writes; both are the addresses of jobs."""

    writer: str
    reader: str
    address: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON output."""
        return {"writer": self.writer, "reader": self.reader, "address": self.address}


def edges(plans: Sequence[Plan]) -> tuple[Edge, ...]:
    """The edges between several jobs' plans, each once, in the order of the plans."""
    found: dict[Edge, None] = {}
    for writer in plans:
        for write in writer.writes:
            for reader in plans:
                if reader is not writer and any(covers(address, write.address) for address in reader.needs):
                    found[Edge(writer.origin, reader.origin, write.address)] = None
    return tuple(found)


def sequence(plans: Sequence[Plan]) -> tuple[str, ...]:
    """The addresses of the jobs, writers before readers; as they were given where jobs wait for each other."""
    waits = {plan.origin: [edge.writer for edge in edges(plans) if edge.reader == plan.origin] for plan in plans}
    try:
        return tuple(TopologicalSorter(waits).static_order())
    except CycleError:
        return tuple(waits)
