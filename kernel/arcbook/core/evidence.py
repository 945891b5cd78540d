"""What a gate found, as a record keeps it; `arcbook.cells.evidence_text` is how a person reads it.

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
from collections.abc import Mapping, Sequence

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


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
