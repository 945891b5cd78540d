"""Results as text and HTML: exact, capped, escaped."""

import html
from collections.abc import Callable
from typing import Any

import pytest

from arcbook.cells.options import Options
from arcbook.engines.base import Engine
from arcbook_magics.rows import Column, Rows, cut, double_text, read_rows
from arcbook_magics.shown import listing
from arcbook_magics.table import as_html, as_text, bundle, note_of

TEXT = Column("name", "string", True, False)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (42.5, "42.50"), (100.0, "100.00"), (0.0, "0.00"), (0.1, "0.10"), (1234567.125, "1234567.125"),
        (0.3333333333333333, "0.3333333333"), (1.0e-12, "0.00"), (-1.0e-12, "0.00"), (-2.5, "-2.50"),
        (42.4242, "42.4242"), (0.05, "0.05"), (-0.004, "-0.004"), (1e300, "1" + "0" * 300 + ".00"),
        (float("nan"), "NaN"), (float("-inf"), "-Infinity"),
    ],
)  # fmt: skip
def test_doubles_as_in_arc(value: float, shown: str) -> None:
    """Two to ten decimals, never an exponent."""
    assert double_text(value) == shown


@pytest.mark.parametrize(
    ("truncate", "shown"), [(8, "abcde..."), (3, "abc"), (10, "abcdefghij"), (0, "abcdefghij"), (-1, "abcdefghij")]
)
def test_long_values_are_cut_as_in_arc(truncate: int, shown: str) -> None:
    """Three dots are part of the length; below four there are none."""
    assert cut("abcdefghij", truncate) == shown


def test_null_differs_from_text() -> None:
    """NULL, the text `null` and empty text are three things, in both forms."""
    rows = Rows((TEXT,), ((None,), ("null",), ("",)))
    assert as_text(rows, Options()).split("\n")[2:] == ["null", '"null"', ""]
    markup = as_html(rows, Options())
    assert markup.count("<i ") == 1
    assert ">null</td>" in markup


def test_wide_characters_keep_the_columns_straight() -> None:
    """Hangul and Han take two columns of a terminal, combining marks none."""
    number = Column("n", "int", True, True)
    rows = Rows((TEXT, number), (("김철수", "1"), ("Ann", "10"), ("e\u0301a", "2")))
    head, line, *body = as_text(rows, Options()).split("\n")
    assert [head, line] == ["name     n", "------  --"]
    assert body == ["김철수   1", "Ann     10", "e\u0301a       2"]
    lines = str(listing("", ("이름", "x"), (("a", "b"),))).split("\n")
    assert lines == ["이름  x", "a     b"]


@pytest.mark.parametrize(
    "attack", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "'><b>", "&lt;", "\x1b[2J", "a\rb"]
)
def test_nothing_in_data_is_markup(attack: str) -> None:
    """Names, types, labels and values are escaped; control characters are written out."""
    rows = Rows((Column(attack, attack, True, False),), ((attack,),))
    markup = as_html(rows, Options({"truncate": 0}), label=attack, note=attack)
    assert "<script" not in markup
    assert "<img" not in markup
    assert "<b>" not in markup
    assert "\x1b" not in markup + as_text(rows, Options(), label=attack)
    if attack.isprintable():
        assert html.unescape(markup).count(attack) >= 4


def test_options_change_the_look() -> None:
    """Label, monospace and alignment; numbers stand right unless told otherwise."""
    rows = Rows((TEXT, Column("n", "bigint", False, True)), (("a", "1"),))
    markup = as_html(rows, Options({"monospace": True, "leftAlign": True}), label="people")
    assert "monospace leftalign" in markup
    assert "<div class='table_name'>people</div>" in markup
    assert "text-align:right" not in markup
    assert "title='bigint not null'" in markup
    assert as_text(Rows(rows.columns, (("a", "1"), ("b", "10"))), Options()).splitlines()[2] == "a      1"


