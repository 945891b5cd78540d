"""Moments in a region's zone, also where the embedded engine's zone tables end.

Those tables hold no daylight saving from 2100 on, while Java's rules go on for ever. A year from 2100 on is therefore
looked up as a year from 2072 to 2099 that begins on the same weekday and leaps alike: its rules fall on the same days.
"""

from datetime import date

FIRST_FAR_YEAR = 2100
_MICROS_A_DAY = 86_400_000_000
_EPOCH = date(1970, 1, 1).toordinal()


def _alike() -> list[int]:
    """The days since 1970 on which a near year begins, by weekday of that day (Monday first) and leap (no, yes)."""
    found: dict[int, int] = {}
    for year in range(FIRST_FAR_YEAR - 28, FIRST_FAR_YEAR):
        start = date(year, 1, 1)
        found[start.weekday() * 2 + (year % 4 == 0)] = start.toordinal() - _EPOCH
    return [found[key] for key in sorted(found)]


def shift_levels(year: str, prefix: str) -> tuple[dict[str, str], ...]:
    """Levels that leave in `<prefix>far` how many days a far year lies behind its near one, 0 for other years."""
    far, start = f"{prefix}u", f"{prefix}b"
    before = f"({far} - 1)"
    days = f"{before} * 365 + {before} DIV 4 - {before} DIV 100 + {before} DIV 400 - {_EPOCH - 1}"
    leap = f"CASE WHEN {far} % 4 = 0 AND ({far} % 100 <> 0 OR {far} % 400 = 0) THEN 2 ELSE 1 END"
    near = f"array({', '.join(map(str, _alike()))})"
    place = f"CAST(({start} + 3) % 7 * 2 + {leap} AS INT)"
    return (
        {far: f"CASE WHEN {year} >= {FIRST_FAR_YEAR} THEN {year} END"},
        {start: f"CASE WHEN {far} IS NOT NULL THEN {days} END"},
        {f"{prefix}far": f"CASE WHEN {start} IS NOT NULL THEN {start} - element_at({near}, {place}) ELSE 0 END"},
    )


def moment_in(wall: str, zone: str, prefix: str) -> str:
    """The moment at which clocks in `zone` show `wall` (microseconds since 1970, as if in UTC)."""
    shift = f"{prefix}far * {_MICROS_A_DAY}"
    far = f"unix_micros(to_utc_timestamp(timestamp_micros({wall} - {shift}), {zone})) + {shift}"
    near = f"to_utc_timestamp(timestamp_micros({wall}), {zone})"
    return f"CASE WHEN {prefix}far = 0 THEN {near} ELSE timestamp_micros({far}) END"
