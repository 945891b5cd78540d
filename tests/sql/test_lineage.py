"""Every column's origins, and what decides on the rows, for statements of all kinds."""

from typing import Any

import pytest

from arcbook.sql.lineage import lineage
from arcbook.sql.origins import How, Origins
from tests.sql.marks import cases

SCHEMAS = {
    "people": {"id": "int", "name": "string", "tags": "array<string>", "addr": "struct<city:string,zip:int>"},
    "orders": {"id": "int", "pid": "int", "amount": "decimal(10,2)", "day": "date", "status": "string"},
    "items": {"order_id": "int", "sku": "string", "qty": "int", "price": "double"},
}
LETTERS = {
    How.IDENTITY: "", How.TRANSFORMATION: ":t", How.AGGREGATION: ":a", How.CONDITIONAL: ":c", How.WINDOW: ":w",
    How.JOIN: ":j", How.FILTER: ":f", How.GROUP_BY: ":g", How.SORT: ":s",
}  # fmt: skip


def written(origins: Origins) -> str:
    """Origins as the case file writes them."""
    return " ".join(sorted(f"{each.view}.{each.column}{LETTERS[each.how]}" for each in origins))


@pytest.mark.parametrize("case", cases("lineage.yaml"), ids=lambda case: case["sql"])
def test_lineage(case: dict[str, Any]) -> None:
    """Exactly the origins of the case file."""
    found = lineage(case["sql"], SCHEMAS)
    if case["columns"] is None:
        assert found is None
        return
    assert found is not None
    assert [{name: written(origins)} for name, origins in found.columns] == case["columns"]
    assert written(found.influences) == case.get("influences", "")
    assert found.target == case.get("target")


@pytest.mark.parametrize("case", cases("valid_statements.yaml"), ids=lambda case: case["sql"][:60])
def test_any_statement_is_taken(case: dict[str, Any]) -> None:
    """What cannot be traced has no lineage; nothing raises."""
    lineage(case["sql"], {})


def test_names_come_back_as_they_are_spelt() -> None:
    """Whatever case a statement uses."""
    found = lineage("SELECT NAME AS n FROM PEOPLE", {"People": {"Name": "string"}})
    assert found is not None
    assert written(found.of("N")) == "People.Name"
