"""Questionable SQL is pointed out at its place, with what to write instead."""

from typing import Any

import pytest

from arcbook.core.codes import CODES
from arcbook.sql.findings import findings
from arcbook.sql.parse import parse
from tests.sql.marks import cases, unmarked


@pytest.mark.parametrize("case", cases("findings.yaml"), ids=lambda case: case["sql"][:60])
def test_findings(case: dict[str, Any]) -> None:
    """Exactly the marked stretches are found, each with a code that exists."""
    sql, places = unmarked(case["sql"])
    found = findings(sql, parse(sql).first_word)
    assert [(each.start, each.end) for each in found] == places
    assert [each.code for each in found] == case["codes"]
    assert set(case["codes"]) <= set(CODES)
    assert all(each.remedy for each in found)
    if "remedy" in case:
        assert case["remedy"] in found[0].remedy
