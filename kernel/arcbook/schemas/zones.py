"""Java's time zones: which identifiers and names exist, and what a fixed one means.

`zones.tsv` was written by Java 17 (locale en_US): `ZoneId.getAvailableZoneIds()`, and what the pattern letters `z` and
`zzzz` read every name of `DateFormatSymbols.getZoneStrings()` as. Both engines know the regions named in it.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from arcbook.sql.quote import text_literal

_OFFSET = re.compile(r"([+-])(\d{1,2})(?::?(\d\d)(?::?(\d\d))?)?")
_MOST_SECONDS = 18 * 3600


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    table: dict[str, dict[str, str]] = {"id": {}, "short": {}, "full": {}}
    text = resources.files("arcbook.schemas").joinpath("zones.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        kind, name, *zone = line.split("\t")
        table[kind][name] = zone[0] if zone else name
    return MappingProxyType(table)


@cache
def fixed_or_region(zone: str) -> int | str | None:
    """Seconds east of Greenwich for a fixed zone, the region's identifier for a region, None for no zone at all."""
    if zone == "Z":
        return 0
    bare = re.sub(r"^(UTC|GMT|UT)(?=[+-]|$)", "", zone)
    if not bare:
        return 0
    found = _OFFSET.fullmatch(bare)
    if found:
        return _seconds(found)
    return zone if zone in _table()["id"] else None


def _seconds(found: re.Match[str]) -> int | None:
    sign, hours, minutes, seconds = found.groups()
    total = int(hours) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    if total > _MOST_SECONDS or int(minutes or 0) > 59 or int(seconds or 0) > 59:
        return None
    return -total if sign == "-" else total


def region_case(text: str, kinds: tuple[str, ...], *, case_sensitive: bool) -> str:
    """The region that `text` names, null for none. `kinds` are of `id`, `short` and `full`; earlier ones win."""
    names: dict[str, str] = {}
    for kind in kinds:
        for name, zone in _table()[kind].items():
            names.setdefault(name if case_sensitive else name.lower(), zone)
    key = text if case_sensitive else f"lower({text})"
    branches = " ".join(f"WHEN {text_literal(name)} THEN {text_literal(zone)}" for name, zone in names.items())
    return f"CASE {key} {branches} END"
