"""Values that do not fit their declaration: refused each with its reason and remedy, soon, and by nothing big."""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from arcbook.cells.declaration_lines import read_assignment, read_declaration
from arcbook.cells.magics import read_cell
from arcbook.cells.params import read_declarations
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem
from arcbook.core.span import Span

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "data" / "refused_values.yaml").read_text(encoding="utf-8").replace("\\uDC80", "\\uFFFD")
)
#: Half a second of processor time for all of them; a process that is kept waiting does not use any.
MOST_SECONDS = 0.5

REFUSE = """
import json, sys, time
cases = json.load(sys.stdin)
from arcbook.cells.magics import read_cell
from arcbook.cells.params import read_declarations
from arcbook.core.failures import CellError
before, found = time.process_time(), []
for case in cases:
    try:
        read_declarations(read_cell("%params\\n" + case["declare"])).bind({"p": case["given"]})
        found.append([])
    except CellError as error:
        found.append([[each.code, each.key, each.message, each.remedy, each.span.line] for each in error.problems])
seconds = time.process_time() - before
json.dump({"found": found, "seconds": seconds, "modules": sorted(sys.modules)}, sys.stdout)
"""


def test_all_are_refused_soon_without_an_engine() -> None:
    """At the declaration, with reason and remedy; nothing that could open an engine is imported."""
    cases = [case | {"given": _broken(case["given"])} for case in CASES]
    assert len(cases) >= 80
    done = subprocess.run(
        [sys.executable, "-c", REFUSE], input=json.dumps(cases), capture_output=True, check=True, text=True
    )
    answer = json.loads(done.stdout)
    for case, problems in zip(cases, answer["found"], strict=True):
        assert len(problems) == 1, case
        code, key, message, remedy, line = problems[0]
        assert (code, key, line) == ("parameter-value", "p", 2), case
        assert case["message"] in message, (case, message)
        assert case["remedy"] in remedy, (case, remedy)
    assert answer["seconds"] < MOST_SECONDS
    heavy = ("arcbook.engines", "arcbook.runners", "pyspark", "pysail", "pandas", "IPython", "papermill", "boto3")
    assert [name for name in answer["modules"] if name.startswith(heavy)] == []


def _broken(value: Any) -> Any:
    """YAML cannot write a character that stands alone for half of one; JSON can."""
    return value.replace("\ufffd", "\udc80") if isinstance(value, str) else value


def outcome(work: Callable[[], Any]) -> tuple[Any, tuple[Problem, ...]]:
    """What `work` returns, or its problems; any other exception is a failure of the test."""
    try:
        return work(), ()
    except CellError as error:
        return None, error.problems


@given(st.text(max_size=60))
def test_any_line_is_a_declaration_or_a_problem(text: str) -> None:
    """Nothing crashes the reader, and every problem lies on the line."""
    span = Span(1, 1, 1, len(text) + 1)
    for read in (read_declaration, read_assignment):
        _, problems = outcome(partial(read, text, span))
        assert all(problem.span and problem.span.line == 1 for problem in problems)


TYPES = [
    "string", "integer", "long", "decimal(5,2)", "decimal(2,2)", "double", "boolean", "date", "timestamp", "interval",
    'enum("a", "b")', "uri", "secret", "list[string]", "list[decimal(3,1)]", "list[timestamp]", "string /[a-z]*/",
    "integer (0..5)",
]  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals().map(str) | st.dates().map(str)
    | st.datetimes().map(str) | st.timedeltas().map(str) | st.from_regex(r"[+-]?[0-9]{1,3}([.eE][0-9]{1,3})? ?[a-z]*"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


@given(type_=st.sampled_from(TYPES), value=VALUES)
def test_any_value_is_taken_or_refused(type_: str, value: Any) -> None:
    """Nothing crashes; what is taken is the same value when it is written down and read again."""
    (declaration,) = read_declarations(read_cell(f"%params\np: {type_}"))
    values = read_declarations(read_cell(f"%params\np: {type_} = null"))
    bound, problems = outcome(lambda: values.bind({"p": value}))
    assert {problem.code for problem in problems} <= {"parameter-value"}
    typed = bound.typed["p"] if bound else None
    if typed is not None and declaration.type.kind != "secret":
        assert declaration.read(declaration.written(typed)) == typed


LONG = 100_000


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "line",
    [
        "p: integer (" + " " * LONG + "x",
        "p: integer (" + " " * LONG + ".." + " " * LONG + "x",
        "p: string = " + " (a" * LONG,
        "p: string /" + "\\a" * LONG,
        "p: enum(" + '"a\\' * LONG,
        "p: list[string] = " + "[" * LONG,
        "p: decimal = " + "1" * LONG + "x",
    ],
    ids=["open range", "range of blanks", "brackets", "pattern", "enum", "list", "number"],
)
def test_long_lines_are_read_in_time(line: str) -> None:
    """A line's reader goes back over nothing: it would take hours for these."""
    _, problems = outcome(partial(read_declaration, line, Span(1, 1, 1, 2)))
    assert problems or line.startswith("p: string = ")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("double", "1" * LONG + "x"),
        ("decimal(5,2)", "1" * LONG),
        ("timestamp", "2026-01-01 00:00" + ".1" * LONG),
        ("interval", "1 " + "a" * LONG),
        ("interval", "1 day " * LONG),
        ("uri", "a:" * LONG + "!://x"),
        ('enum("eu", "us")', "e" * LONG),
        ("list[integer]", "[" * LONG),
    ],
    ids=["double", "decimal", "timestamp", "interval of one word", "interval of many", "uri", "enum", "list"],
)
def test_long_values_are_refused_in_time(type_: str, value: str) -> None:
    """And shown in short."""
    declarations = read_declarations(read_cell(f"%params\np: {type_}"))
    bound, problems = outcome(partial(declarations.bind, {"p": value}))
    assert bound or all(len(str(problem)) < 400 for problem in problems)
