"""Gates that do not hold show what they found: every case of data/gates.yaml on every engine."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcbook.core.failures import CancelledError, QualityError
from arcbook.runners import gates
from arcbook.runners.executor import Executor
from tests.kernel.running import run_text

CASES = yaml.safe_load((Path(__file__).parent / "data" / "gates.yaml").read_text(encoding="utf-8"))
BEFORE = """
{"type": "SQLTransform", "name": "t", "outputView": "t", "sql": "SELECT * FROM VALUES
  (1, 'Ann-7@x.org', 's3cret', 5.25BD), (22, null, 'hunter2', -1.00BD), (333, '', null, 0.00BD)
  AS t(id, email, password, amount)"}
{"type": "SQLTransform", "name": "raw", "outputView": "raw", "sql": "SELECT * FROM VALUES
  ('1', '2'), ('x', '3'), ('y', 'z') AS t(a, b)"}
""".replace("\n  ", " ")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_evidence(case: dict[str, Any], executor: Executor) -> None:
    """Rule, outcome, count, limit, masked rows, the query for all of them, and its cost."""
    run_text(executor, BEFORE)
    found: Any
    if "error" in case:
        with pytest.raises(QualityError) as caught:
            run_text(executor, case["cell"], share=Decimal("0.10"))
        assert case["error"] in caught.value.message
        found = caught.value.gate or {}
    else:
        found = run_text(executor, case["cell"], share=Decimal("0.10")).details["gate"]
    for key, wanted in case.get("gate", {}).items():
        if wanted == "absent":
            assert key not in found
        elif key == "lack":
            assert found[key].startswith(wanted)
        else:
            assert found[key] == wanted, key
    if "gate" in case:
        assert found["seconds"] >= 0


def test_an_interrupt_while_rows_are_fetched(executor: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends the cell, also behind a gate that only warns; any other trouble with the rows would not."""

    def stopped(*_: object, **__: object) -> None:
        raise CancelledError("The work was stopped.")

    monkeypatch.setattr(gates, "_sample", stopped)
    run_text(executor, BEFORE)
    sql = "SELECT COUNT_IF(email IS NULL) = 0, 'none' FROM t"
    with pytest.raises(CancelledError):
        run_text(executor, json.dumps({"type": "SQLValidate", "name": "g", "severity": "warn", "sql": sql}))
