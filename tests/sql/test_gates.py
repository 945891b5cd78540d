"""Gates' queries: what they measure and which rows they complain of, and that an engine agrees."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from arcbook.engines.base import Engine
from arcbook.sql.gates import gate_of

CASES = yaml.safe_load((Path(__file__).parent / "data" / "gates.yaml").read_text(encoding="utf-8"))
VIEW = """
SELECT * FROM VALUES (1, 'a', 0, 5), (2, null, 1, -1), (3, null, 1, null) AS t(id, email, error, amount)"""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["sql"][:60])
def test_what_a_gate_says(case: dict[str, Any], embedded_engine: Engine) -> None:
    """Rule and rows are stretches of the query; the queries made of them say what the query itself judged."""
    gate = gate_of(case["sql"])
    assert (gate.rule, gate.evidence) == (case["rule"], case["evidence"])
    spark = embedded_engine.spark()
    spark.sql(VIEW).createOrReplaceTempView("t")
    assert bool(gate.measuring) == ("measured" in case)
    if gate.measuring:
        original, measured = spark.sql(case["sql"].rstrip(";")).collect()[0], spark.sql(gate.measuring).collect()[0]
        assert tuple(measured)[:2] == tuple(original)
        assert [float(measured[2]), float(measured[3])] == [case["measured"], case["limit"]]
    if "rows" in case:
        assert spark.sql(gate.evidence).count() == case["rows"]
    spark.catalog.dropTempView("t")
