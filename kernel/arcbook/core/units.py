"""Durations and sizes as HOCON writes them: `10 seconds`, `5m`, `512 MiB`, `10k`; a bare number has the smallest unit.

Units are case-sensitive: `m` is minutes in a duration and mebibytes in a size, `MB` a million bytes, `MiB` 1,048,576.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from arcbook.core.suggest import did_you_mean


class UnitError(ValueError):
    """A text that is no duration or size; the message says what is expected and, mostly, what was meant."""


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time. `str()` gives it in the unit in which it is shortest, as a whole number."""

    nanoseconds: int

    @property
    def seconds(self) -> float:
        """The duration in seconds."""
        return self.nanoseconds / 1_000_000_000

    @property
    def timedelta(self) -> timedelta:
        """The duration for Python's clocks, cut to whole microseconds."""
        return timedelta(microseconds=self.nanoseconds // 1000)

    def __str__(self) -> str:
        return _written(self.nanoseconds, ("d", "h", "m", "s", "ms", "us"), DURATION_UNITS, "ns")


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """An amount of memory or storage. `str()` gives it in the unit in which it is shortest, as a whole number."""

    bytes: int

    def __str__(self) -> str:
        return _written(self.bytes, ("TiB", "TB", "GiB", "GB", "MiB", "MB", "KiB", "kB"), SIZE_UNITS, "B")


def _durations() -> dict[str, int]:
    units: dict[str, int] = {}
    for names, factor in (
        ("ns nano nanos nanosecond nanoseconds", 1),
        ("us micro micros microsecond microseconds", 1_000),
        ("ms milli millis millisecond milliseconds", 1_000_000),
        ("s second seconds", 1_000_000_000),
        ("m minute minutes", 60_000_000_000),
        ("h hour hours", 3_600_000_000_000),
        ("d day days", 86_400_000_000_000),
    ):
        units.update(dict.fromkeys(names.split(), factor))
    return units


def _sizes() -> dict[str, int]:
    units = dict.fromkeys(("B", "b", "byte", "bytes"), 1)
    tens = ("kilo", "mega", "giga", "tera", "peta", "exa", "zetta", "yotta")
    twos = ("kibi", "mebi", "gibi", "tebi", "pebi", "exbi", "zebi", "yobi")
    for power, (ten, two) in enumerate(zip(tens, twos, strict=True), start=1):
        letter = ten[0].upper()
        decimal = "kB" if letter == "K" else f"{letter}B"
        units.update(dict.fromkeys((decimal, f"{ten}byte", f"{ten}bytes"), 1000**power))
        binary = (letter, letter.lower(), f"{letter}i", f"{letter}iB", f"{two}byte", f"{two}bytes")
        units.update(dict.fromkeys(binary, 1024**power))
    return units


#: Nanoseconds of each unit of time, and bytes of each unit of size.
DURATION_UNITS: Mapping[str, int] = MappingProxyType(_durations())
SIZE_UNITS: Mapping[str, int] = MappingProxyType(_sizes())

_AMOUNT = re.compile(r"\s*([+-]?)(\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?)\s*([A-Za-z]*)\s*", re.ASCII)
#: The largest durations are some 292 years and the largest sizes 8 EiB: what fits in 64 bits, as in HOCON.
_LARGEST = 2**63 - 1


def read_duration(value: Any) -> Duration:
    """A duration from text (`10 seconds`, `1.5h`) or from a number of milliseconds.

    Raises:
        UnitError: it is none, is negative or too long.
    """
    if isinstance(value, Duration):
        return value
    return Duration(_amount(value, DURATION_UNITS, "ms", "a duration such as `10 seconds`, `5m` or `1.5 hours`"))


def read_size(value: Any) -> Size:
    """A size from text (`512 MiB`, `10k`, `1.5 GB`) or from a number of bytes.

    Raises:
        UnitError: it is none, is negative or too large.
    """
    if isinstance(value, Size):
        return value
    return Size(_amount(value, SIZE_UNITS, "B", "a size such as `512 MiB`, `10k` or `1.5 GB`"))


def _amount(value: Any, units: Mapping[str, int], default: str, expected: str) -> int:
    """The amount in the smallest unit; what is left of that unit is cut off."""
    simple = isinstance(value, str | int | float) and not isinstance(value, bool)
    found = _AMOUNT.fullmatch(str(value)) if simple else None
    shown = _shown(value)
    if found is None:
        raise UnitError(f"expected {expected}, not {shown}")
    sign, number, unit = found.groups()
    factor = units.get(unit or default)
    if factor is None:
        near = (
            did_you_mean(unit, units)
            or f"Units are for example {', '.join(f'`{each}`' for each in list(units)[:30:4])}."
        )
        raise UnitError(f"there is no unit `{unit}`: expected {expected}. {near}")
    amount = int(Fraction(number) * factor)
    if sign == "-" and amount:
        raise UnitError(f"{shown} is negative: expected {expected}")
    if amount > _LARGEST:
        raise UnitError(f"{shown} is too large: expected {expected}")
    return amount


def _written(amount: int, names: tuple[str, ...], units: Mapping[str, int], smallest: str) -> str:
    fitting = [(amount // units[name], name) for name in names if amount and amount % units[name] == 0]
    number, name = min(fitting, default=(amount, smallest))
    return f"{number} {name}"


def _shown(value: Any) -> str:
    if isinstance(value, dict | list | tuple):
        return "an object" if isinstance(value, dict) else "a list"
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text if len(text) <= 40 else text[:37] + '…'}`"
