"""Reading and binding: case files, and properties over arbitrary text."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arcbook.cells.bind import Scope, bind
from arcbook.cells.convert import trees_of
from arcbook.cells.hocon import read_document, read_objects
from arcbook.cells.magics import read_cell
from arcbook.cells.render import render
from arcbook.core.failures import CellError
from tests.cells.fuzz import PIECES
from tests.cells.properties import holds_for

Compare = Callable[..., None]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip
HOCON_PIECES = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


#: Up to eight pieces, each repeated up to thousands of times.
LONG_TEXTS = st.lists(
    st.tuples(st.sampled_from((*PIECES, "x: y\n", "{a: 1},", '"k": "v",', "${a.b} ")), st.integers(1, 20_000)),
    max_size=8,
).map(lambda parts: "".join(piece * times for piece, times in parts)[:100_000])


def test_text_is_read(read_case: dict[str, Any], compare: Compare) -> None:
    """A text yields its objects, or its problems at their places."""
    if "problems" in read_case:
        with pytest.raises(CellError) as caught:
            read_objects(read_case["text"])
        compare(caught.value.problems, read_case["problems"])
    else:
        assert [tree.value for tree in read_objects(read_case["text"])] == read_case["values"]


def test_placeholders_are_filled(bind_case: dict[str, Any], compare: Compare) -> None:
    """A tree is bound from lookups, or names what is missing."""
    lookups = list(bind_case.get("lookups", []))
    if "document" in bind_case:
        lookups.append(read_document(bind_case["document"]).value)
    (tree,) = read_objects(bind_case["text"])
    if "problems" in bind_case:
        with pytest.raises(CellError) as caught:
            bind(tree, Scope(*lookups))
        compare(caught.value.problems, bind_case["problems"])
    else:
        assert bind(tree, Scope(*lookups)).value == bind_case["value"]


def test_first_lines_are_read(magics_case: dict[str, Any], compare: Compare) -> None:
    """A cell is split into magic, arguments and body, or says what is wrong with its line."""
    if "problems" in magics_case:
        with pytest.raises(CellError) as caught:
            read_cell(magics_case["source"])
        compare(caught.value.problems, magics_case["problems"])
        return
    cell = read_cell(magics_case["source"])
    assert cell.magic == magics_case["magic"]
    assert {name: argument.value for name, argument in cell.arguments.items()} == magics_case.get("arguments", {})
    assert cell.body == magics_case.get("body", "")
    if "body_line" in magics_case:
        assert cell.body_line == magics_case["body_line"]


def test_cells_become_stages(trees_case: dict[str, Any], compare: Compare) -> None:
    """A cell yields the stage objects it stands for."""
    cell = read_cell(trees_case["source"], number=3)
    if "problems" in trees_case:
        with pytest.raises(CellError) as caught:
            trees_of(cell)
        compare(caught.value.problems, trees_case["problems"])
    else:
        assert [bind(tree, Scope({"X": "x"})).value for tree in trees_of(cell)] == trees_case["values"]


def test_every_key_and_value_has_its_place() -> None:
    """Spans lie where the text is, in cells that start further down as well."""
    text = '{\n  type: "X"\n  watermark { eventTime = t }\n  l: [\n    a,\n    b\n  ]\n}'
    (tree,) = read_objects(text, origin="job.conf", cell=4, first_line=3)
    span = tree.span(("watermark", "eventTime"))
    assert span is not None
    assert (span.line, span.column, span.end_column, span.cell, span.origin) == (5, 27, 28, 4, "job.conf")
    key = tree.key_span(("watermark",))
    assert key is not None
    assert (key.line, key.column, key.end_column) == (5, 3, 12)
    item = tree.span(("l", 1))
    assert item is not None
    assert (item.line, item.column) == (8, 5)


@given(JSON)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_json_reads_as_json_does(value: Any) -> None:
    """Whatever `json` writes is read as `json` reads it, in any layout."""
    for indent in (None, 2):
        text = json.dumps({"v": value}, indent=indent)
        assert read_document(text).value == json.loads(text)


@given(JSON)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_rendered_values_read_back(value: Any) -> None:
    """Writing and reading is the identity."""
    assert read_document(render({"v": value})).value == {"v": value}


@given(HOCON_PIECES | st.text())
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_text_crashes_the_reader(text: str) -> None:
    """Any text yields values or a CellError, whatever reads it; places lie inside the text, and printing reads back."""
    holds_for(text)


@pytest.mark.parametrize(
    "text",
    [
        "{ a: ${X} ${X}, b: [1] ${?X} [2], c: ${X}\t[3] }",
        '{ a: "x"""${X}, b: ${x}"y" """" """z, c: ${x}y""z }',
        "{ a: ${X}, a += 1, a += ${X}, a: ${?c} }",
        '{ a: x ${"b.c".d} "y", "": ${?""}, "k.l": 007, m: 1.10, n: 1e400 }',
        "{ a: ${x}, a { b: 1 }, a { b: ${a.b} }, a: ${X}, a.c += 2 }",
        'a: "\ud83d\ude00 \\ud83d", "\u2028": "\u0085"',
    ],
)
def test_what_is_printed_means_the_same(text: str) -> None:
    """Placeholders, appended items, layers of a key, and numbers as they were written."""
    holds_for(text)


@pytest.mark.parametrize(
    "line",
    [
        'e: enum("a\tb")',
        "l: list[string] = " + "[" * 50_000,
        's: string = "x" /' + "(" * 3_000 + "/",
        's: string = "x" /a{99999999999999999999}/',
        's: string = "x" /[a--b[[]/',
        "d: decimal(5,2) = 1 (" + "9" * 9_000 + "..)",
        "i: integer = " + "9" * 9_000,
        "t: timestamp = 9999-99-99T99:99:99+99:99",
        "v: interval = 999999999 weeks",
        "injected = " + "[" * 50_000,
        "injected = " + "9" * 9_000,
    ],
)
def test_odd_parameters_are_read_or_refused(line: str) -> None:
    """No declaration and no injected value gets past its problem."""
    holds_for(line)


@given(LONG_TEXTS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_no_long_text_stops_the_reader(text: str) -> None:
    """The same for texts of up to 100,000 characters, among them those that repeat one piece."""
    holds_for(text)


@given(st.text(alphabet="%sqlparamenv =\"'\\\n,${}ab:#()[]/0.-"))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_cell_crashes(source: str) -> None:
    """Any cell yields stages, parameters or a CellError."""
    holds_for(source)


def test_a_notebook_of_the_aws_guidance_reads() -> None:
    """Adjacent strings, missing commas between lines, escaped slashes, trailing blanks."""
    text = """{
      "type": "DelimitedExtract"\x20
      "inputURI": "s3a:\\/\\/"${ETL_CONF_DATALAKE_LOC}"\\/app_code\\/data\\/x.csv",
      "outputView": "raw"
      "quote": "None"
      authentication.method = AmazonIAM
    },
    """
    (tree,) = read_objects(text)
    assert bind(tree, Scope({"ETL_CONF_DATALAKE_LOC": "lake"})).value == {
        "type": "DelimitedExtract",
        "inputURI": "s3a://lake/app_code/data/x.csv",
        "outputView": "raw",
        "quote": "None",
        "authentication": {"method": "AmazonIAM"},
    }
