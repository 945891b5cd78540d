"""Durations and sizes with their units, by themselves and as keys of a stage."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from arcbook.core.units import DURATION_UNITS, SIZE_UNITS, Duration, Size, UnitError, read_duration, read_size
from arcbook.stages.keys import DurationKey, SizeKey

CASES = yaml.safe_load((Path(__file__).parent / "data" / "units.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES["durations"], ids=lambda case: repr(case["given"]))
def test_durations(case: dict[str, Any]) -> None:
    """A number with a unit, or of milliseconds; else what is wrong with it."""
    if "message" in case:
        with pytest.raises(UnitError, match=case["message"].replace("?", r"\?")):
            read_duration(case["given"])
        return
    found = read_duration(case["given"])
    assert (found.nanoseconds, str(found)) == (case["value"], case["shown"])
    assert read_duration(str(found)) == found


@pytest.mark.parametrize("case", CASES["sizes"], ids=lambda case: repr(case["given"]))
def test_sizes(case: dict[str, Any]) -> None:
    """A number with a unit, or of bytes; else what is wrong with it."""
    if "message" in case:
        with pytest.raises(UnitError, match=case["message"].replace("?", r"\?")):
            read_size(case["given"])
        return
    found = read_size(case["given"])
    assert (found.bytes, str(found)) == (case["value"], case["shown"])
    assert read_size(str(found)) == found


def test_every_unit_is_read() -> None:
    """All names and abbreviations that the specification lists: 27 of time, 4 of bytes and 9 for each of 8 powers."""
    assert [len(DURATION_UNITS), len(SIZE_UNITS)] == [27, 4 + 8 * 9]
    for name, factor in DURATION_UNITS.items():
        assert read_duration(f"2 {name}").nanoseconds == 2 * factor
    for name, factor in SIZE_UNITS.items():
        if factor < 2**62:
            assert read_size(f"2{name}").bytes == 2 * factor


def test_a_duration_in_other_forms() -> None:
    """Seconds for sleeping, a timedelta for dates; both order like their length."""
    duration = read_duration("1500 ms")
    assert duration.seconds == 1.5
    assert duration.timedelta == timedelta(seconds=1.5)
    assert Duration(1) < Duration(2)
    assert Size(1) < Size(2)


def test_as_keys_of_a_stage() -> None:
    """A key reads text or a number, dumps text that reads back, and names what is wrong."""
    keys = TypeAdapter(tuple[DurationKey, SizeKey])
    value = keys.validate_python(("5m", "10k"))
    assert value == (Duration(300_000_000_000), Size(10_240))
    assert keys.dump_python(value) == ("5 m", "10 KiB")
    assert keys.json_schema()["prefixItems"] == [{"anyOf": [{"type": "string"}, {"type": "integer"}]}] * 2
    with pytest.raises(ValidationError) as caught:
        keys.validate_python(("5 parsecs", [1]))
    assert [(error["type"], error["loc"]) for error in caught.value.errors()] == [("duration", (0,)), ("size", (1,))]
