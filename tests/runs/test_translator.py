import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcbook.cells.magics import read_cell
from arcbook.cells.params import read_assignments
from arcbook.runs.translator import ArcTranslator, is_finite, literal

JSON = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(value=JSON)
def test_what_papermill_passes_is_what_the_kernel_reads(value: Any) -> None:
    """Any JSON value survives the way through the injected cell, on one line, quotes and line ends included."""
    text = ArcTranslator.codify({"a": value, "b": 1})
    assert len(text.splitlines()) >= 3
    read = read_assignments(read_cell(text))
    assert set(read) == {"a", "b"}
    assert json.loads(json.dumps(read["a"], default=float)) == json.loads(json.dumps(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2026, 11, 23), '"2026-11-23"'),
        (datetime(2026, 11, 23, 8, 0, 0), '"2026-11-23T08:00:00"'),  # noqa: DTZ001 - papermill's users pass such
        (Decimal("1.10"), '"1.10"'),
        (Path("a/b"), '"a/b"'),
        ((1, "a", [True]), '[1, "a", [true]]'),
        ({"a": {"b": date(2026, 1, 1)}}, '{"a": {"b": "2026-01-01"}}'),
        ("연락처", '"연락처"'),
        (2**70, str(2**70)),
        (None, "null"),
        (float("nan"), "NaN"),
    ],
)
def test_literals(value: Any, text: str) -> None:
    """Nothing is rounded; what no type accepts is written so that it is refused where the run is recorded."""
    assert literal("a", value) == text


@pytest.mark.parametrize("value", [b"x", object(), {1, 2}])
def test_values_without_a_literal_are_refused_at_once(value: Any) -> None:
    """With the exit code of a definition error."""
    with pytest.raises(click.ClickException) as raised:
        ArcTranslator.codify({"a": value})
    assert raised.value.exit_code == 64


@pytest.mark.parametrize("name", ["a b", "a\nb = 1", "", "1a", "a.b"])
def test_names_cannot_smuggle_lines(name: str) -> None:
    """A name that is none is refused."""
    with pytest.raises(click.ClickException):
        ArcTranslator.codify({name: 1})


@pytest.mark.parametrize(
    ("value", "finite"), [(1, True), ([None], False), ({"a": float("inf")}, False), ("nan", True), (None, False)]
)
def test_finite(value: Any, finite: bool) -> None:
    """None and NaN are seen at any depth; the word is text."""
    assert is_finite(value) is finite


def test_inspection_lists_typed_parameters() -> None:
    """What `papermill --help-notebook` shows."""
    source = '%params\nday: date  # the day to load\nregion: enum("eu", "us") = "eu"\nkey: secret = "env://KEY"'
    found = [tuple(parameter) for parameter in ArcTranslator.inspect({"source": source})]
    assert found == [
        ("day", "date", "none: required", "the day to load"),
        ("region", 'enum("eu", "us")', "eu", ""),
        ("key", "secret", "env://KEY", ""),
    ]


@pytest.mark.parametrize("source", ["%params\nday: dat", "x = 1", "", '%params\na = "1"'])
def test_inspection_of_something_else_is_empty(source: str) -> None:
    """papermill asks for an empty list, not an error."""
    assert ArcTranslator.inspect({"source": source}) == []
