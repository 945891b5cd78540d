"""Text made from another text, with the way back: every offset of the new text has its place in the old one."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Replacement:
    """`text` takes the place of `source[start:end]`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text in which some stretches of its source were replaced.

    A character outside the replaced stretches maps to itself; a character of a replacement maps to the start of the
    stretch it replaced.
    """

    text: str
    source: str
    _starts: tuple[int, ...] = field(default=(0,), repr=False)
    # One entry per piece of `text`: where it starts in the source, where it ends there, whether it was replaced.
    _pieces: tuple[tuple[int, int, bool], ...] = field(default=((0, 0, False),), repr=False)

    def source_offset(self, offset: int) -> int:
        """The offset in the source of `text[offset]`; offsets outside the text are brought inside it first."""
        start, _, replaced, within = self._piece(offset)
        return start if replaced else start + within

    def source_range(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the source that `text[start:end]` came from; a replaced stretch counts as a whole."""
        first = self.source_offset(start)
        if end <= start:
            return first, first
        last_start, last_end, replaced, within = self._piece(end - 1)
        return first, max(first, last_end if replaced else last_start + within + 1)

    def _piece(self, offset: int) -> tuple[int, int, bool, int]:
        inside = min(max(offset, 0), len(self.text))
        index = bisect_right(self._starts, inside) - 1
        start, end, replaced = self._pieces[index]
        return start, end, replaced, inside - self._starts[index]


def render(source: str, replacements: Iterable[Replacement]) -> Rendered:
    """`source` with every replacement made; they must not overlap."""
    starts: list[int] = []
    pieces: list[tuple[int, int, bool]] = []
    texts: list[str] = []
    length = position = 0

    def add(text: str, start: int, end: int, replaced: bool) -> None:
        nonlocal length
        starts.append(length)
        pieces.append((start, end, replaced))
        texts.append(text)
        length += len(text)

    for change in sorted(replacements, key=lambda each: each.start):
        if change.start < position:
            raise ValueError("replacements overlap")
        add(source[position : change.start], position, change.start, False)
        add(change.text, change.start, change.end, True)
        position = change.end
    add(source[position:], position, len(source), False)
    return Rendered("".join(texts), source, tuple(starts), tuple(pieces))
