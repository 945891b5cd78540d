"""Values that look like others and say nothing of them: the same value is always replaced by the same one.

Length, case, punctuation and kind of each character stay, so formats and joins do; null, empty text, booleans and
numbers below ten stay as they are, and so does text that the job itself names (`'paid'`). Dates move by whole weeks.
Nothing can be calculated back: what replaces what is drawn anew for each test.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from arcbook.core.masking import masker

_DATE = re.compile(r"(?<!\d)(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)|(?<!\d)(\d{1,2})([-/.])(\d{1,2})\6(\d{4})(?!\d)")
_TIME = re.compile(r"(?<!\d)\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?!\d)")
_KEPT_BELOW = 10
_VOWELS = "áéíóúàèìòùâêîôû"
_TRIES = 50


class Mask:
    """Replaces values. `known` are texts of the job, which stay."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._random = Random(secrets.randbits(64))  # seeded by what nobody knows, and not kept
        self._known = frozenset(known)
        self._made: dict[Any, Any] = {}
        self._taken: set[Any] = set()
        self._weeks = timedelta(weeks=self._random.choice([-1, 1]) * self._random.randint(5, 40))

    def value(self, value: Any) -> Any:
        """What stands for a value of a row: text, number, date, instant, binary, or lists and objects of these."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, Mapping):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        if isinstance(value, date):
            return self._moved(value)
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes | bytearray):
            return bytes(self._once(bytes(value), lambda: self._random.randbytes(len(value))))
        if isinstance(value, float):
            if value != value or abs(value) in (float("inf"), 0.0):
                return value
            return float(self.number(Decimal(repr(value))))
        return self.number(value)

    def text(self, text: str) -> str:
        """What stands for a text."""
        if not text or text in self._known:
            return text
        return str(self._once(text, lambda: self._drawn(text)))

    def number(self, number: Any) -> Any:
        """A whole or decimal number of as many digits that is not larger, so that it fits wherever the other did."""
        if abs(number) < _KEPT_BELOW and number == int(number):
            return number
        if isinstance(number, int):
            return self._whole(number)
        sign, digits, exponent = number.as_tuple()
        if not isinstance(exponent, int):
            return number
        unscaled = int("".join(map(str, digits)))
        masked = unscaled if unscaled < _KEPT_BELOW else self._whole(unscaled)
        return Decimal((sign, tuple(map(int, str(masked))), exponent))

    def _whole(self, number: int) -> int:
        size = abs(number)
        least = 10 ** (len(str(size)) - 1)
        drawn = self._once(size, lambda: self._random.randint(least, size))
        return int(drawn) if number > 0 else -int(drawn)

    def _moved(self, moment: date) -> date:
        try:
            return moment + self._weeks
        except OverflowError:
            return moment

    def _once(self, value: Any, draw: Any) -> Any:
        """What was drawn for a value before, else a new one that stands for no other value."""
        if value not in self._made:
            drawn = draw()
            for _ in range(_TRIES):
                if drawn != value and (type(value), drawn) not in self._taken:
                    break
                drawn = draw()
            else:
                # There are hardly any others of this form: a value of its own matters more than another one.
                drawn = value if (type(value), value) not in self._taken else drawn
            self._taken.add((type(value), drawn))
            self._made[value] = drawn
        return self._made[value]

    def _drawn(self, text: str) -> str:
        made, at = [], 0
        for found in sorted((*_DATE.finditer(text), *_TIME.finditer(text)), key=lambda each: each.start()):
            if found.start() < at:
                continue
            made += [self._letters(text[at : found.start()])]
            made += [self._day(found) if found.re is _DATE else found.group()]
            at = found.end()
        return "".join((*made, self._letters(text[at:])))

    def _day(self, found: re.Match[str]) -> str:
        """A day of the same form, in which a part that can be a month can still be one."""
        return "".join(map(self._part, re.split(r"([-/.])", found.group())))

    def _part(self, part: str) -> str:
        if not part.isdigit() or len(part) == 4:
            return part
        number = int(part)
        low, high = (1, 12) if number <= 12 else (13, 28)
        drawn = str(self._random.randint(low, high)) if number else part
        return drawn.zfill(len(part)) if len(part) >= len(drawn) else part

    def _letters(self, text: str) -> str:
        return "".join(map(self._letter, text))

    def _letter(self, letter: str) -> str:
        if letter.isdigit() and letter.isascii():
            return self._random.choice("123456789") if letter != "0" else "0"
        if not letter.isalpha():
            return letter
        if not letter.isascii() and letter.lower() == letter.upper():
            return self._random.choice("漢字仮名文書日本")
        drawn = self._random.choice("abcdefghijklmnopqrstuvwxyz" if letter.isascii() else _VOWELS)
        return drawn.upper() if letter.isupper() else drawn


def without_secrets(value: Any) -> Any:
    """A value that is not masked, but for secrets that are known."""
    return masker().mask_tree(value)
