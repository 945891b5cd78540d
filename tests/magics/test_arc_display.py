"""Arc's own cases of table display, on an engine: tests/cells/data/arc_vectors.yaml."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcbook.cells.options import Options
from arcbook.engines.base import Engine
from arcbook_magics.rows import read_rows
from arcbook_magics.table import as_html

VECTORS = Path(__file__).parents[1] / "cells" / "data" / "arc_vectors.yaml"
CASES = yaml.safe_load(VECTORS.read_text(encoding="utf-8"))["display_cases"]
_CELL = re.compile(r"<td[^>]*>(?:<i [^>]*>)?(.*?)(?:</i>)?</td>", re.DOTALL)


def sql_of(case: Mapping[str, Any]) -> str:
    """The value of a case as SQL writes it."""
    kind, value = case["type"], case.get("value")
    if value is None and "value_hex" not in case:
        return "CAST(NULL AS STRING)"
    return {
        "double": lambda: f"CAST('{value}' AS DOUBLE)",
        "decimal": lambda: f"CAST('{value}' AS DECIMAL(20, {case['scale']}))",
        "binary": lambda: f"X'{case['value_hex']}'",
        "boolean": lambda: str(value).lower(),
        "date": lambda: f"DATE '{value}'",
        "timestamp": lambda: f"TIMESTAMP '{value}'",
        "string": lambda: f"'{value}'",
    }[kind]()


@pytest.mark.parametrize("case", CASES, ids=[f"display-{number}" for number in range(1, len(CASES) + 1)])
def test_arc_display_case(case: Mapping[str, Any], embedded_engine: Engine) -> None:
    """The cell of the HTML table reads as Arc's."""
    options = Options({"truncate": case["truncate"]} if "truncate" in case else {})
    frame = embedded_engine.spark().sql(f"SELECT {sql_of(case)} AS v")
    rows = read_rows(frame, limit=5, truncate=options["truncate"], most_characters=10_000)
    found = _CELL.search(as_html(rows, options))
    assert found is not None
    assert found[1] == case["shown"]
