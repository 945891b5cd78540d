"""What kind of thing a statement is: stars, verdicts, removals, also in hard texts."""

import pytest

from arcbook.sql.shape import first_column, first_star, removals, verdict


@pytest.mark.parametrize(
    ("sql", "star"),
    [
        ("SELECT * FROM a", 7),
        ("SELECT a.x, a.* FROM a", 14),
        ("SELECT x FROM a UNION ALL SELECT DISTINCT * FROM b", 42),
        ("WITH c AS (SELECT * FROM a) SELECT x, * FROM c", 38),
        ("(SELECT * FROM a)", 8),
        ("SELECT '*', 2 * 3, COUNT(*) FROM a -- *", None),
        ("WITH c AS (SELECT * FROM a) SELECT x FROM c", None),
        ("SELECT x FROM (SELECT * FROM a)", None),
        ("MERGE INTO a USING b ON a.x = b.x WHEN NOT MATCHED THEN INSERT *", None),
        ("SELECT * FROM )", None),
    ],
)
def test_stars(sql: str, star: int | None) -> None:
    """The first star of what a query yields, at its place."""
    assert first_star(sql) == star


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT TRUE", True),
        ("SELECT NOT (1 > 2 OR FALSE) AS ok, 'x' FROM t", True),
        ("SELECT 'a' = 'a' AND 2 <> 3", True),
        ("SELECT 1 = 2 AND x FROM t", False),
        ("SELECT x OR TRUE FROM t", True),
        ("SELECT COUNT(x) >= 0 FROM t", True),
        ("SELECT COUNT(x) > -1 FROM t", None),
        ("SELECT COUNT(*) >= 1 FROM t", None),
        ("SELECT 1 = '1'", None),
        ("SELECT x = x FROM t", None),
        ("SELECT NULL", None),
        ("SELECT x FROM t", None),
        ("DELETE FROM t", None),
        ("SELECT " + "NOT " * 150 + "TRUE", True),
        ("SELECT " + " AND ".join(["TRUE"] * 3000), None),
    ],
)
def test_verdicts(sql: str, says: bool | None) -> None:
    """What a first column says whatever the data is; doubt is None."""
    assert verdict(sql) is says


@pytest.mark.parametrize(
    ("sql", "column"),
    [
        ("SELECT a, b FROM t", "a"),
        ("select distinct f(a, 'x, y') AS b from t", "f(a, 'x, y') AS b"),
        ("SELECT -- why, then\n  TRUE", "TRUE"),
        ("WITH c AS (SELECT 1, 2) SELECT a FROM c", "a"),
        ("(SELECT a FROM c)", "a"),
    ],
)
def test_first_columns(sql: str, column: str) -> None:
    """Where a finding about the first column stands."""
    start, end = first_column(sql)
    assert sql[start:end] == column


@pytest.mark.parametrize(
    ("sql", "marked"),
    [
        ("DELETE FROM a", ["DELETE FROM a"]),
        ("/* all */ delete from `a b`.c;", ["delete from `a b`.c"]),
        ("DELETE FROM a WHERE x", []),
        ("DELETE FROM a -- WHERE x", ["DELETE FROM a"]),
        ("UPDATE a SET where_ = 'where'", ["UPDATE a"]),
        ("TRUNCATE TABLE a", ["TRUNCATE TABLE a"]),
        ("DROP TABLE IF EXISTS a", ["DROP TABLE IF EXISTS a"]),
        ("DROP VIEW a", []),
        ("DROP SCHEMA a CASCADE", ["DROP SCHEMA a"]),
        ("SELECT 'DELETE FROM a'", []),
        ("MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN DELETE", []),
        ("MERGE INTO a USING b ON (1 = 1) WHEN MATCHED THEN DELETE", ["DELETE"]),
        ("MERGE INTO a USING b ON a.x = b.x WHEN NOT MATCHED BY SOURCE THEN DELETE", ["DELETE"]),
        ("MERGE INTO a USING b ON a.x = b.x WHEN NOT MATCHED BY SOURCE AND a.y THEN DELETE", []),
        ("/* x */ " * 2000 + "SELECT 1", []),
        ("DELETE FROM " + "a." * 5000, ["DELETE FROM " + "a." * 5000]),
    ],
)
def test_removals(sql: str, marked: list[str]) -> None:
    """What takes everything away, and how far it reaches."""
    assert [sql[each.start : each.end] for each in removals(sql)] == marked
