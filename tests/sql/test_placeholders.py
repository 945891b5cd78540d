"""Placeholders are filled by Arc's rules, and every character of the result knows where it came from."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcbook.sql.errors import SqlError
from arcbook.sql.placeholders import fill, named_parameters, parameter_errors, placeholders, substitute
from tests.sql.marks import cases, unmarked

ARC = cases("sql_param_cases.yaml")


@pytest.mark.parametrize("case", ARC, ids=lambda case: case["id"])
def test_arc_vector(case: dict[str, Any]) -> None:
    """Arc's own cases give Arc's result, but for those marked with a reason."""
    expected = case.get("arcbook", case)
    if expected["expected_error"] is None:
        assert substitute(case["sql"], case["params"]).text == expected["expected"]
        return
    with pytest.raises(SqlError) as caught:
        substitute(case["sql"], case["params"])
    assert caught.value.code == "sql-parameter"
    if "arcbook" in case:
        assert expected["expected_error"] in caught.value.message


def test_differences_from_arc_have_a_reason() -> None:
    """No case is redefined in silence."""
    assert all(len(case["differs"]) > 20 for case in ARC if "arcbook" in case)
    assert {case["id"] for case in ARC if "arcbook" in case} == {"sql-011", "sql-012", "sql-015", "sql-016"}


@pytest.mark.parametrize("marked", cases("named_parameters.yaml"))
def test_named_parameters(marked: str) -> None:
    """`:name` is a parameter outside text, comments, casts, paths and types."""
    sql, places = unmarked(marked)
    found = named_parameters(sql)
    assert [(each.start, each.end) for each in found] == places
    assert [sql[each.start + 1 : each.end] for each in found] == [each.name for each in found]


def test_values_are_not_looked_into() -> None:
    """A value with a placeholder, a group reference or a backslash is pasted as it is."""
    rendered = substitute("select ${a}, ${b}", {"a": "${b}", "b": r"$1 \1 \\"})
    assert rendered.text == r"select ${b}, $1 \1 \\"


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("select '${a}'", "x' or '1'='1"),
        ("select '${a}'", "ends in a backslash\\"),
        ('select "${a}"', 'x"y'),
        ("select r'${a}'", "x'y"),
        ("select * from delta.`${a}`", "x`y"),
        ("select 1 -- ${a}", "x\n; drop table t"),
        ("select 1 /* ${a} */", "x */ , 2 /*"),
    ],
)
def test_a_value_cannot_leave_its_quotes(sql: str, value: str) -> None:
    """Quotes and comments around a placeholder end where their author ended them."""
    with pytest.raises(SqlError, match="would end the quotes") as caught:
        substitute(sql, {"a": value})
    assert sql[caught.value.start : caught.value.end] == "${a}"


@pytest.mark.parametrize("value", ["O\\'Brien", "O''Brien", "tab\\tbed", "c:\\\\dir", 'say "x"', "a -- b", "/* c"])
def test_a_value_may_hold_what_its_quotes_allow(value: str) -> None:
    """Escaped quotes and the marks of comments mean nothing inside text."""
    assert substitute("select '${a}'", {"a": value}).text == f"select '{value}'"


def test_all_errors_with_places() -> None:
    """Every missing value stands at its placeholder, with the nearest name as remedy."""
    sql = "select ${regoin},\n  ${ day }, ${tab=5} from ${hiveconf:t}"
    errors = parameter_errors(sql, {"region": "eu", "day": "1"})
    assert [sql[error.start : error.end] for error in errors] == ["", "${regoin}", "${tab=5}"]
    assert "regoin" in errors[0].remedy
    assert "region" in errors[1].remedy
    assert "no default" in errors[2].remedy
    span = errors[1].problem(sql).span
    assert span is not None
    assert (span.line, span.column) == (1, 8)


def test_fill_leaves_what_has_no_value() -> None:
    """Checking without values fills what it can."""
    assert fill("${a} ${b}", {"a": "1", "z": "2"}).text == "1 ${b}"


def test_places_of_placeholders() -> None:
    """A placeholder knows whether quotes are around it."""
    found = list(placeholders("a = ${x} and b = '${y}' -- ${z}"))
    assert [(each.name, each.inside.kind if each.inside else None) for each in found] == [
        ("x", None),
        ("y", "text"),
        ("z", "line-comment"),
    ]


names = st.sampled_from(["a", "b", "long_name", "x1"])
plain = st.text(st.characters(exclude_characters="${}'\"`\\", codec="utf-8"), max_size=12)


@given(st.lists(st.tuples(plain, names), max_size=6), plain, st.dictionaries(names, st.text(max_size=8)))
def test_every_character_outside_placeholders_maps_to_itself(
    pieces: list[tuple[str, str]], tail: str, values: dict[str, str]
) -> None:
    """Whatever the values, text around placeholders keeps its place, and values map to their placeholders."""
    pieces = [(text.replace("-", "").replace("/", ""), name) for text, name in pieces]
    source = "".join(f"{text}${{{name}}}" for text, name in pieces) + tail
    rendered = fill(source, values)
    position = offset = 0
    for text, name in pieces:
        for index in range(len(text)):
            assert rendered.source_offset(position + index) == offset + index
        position, offset = position + len(text), offset + len(text)
        placeholder = f"${{{name}}}"
        value = values.get(name, placeholder)
        for index in range(len(value)):
            expected = offset if name in values else offset + index
            assert rendered.source_offset(position + index) == expected
            assert rendered.source_range(position + index, position + len(value))[1] == offset + len(placeholder)
        position, offset = position + len(value), offset + len(placeholder)
    for index in range(len(tail) + 1):
        assert rendered.source_offset(position + index) == offset + index
    assert len(rendered.text) == position + len(tail)


@given(st.text(max_size=60))
def test_any_text_is_survived(text: str) -> None:
    """No text makes the scanners fail, and offsets stay inside it."""
    assert fill(text, {}).text == text
    places = [(each.start, each.end) for each in placeholders(text)]
    places.extend((each.start, each.end) for each in named_parameters(text))
    assert all(0 <= start < end <= len(text) for start, end in places)
