"""Intervals of days and time: reading them from words or ISO 8601, writing them as either."""

import re
from datetime import timedelta
from decimal import Decimal

#: Microseconds of each unit.
_UNITS = {
    "week": 604_800_000_000, "day": 86_400_000_000, "hour": 3_600_000_000, "minute": 60_000_000, "second": 1_000_000,
    "millisecond": 1000, "microsecond": 1,
}  # fmt: skip
_ISO_UNITS = ("week", "day", "hour", "minute", "second")
_WORDS = re.compile(r"\s*([+-]?\d{1,12}(?:\.\d{1,6})?)\s*([a-z]+?)s?(?=[\s\d,+-]|$),?", re.ASCII)
_ISO = re.compile(
    r"(-?)P(?:(\d{1,6})W)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,12}(?:\.\d{1,6})?)S)?)?", re.ASCII
)
#: The longest interval that SQL holds.
_MOST_MICROSECONDS = 2**63 - 1
_MICROSECOND = timedelta(microseconds=1)


def read_interval(text: str) -> timedelta | None:
    """The interval that `2 days 3 hours` or `P2DT3H` means; None for one that is neither, or that SQL cannot hold."""
    micros = _microseconds(text.strip())
    if micros is None or micros != int(micros) or abs(micros) > _MOST_MICROSECONDS:
        return None
    return timedelta(microseconds=int(micros))


def interval_words(value: timedelta) -> str:
    """An interval in words that SQL takes too, as `2 days 10800 seconds`."""
    parts = [f"{value.days} days"] if value.days else []
    if value.seconds or not (value.days or value.microseconds):
        parts.append(f"{value.seconds} seconds")
    if value.microseconds:
        parts.append(f"{value.microseconds} microseconds")
    return " ".join(parts)


def iso_interval(value: timedelta) -> str:
    """An interval as ISO 8601 writes it, as `P2DT3H`."""
    micros = value // _MICROSECOND
    days, rest = divmod(abs(micros), _UNITS["day"])
    hours, rest = divmod(rest, _UNITS["hour"])
    minutes, rest = divmod(rest, _UNITS["minute"])
    seconds = format(Decimal(rest).scaleb(-6).normalize(), "f")
    time = "".join(
        f"{part}{unit}" for part, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if part not in (0, "0")
    )
    day = f"{days}D" if days or not time else ""
    return f"{'-' if micros < 0 else ''}P{day}{f'T{time}' if time else ''}"


def _microseconds(text: str) -> Decimal | None:
    iso = _ISO.fullmatch(text)
    if iso and any(iso.groups()[1:]) and not text.endswith("T"):
        parts = zip(iso.groups()[1:], _ISO_UNITS, strict=True)
        return sum((Decimal(part or 0) * _UNITS[unit] for part, unit in parts), Decimal()) * (-1 if iso[1] else 1)
    total, position = Decimal(), 0
    while position < len(text):
        found = _WORDS.match(text, position)
        if found is None or found[2] not in _UNITS:
            break
        total += Decimal(found[1]) * _UNITS[found[2]]
        position = found.end()
    return total if text and position == len(text) else None
