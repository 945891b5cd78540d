"""The names in a JSON object that a query yields."""

import pytest

from arcbook.sql.members import json_members


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("SELECT to_json(named_struct('A', 1, 'b c', max(x))) AS m FROM t", {"A", "b c"}),
        ("SELECT TO_JSON(STRUCT(max(a) AS A, b)) FROM t", {"A", "b"}),
        ("WITH c AS (SELECT 1 AS x) SELECT to_json(named_struct('Q', x)) FROM c", {"Q"}),
        ('SELECT \'{"A": {"b": 1}}\'', {"A"}),
        ("SELECT '{}'", set()),
    ],
)
def test_names_that_are_spelt_out(statement: str, names: set[str]) -> None:
    """Those of the object itself, in the case they are written in."""
    found = json_members(statement)
    assert found is not None
    assert set(found) == names


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT to_json(m) FROM t", "SELECT to_json(map('A', 1))", "SELECT '[1]'", "SELECT 'x'",
        "SELECT concat('{', '}')",
        "SELECT to_json(named_struct('A', 1)), 2", "SELECT * FROM t", "SELEC",
        "SELECT '{}' UNION SELECT '{}'", "VALUES ('{}')",
    ],
)  # fmt: skip
def test_names_that_are_not(statement: str) -> None:
    """Nothing is claimed of them."""
    assert json_members(statement) is None