def test_the_note_tells_what_is_missing() -> None:
    """Nothing, no rows, or more rows than shown."""
    assert note_of(Rows((TEXT,), (("a",),))) == ""
    assert note_of(Rows((TEXT,), ())) == "no rows"
    assert note_of(Rows((TEXT,), (("a",),), more=True)) == "truncated: the first 1 rows; there are more"


SqlRows = Callable[..., Rows]


@pytest.fixture(scope="module")
def sql_rows(embedded_engine: Engine) -> SqlRows:
    """Rows of a query on the embedded engine."""

    def read(sql: str, *, limit: int = 20, truncate: int = 50, most_characters: int = 1_000_000) -> Rows:
        frame = embedded_engine.spark().sql(sql)
        return read_rows(frame, limit=limit, truncate=truncate, most_characters=most_characters)

    return read


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        (
            "CAST('12345678901234567890.123456789012345678' AS DECIMAL(38,18))",
            "12345678901234567890.123456789012345678",
        ),
        ("CAST(0.5 AS DECIMAL(10,3))", "0.500"),
        ("9223372036854775807", "9223372036854775807"),
        ("CAST(42.5 AS DOUBLE)", "42.50"),
        ("TIMESTAMP '2017-12-20 21:46:54Z'", "2017-12-20 21:46:54Z"),
        ("TIMESTAMP '0001-01-01 00:00:00.000001Z'", "0001-01-01 00:00:00.000001Z"),
        ("TIMESTAMP_NTZ '9999-12-31 23:59:59.999999'", "9999-12-31 23:59:59.999999"),
        ("DATE '2016-12-18'", "2016-12-18"),
        ("true", "true"),
        ("X'0AFF'", "[0A FF]"),
        ("X''", "[]"),
        ("named_struct('a', 1, 'b', 'x')", "{1, x}"),
        ("array(1, 2)", "[1, 2]"),
        ("CAST(NULL AS DECIMAL(5,2))", None),
        ("CAST(NULL AS TIMESTAMP)", None),
        ("CAST(NULL AS BINARY)", None),
        ("'日本語'", "日本語"),
    ],
)
def test_values_are_exact(sql_rows: SqlRows, expression: str, shown: str | None) -> None:
    """What the engine holds is what is shown, for every type."""
    assert sql_rows(f"SELECT {expression} AS v").rows == ((shown,),)


def test_never_more_than_asked_for(sql_rows: SqlRows, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a billion rows as many come as are shown, and one."""
    from pyspark.sql.connect.dataframe import DataFrame

    limits: list[int] = []
    limit = DataFrame.limit

    def noting(self: Any, num: int) -> Any:
        limits.append(num)
        return limit(self, num)

    monkeypatch.setattr(DataFrame, "limit", noting)
    rows = sql_rows("SELECT id FROM range(1000000000)", limit=3)
    assert rows.rows == (("0",), ("1",), ("2",))
    assert rows.more
    assert limits == [4]
    assert not sql_rows("SELECT id FROM range(3)", limit=3).more


def test_many_characters_end_the_table(sql_rows: SqlRows) -> None:
    """The cap on characters holds whatever the number of rows asked for, and one huge value is cut in the engine."""
    rows = sql_rows("SELECT repeat('x', 1000) FROM range(1000)", limit=1000, truncate=0, most_characters=5_000)
    assert rows.more
    assert len(rows.rows) == 6
    (value,) = sql_rows("SELECT repeat('x', 5000000)", truncate=0).rows[0]
    assert value == "x" * 10_000


def test_no_rows_asked_for(sql_rows: SqlRows) -> None:
    """With `numRows=0` the columns are known and nothing is run."""
    rows = sql_rows("SELECT raise_error('read') AS v", limit=0)
    assert (rows.rows, [column.name for column in rows.columns]) == ((), ["v"])


def test_equal_column_names_stand_side_by_side(sql_rows: SqlRows) -> None:
    """A join may well have two columns of one name."""
    rows = sql_rows("SELECT 1 AS a, 2 AS a, 'x.y' AS `b.c`")
    assert rows.rows == (("1", "2", "x.y"),)
    assert set(bundle(rows, Options())) == {"text/plain", "text/html"}
