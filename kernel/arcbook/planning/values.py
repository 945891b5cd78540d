"""A plan as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from arcbook.core.problem import Problem
from arcbook.core.span import Span
from arcbook.planning.cost import core_seconds
from arcbook.runners.reading.listing import covers
from arcbook.sql.origins import Lineage, Origins

#: Statements that change the rows of a table that is there.
CHANGES = frozenset(("merge", "update", "delete"))


@dataclass(frozen=True, slots=True)
class Place:
    """A folder, table or database outside the job; `files` and `bytes` are None where nobody can tell."""

    address: str
    files: int | None = None
    bytes: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON output."""
        return {"address": self.address, "files": self.files, "bytes": self.bytes}


@dataclass(frozen=True, slots=True)
class Write:
    """A place that a stage changes.

    `mode` is the stage's `saveMode`, or the statement's kind ("merge"). `replaces` is what is there now and would be
    replaced, None when nothing is. `where` limits that to some rows.
    """

    address: str
    mode: str
    replaces: Place | None = None
    partition_by: tuple[str, ...] = ()
    where: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON output."""
        return {
            "address": self.address,
            "mode": self.mode,
            "replaces": self.replaces.to_dict() if self.replaces else None,
            "partitionBy": list(self.partition_by),
            "where": self.where or None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStage:
    """One stage of the plan.

    `inputs` are the views that it reads. `columns` are those of `view`, type by name; None when they cannot be known
    before the data is read, and `unknown` then says why. `lineage` says from which columns of the views before it they
    come, None where that is not known.
    `skipped` says that the stage does not run in the chosen environment.
    """

    name: str
    type: str
    span: Span | None = None
    inputs: tuple[str, ...] = ()
    view: str | None = None
    columns: Mapping[str, str] | None = None
    unknown: str = ""
    lineage: Lineage | None = None
    reads: tuple[Place, ...] = ()
    writes: tuple[Write, ...] = ()
    skipped: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON output."""
        return {
            "name": self.name,
            "type": self.type,
            "cell": self.span.cell if self.span else None,
            "line": self.span.line if self.span else None,
            "inputs": list(self.inputs),
            "view": self.view,
            "columns": dict(self.columns) if self.columns is not None else None,
            "unknown": self.unknown or None,
            "lineage": _lineage(self.lineage) if self.lineage else None,
            "reads": [each.to_dict() for each in self.reads],
            "writes": [each.to_dict() for each in self.writes],
            "skipped": self.skipped,
        }


def _lineage(found: Lineage) -> dict[str, Any]:
    """In the words of OpenLineage's column lineage facet, by view instead of dataset."""

    def written(origins: Origins) -> list[dict[str, str]]:
        return [
            {"view": each.view, "field": each.column, "type": "DIRECT" if each.how.direct else "INDIRECT",
             "subtype": each.how.upper()}
            for each in sorted(origins)
        ]  # fmt: skip

    return {
        "fields": {name: written(origins) for name, origins in found.columns},
        "influences": written(found.influences),
        "target": found.target,
    }


@dataclass(frozen=True, slots=True)
class Plan:
    """What a job would do in one environment, stage by stage, and what is wrong with it."""

    origin: str
    environment: str | None
    stages: tuple[PlannedStage, ...] = ()
    problems: tuple[Problem, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def reads(self) -> tuple[Place, ...]:
        """The places read that the job does not write itself before, each once."""
        written: list[str] = []
        found: dict[str, Place] = {}
        for stage in self.stages:
            for place in stage.reads:
                if not any(covers(place.address, address) for address in written):
                    found.setdefault(place.address, place)
            written += [each.address for each in stage.writes]
        return tuple(found.values())

    @property
    def needs(self) -> tuple[str, ...]:
        """The addresses whose content matters: those read, and those whose rows are changed in their place."""
        written: list[str] = []
        found = dict.fromkeys(each.address for each in self.reads)
        for write in self.writes:
            if write.mode in CHANGES and write.address not in written:
                found[write.address] = None
            written.append(write.address)
        return tuple(found)

    @property
    def writes(self) -> tuple[Write, ...]:
        """Every change of a place, in order."""
        return tuple(write for stage in self.stages for write in stage.writes)

    @property
    def bytes_to_read(self) -> int:
        """The size of all that is read, as far as it is known."""
        return sum(place.bytes or 0 for place in self.reads)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON output."""
        return {
            "origin": self.origin,
            "environment": self.environment,
            "stages": [stage.to_dict() for stage in self.stages],
            "reads": [each.to_dict() for each in self.reads],
            "writes": [each.to_dict() for each in self.writes],
            "bytesToRead": self.bytes_to_read,
            "coreSeconds": list(core_seconds(self.bytes_to_read)),
            "problems": [problem.to_dict() for problem in self.problems],
        }
