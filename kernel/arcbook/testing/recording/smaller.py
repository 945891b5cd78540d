"""Fewer items of which something still holds, by delta debugging within a number of tries."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def smallest(items: Sequence[T], holds: Callable[[Sequence[T]], bool], tries: int) -> list[T]:
    """Some of `items`, in their order, for which `holds` is still true; all of them when it is true of no fewer.

    Leaves out ever smaller parts, as long as tries are left. `holds` must be true of all items.
    """
    kept, parts = list(items), 2
    while kept and tries > 0:
        size = max(1, -(-len(kept) // parts))
        for start in range(0, len(kept), size):
            if tries <= 0:
                break
            tries -= 1
            fewer = kept[:start] + kept[start + size :]
            if holds(fewer):
                kept, parts = fewer, max(parts - 1, 2)
                break
        else:
            if size == 1:
                break
            parts = min(len(kept), parts * 2)
    return kept
