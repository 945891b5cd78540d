"""What a gate found, in lines for a person; `arcbook.core.evidence` says what a gate's result has."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from arcbook.cells.text_table import aligned


def evidence_lines(name: str, gate: Mapping[str, Any]) -> list[str]:
    """A gate that did not hold, in lines for a person."""
    outcome = "warns" if gate.get("outcome") == "warn" else "failed"
    return [f"The gate `{name}` {outcome}: {gate.get('rule')}", *(f"  {line}" for line in _facts(gate))]


def counted(gate: Mapping[str, Any]) -> str:
    """What a gate measured, and its limit; the number of rows against it where nothing was compared; `-` for none."""
    if gate.get("measured") is not None:
        return f"{gate['measured']}, must be {gate.get('comparison')} {gate.get('limit')}"
    return "-" if gate.get("count") is None else str(gate["count"])


def _facts(gate: Mapping[str, Any]) -> Iterator[str]:
    if gate.get("measured") is not None:
        yield f"measured {counted(gate)}"
    if gate.get("count") is not None:
        judged = f" of {gate['judged']}" if gate.get("judged") is not None else ""
        yield f"rows against it: {gate['count']}{judged}"
    yield from _table(gate.get("sample") or ())
    if gate.get("lack"):
        yield str(gate["lack"])
    if gate.get("query"):
        yield f"to see them: {' '.join(str(gate['query']).split())}"
    cost = f"cost: {gate.get('seconds')} s"
    yield cost + (f", and {gate['evidenceSeconds']} s for the evidence" if "evidenceSeconds" in gate else "")


def _table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not rows:
        return
    texts = [["null" if value is None else str(value) for value in row.values()] for row in rows]
    for line in aligned([list(rows[0]), *texts], " | "):
        yield f"| {line}"
