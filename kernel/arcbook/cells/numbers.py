"""Numbers that remember how they were written, so that a number read as text is the user's own text (`1.10`, `007`)."""

import re
from typing import Any

_NUMBER = re.compile(r"-?(?:\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?")

#: More digits would take Python's quadratic conversion a noticeable time, and Python refuses some 4,300 by itself.
_MAX_DIGITS = 1000


class WrittenInt(int):
    """A whole number written unusually (`007`)."""

    text: str

    def __str__(self) -> str:
        return self.text


class WrittenFloat(float):
    """A number with fraction or exponent written unusually (`1.10`, `1e3`)."""

    text: str

    def __str__(self) -> str:
        return self.text


def number(word: str) -> Any:
    """The number that `word` writes, or `word` itself when it is none."""
    if not _NUMBER.fullmatch(word) or len(word) > _MAX_DIGITS:
        return word
    if word.lstrip("-").isdigit():
        whole = int(word)
        if str(whole) == word:
            return whole
        written = WrittenInt(whole)
        written.text = word
        return written
    broken = float(word)
    if repr(broken) == word:
        return broken
    kept = WrittenFloat(broken)
    kept.text = word
    return kept
