"""What Arc makes of 378 texts, on each engine."""

import math
from typing import Any

import pytest

from arcbook.engines.base import Engine
from arcbook.schemas.compile import InputColumn, part_of
from arcbook.schemas.read import parse_schema
from arcbook.sql.quote import literal
from tests.typing import vectors

CASES = [(kind, case) for kind, cases in vectors.document()["types"].items() for case in cases]
#: Cases that Arc's schema reader cannot reach because it derives how strictly dates are resolved.
FORCED = [
    (kind, case) for kind, case in CASES if case.get("reachable_from_schema") is False and "strict" in case["options"]
]
REACHED = [item for item in CASES if item not in FORCED]

_found: dict[tuple[str, str], dict[str, vectors.Outcome]] = {}


@pytest.mark.parametrize(("kind", "case"), REACHED, ids=[case["id"] for _, case in REACHED])
def test_a_text_becomes_the_value_or_the_error_of_arc(engine: Engine, kind: str, case: vectors.Case) -> None:
    """Each case alone is reported; all cases of a type are one query."""
    key = (engine.name, kind)
    if key not in _found:
        _found[key] = vectors.run(engine, kind, [each for other, each in REACHED if other == kind])
    _compare(kind, case, _found[key][case["id"]])


@pytest.mark.parametrize(("kind", "case"), FORCED, ids=[case["id"] for _, case in FORCED])
def test_dates_resolve_as_told(engine: Engine, kind: str, case: vectors.Case) -> None:
    """The resolution can be forced, as Arc's own tests do."""
    column = parse_schema([vectors.column(kind, case["options"])]).columns[0]
    part = part_of(column, InputColumn("x"), "c0", case["options"]["strict"])
    source = f"(SELECT CAST({literal(case['input'])} AS STRING) AS c0)"
    for level in part.levels:
        source = f"(SELECT *, {', '.join(f'{made} AS {name}' for name, made in level.items())} FROM {source})"
    value = vectors.shown_as(kind, part.value)
    row = (
        engine.spark()
        .sql(f"SELECT {value}, CASE WHEN {part.failed} THEN {part.message} END FROM {source}")
        .collect()[0]
    )
    _compare(kind, case, (row[0], row[1]))


def test_no_case_is_left_out() -> None:
    """All vectors are run."""
    assert len(REACHED) + len(FORCED) == 378


def test_a_wrong_expectation_is_noticed(embedded_engine: Engine) -> None:
    """The comparison can fail: a value, an error and a missing error."""
    kind, case = next(item for item in CASES if item[1]["id"] == "integer-014")
    found = vectors.run(embedded_engine, kind, [case])[case["id"]]
    _compare(kind, case, found)
    for wrong in ({"expected_value": 43}, {"expected_error_contains": "Unable"}, {"expected_value": None}):
        with pytest.raises(AssertionError):
            _compare(kind, {**case, **wrong}, found)


def _compare(kind: str, case: vectors.Case, found: vectors.Outcome) -> None:
    value: Any = vectors.expected(kind, case["expected_value"])
    if isinstance(value, float) and math.isnan(value):
        assert math.isnan(found[0])
        value = found[0]
    assert found == (value, case["expected_error_contains"])


#: Found by comparing with Java 17 on random texts: settings, text, and the value as `vectors.shown_as` writes it.
FOUND = [
    ("date", {"formatters": ["d/M/uuuu"]}, "29/2/2100", None),
    ("date", {"formatters": ["uuuu-MM-dd"]}, "+12020-02-29", "+12020-02-29"),
    ("date", {"formatters": ["yyyy-MM-dd HH:mm"]}, "2020-02-30 24:00", "2020-03-01"),
    ("date", {"formatters": ["EEE dd MMM uuuu"]}, "Tue 24 Nov 2026", "2026-11-24"),
    ("date", {"formatters": ["EEE dd MMM uuuu"]}, "Mon 24 Nov 2026", None),
    ("date", {"formatters": ["uu-MM-dd", "dd-MM-uu"]}, "15-02-30", "2030-02-15"),
    ("time", {"formatters": ["h 'o''clock' a"]}, "12 O'CLOCK am", "00:00:00"),
    ("time", {"formatters": ["kk:mm"]}, "24:30", "00:30:00"),
    ("timestamp", {"formatters": ["uuuu-MM-dd'T'HH:mm[:ss]"], "timezoneId": "UTC"}, "1970-01-01t00:01", 60_000_000),
    ("timestamp", {"formatters": ["uuuu-MM-dd HH:mm"], "timezoneId": "America/New_York"}, "2100-07-31 08:00",
     4_120_718_400_000_000),
    ("timestamp", {"formatters": ["uuuu-MM-dd HH:mm VV"], "timezoneId": "UTC"}, "2100-07-31 08:00 america/new_york",
     4_120_718_400_000_000),
    ("timestamp", {"formatters": ["uuuu-MM-dd HH:mm zzz"], "timezoneId": "UTC"}, "2027-08-12 23:00 GMT+2", None),
    ("decimal", {"precision": 10, "scale": 2, "formatters": ["#,##0%"]}, "1,2E3%", "120.00"),
    ("decimal", {"precision": 24, "scale": 6}, "٣٤.5E-1", "3.450000"),
    ("decimal", {"precision": 18, "scale": 4}, "12345678901.23455", "12345678901.2346"),
    ("double", {}, " 0x1.8p1d ", 3.0),
    ("double", {}, "1e400", None),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "options", "text", "value"), FOUND, ids=[f"{item[0]} {item[2]}" for item in FOUND])
def test_what_java_makes_of_rarer_texts(
    engine: Engine, kind: str, options: vectors.Case, text: str, value: Any
) -> None:
    """Corners of the patterns; a null value here is an error."""
    case = {"id": "found", "input": text, "options": {"nullable": True, **options}}
    got, error = vectors.run(engine, kind, [case])["found"]
    assert got == value
    assert (error is not None) == (value is None)
