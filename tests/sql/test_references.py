"""What a statement reads and writes is found at its place, and sound statements are never refused."""

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcbook.sql.errors import SqlError
from arcbook.sql.parse import parse
from arcbook.sql.places import split_name
from arcbook.sql.references import analyse
from arcbook.sql.schema import resolve_columns
from tests.sql.marks import cases, unmarked


@pytest.mark.parametrize("case", cases("valid_statements.yaml"), ids=lambda case: case["sql"][:60])
def test_valid_statement(case: dict[str, Any]) -> None:
    """A statement the engine parses is not refused, and says honestly how much of it is known."""
    sql = case["sql"]
    statement = analyse(sql)
    assert statement.kind == case["kind"]
    assert [each.name for each in statement.reads] == case.get("reads", [])
    assert [each.name for each in statement.writes] == case.get("writes", [])
    assert statement.complete is not case.get("opaque", False)
    for each in (*statement.reads, *statement.writes):
        if each.path is None:
            assert ".".join(split_name(sql[each.start : each.end])) == each.name
        else:
            assert each.path in sql[each.start : each.end]


@pytest.mark.parametrize("case", cases("broken_statements.yaml"), ids=lambda case: case["sql"][:60])
def test_broken_statement(case: dict[str, Any]) -> None:
    """What no engine accepts is refused at its place."""
    sql, places = unmarked(case["sql"])
    start, end = places[0] if places else (case["sql"].index("«"), len(sql))
    with pytest.raises(SqlError) as caught:
        analyse(sql)
    error = caught.value
    assert (error.start, error.end) == (start, len(sql) if case.get("end") else end), error.message
    assert case["message"] in error.message
    assert case.get("remedy", "") in error.remedy.lower()


def test_an_error_counts_lines_and_columns() -> None:
    """The problem of an error has the line and column an editor shows."""
    sql = "select 'é😀',\n  name,\nfrom people"
    with pytest.raises(SqlError) as caught:
        analyse(sql)
    problem = caught.value.problem(sql)
    assert problem.code == "sql-syntax"
    assert problem.span is not None
    assert (problem.span.line, problem.span.column) == (2, 7)


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("select a, b as c, t.d, s.e.f, count(*) as n from t", ("a", "c", "d", "f", "n")),
        ("select a from t union select b from u", ("a",)),
        ("select * from t", None),
        ("select a, t.* from t", None),
        ("select a + 1 from t", None),
        ("delete from t", None),
    ],
)
def test_columns(sql: str, columns: tuple[str, ...] | None) -> None:
    """The names a query yields are told when its text alone says them."""
    assert analyse(sql).columns == columns


@pytest.mark.parametrize(
    ("sql", "reads"),
    [
        ("select * from ${table} t join people p on t.id = p.id", ["people"]),
        ("select * from db.${table}", []),
        ("select ${columns} from people where ${filter} group by 1", ["people"]),
        ("select * from people where day = '${day}'", ["people"]),
        ("${everything}", []),
        ("select ( ${a} from people", []),
    ],
)
def test_a_statement_with_placeholders(sql: str, reads: list[str]) -> None:
    """Before its values are known, a statement says what is certain and refuses nothing."""
    statement = analyse(sql)
    assert [each.name for each in statement.reads] == reads
    assert not statement.complete
    assert statement.columns is None


def _check(text: str) -> None:
    try:
        statement = analyse(text)
    except SqlError as error:
        places = [(error.start, error.end)]
    else:
        assert statement.kind
        places = [(each.start, each.end) for each in (*statement.reads, *statement.writes)]
    assert all(0 <= start <= end <= len(text) for start, end in places)


@given(st.text(max_size=80))
def test_any_text_ends_in_a_statement_or_an_error(text: str) -> None:
    """No text makes the analysis crash; places lie inside the text."""
    _check(text)


_WORDS = st.sampled_from(
    ["select", "from", "where", "a", "v", "(", ")", ",", "*", "=", "'x'", "join", "on", "group by", "with", "as", ":p",
     "${x}", "`q r`", "delta.`/x`", "merge into", "using", "1", ".", "--c\n", "/*d*/", "case", "end", ";", "😀", "over"]
)  # fmt: skip


@given(st.lists(_WORDS, max_size=14))
def test_any_sequence_of_words_ends_in_a_statement_or_an_error(words: list[str]) -> None:
    """As above, for text that looks like SQL."""
    text = " ".join(words)
    _check(text)


@pytest.mark.parametrize(
    "sql",
    [
        "select " + "(" * 20_000 + "1" + ")" * 20_000,
        "select * from " + "(select * from " * 20_000 + "v" + ")" * 20_000,
        "select " + "f(" * 20_000 + "a" + ")" * 20_000,
        "select " + "case when a then " * 5_000 + "1" + " end" * 5_000,
        "select " + "not " * 20_000 + "a",
        "select " + "- " * 20_000 + "a",
        "select a" + ".b" * 20_000 + " from v",
        "select a" + "[1]" * 5_000 + " from v",
        "select a" + "::int" * 3_000 + " from v",
        "select " + " and ".join(["a"] * 20_000) + " from v",
        "select * from v where " + " or ".join(["a = 1"] * 20_000),
        " union all ".join(["select a from v"] * 20_000),
        " union all ".join(["select a from v"] * 900),
        "select * from v" + " join w on a = b" * 2_000,
        "with " + ", ".join(f"c{number} as (select 1 as a)" for number in range(800)) + " select * from c7",
        "select cast(a as " + "array<" * 20_000 + "int" + ">" * 20_000 + ")",
        "select " + "a -> " * 20_000 + "b",
        "select a from " * 20_000 + "v",
    ],
    ids=lambda sql: f"{sql[:24]}-{len(sql)}",
)
def test_depth_is_survived(sql: str) -> None:
    """Deeply nested or very long statements neither crash nor hang the process, and are not called wrong."""
    statement = analyse(sql)
    assert statement.kind == "query"
    assert resolve_columns(sql, {}).unknown == ()


def test_explain_explains_one_statement() -> None:
    """EXPLAIN of EXPLAIN is nothing to look into, however long."""
    statement = analyse("explain " * 20_000 + "select 1")
    assert (statement.kind, statement.complete) == ("explain", False)


def test_nothing_is_logged_and_the_log_stays_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    """A statement that sqlglot does not know in detail is nobody's warning; its log is not ours to set."""
    logger = logging.getLogger("sqlglot")
    caplog.set_level(logging.WARNING, "sqlglot")
    assert parse("OPTIMIZE said_nowhere ZORDER BY (a)").tree is not None
    assert caplog.records == []
    assert (logger.level, logger.filters) == (logging.WARNING, [])
