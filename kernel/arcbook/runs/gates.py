"""Gates in records: what they said in one run, and over time. Imports neither engines nor Jupyter."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from arcbook.cells.evidence_text import counted, evidence_lines
from arcbook.runs.record import Record, StageNote


@dataclass(frozen=True, slots=True)
class GateResult:
    """What one gate said in one run; `gate` as `arcbook.core.evidence` describes it."""

    job: str
    name: str
    run_id: str
    logical_time: datetime
    gate: Mapping[str, Any]

    @property
    def outcome(self) -> str:
        """pass, warn or fail."""
        return str(self.gate.get("outcome", ""))

    @property
    def count(self) -> str:
        """What the gate measured against its limit, or the rows against it."""
        return counted(self.gate)

    def to_dict(self) -> dict[str, Any]:
        """The result as plain values."""
        about = {"job": self.job, "name": self.name, "run_id": self.run_id}
        return {**about, "logical_time": self.logical_time.isoformat(), **self.gate}


def results_of(record: Record) -> Iterator[GateResult]:
    """The gates of a run, in the order in which they were asked."""
    for stage in record.stages:
        if (gate := _gate(stage)) is not None:
            yield GateResult(record.job, stage.name or stage.stage, record.run_id, record.logical_time, gate)


def over_time(records: Iterable[Record]) -> dict[tuple[str, str], list[GateResult]]:
    """The results of each gate, by job and name, in the order of the records."""
    found: dict[tuple[str, str], list[GateResult]] = {}
    for record in records:
        for result in results_of(record):
            found.setdefault((result.job, result.name), []).append(result)
    return found


def warnings_of(stages: Iterable[StageNote]) -> tuple[str, ...]:
    """How many gates warned, in a sentence for the record; nothing when none did."""
    warned = [stage for stage in stages if (_gate(stage) or {}).get("outcome") == "warn"]
    if not warned:
        return ()
    named = ", ".join(f"`{stage.name}` ({counted(_gate(stage) or {})})" for stage in warned)
    return (f"{len(warned)} gate{'' if len(warned) == 1 else 's'} warned: {named}",)


def shown_evidence(record: Record) -> list[str]:
    """The evidence of a run's gates that did not hold, in lines for a person."""
    return [
        line
        for result in results_of(record)
        if result.outcome != "pass"
        for line in evidence_lines(result.name, result.gate)
    ]


def _gate(stage: StageNote) -> Mapping[str, Any] | None:
    gate = stage.details.get("gate")
    return gate if isinstance(gate, Mapping) else None
