"""What a gate found, as a record keeps it and as a person reads it.

A gate's result is a mapping of plain values, kept under `gate` in the details of its stage:

    rule        what must hold: the text of the query's first column
    outcome     pass, warn or fail
    severity    warn or fail: what a gate that does not hold does to the run
    measured, comparison, limit     2, "<=", 0: what the query compared, where that can be told
    judged      rows that were looked at, where that can be told
    seconds     what the gate's query cost
    count       rows that speak against the data; sample: some of them, masked; query: for all of them
    evidenceSeconds     what finding them cost; lack: why there are none to show
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from arcbook.core.masking import MASK, masker, names_a_secret

#: Rows of evidence that are kept, and columns and characters of each.
MOST_ROWS = 5
MOST_COLUMNS = 20
LONGEST_VALUE = 60

_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")
_ZERO = re.compile(r"[-+]?0*\.?0*")


def masked_row(row: Mapping[str, str | None], *, shown: Sequence[str] = ()) -> dict[str, str | None]:
    """A row's texts by their form alone: letters become `x`, digits `9`; null, empty text, zero and booleans stay.

    The columns in `shown` stay as they are, but for secrets that are known.
    """
    plain = {name.lower() for name in shown}
    return {name: _masked(name, text, plain=name.lower() in plain) for name, text in row.items()}


def _masked(name: str, text: str | None, *, plain: bool) -> str | None:
    if text is None:
        return None
    if names_a_secret(name):
        return MASK
    if plain:
        return _cut(masker().mask(text))
    if text in ("true", "false") or _ZERO.fullmatch(text):
        return text
    return _cut(form_of(text))


def form_of(text: str) -> str:
    """What a text looks like: `Ann-7` is `Xxx-9`."""
    letters = _LETTER.sub(lambda found: "X" if found.group().isupper() else "x", text)
    return _DIGIT.sub("9", letters)


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
    lines = [list(rows[0]), *(["null" if value is None else str(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        yield "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
