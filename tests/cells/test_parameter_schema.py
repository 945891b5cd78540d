"""The JSON Schema of parameters: complete, valid, and of one mind with the declaration."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from arcbook.cells.magics import read_cell
from arcbook.cells.parameter_types import KINDS
from arcbook.cells.params import Declarations, read_declarations
from tests.cells.test_refused_values import CASES as REFUSED

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "data" / "parameter_schema.yaml").read_text(encoding="utf-8")
)
#: What JSON Schema cannot say of a text, or says by words that only some validators know.
BEYOND = (
    "a date", "a timestamp", "date between", "timestamp at", "an interval", "interval between", "may have been rounded",
    "text in UTF-8", "between 0 and 1", "an address", "the secret", "at most 6 digits", "at least 2020",
    "item 2 must be a date",
)  # fmt: skip
#: 1.0 is an integer to JSON Schema, and NaN no JSON; Python's `$` also stands in front of a last line end.
OTHERWISE = ["1.0", "1000.0", "nan", "'A1\\n'"]


def declared(line: str) -> Declarations:
    """The declarations of a `%params` cell with this line."""
    return read_declarations(read_cell(f"%params\n{line}"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["declare"])
def test_the_schema_of_a_declaration(case: dict[str, Any]) -> None:
    """Type, limits, pattern, choices, items, default and help; the default satisfies it."""
    declarations = declared(case["declare"])
    schema = declarations.json_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["properties"] == {"p": case["schema"]}
    assert schema["required"] == ([] if " = " in case["declare"] else ["p"])
    if "default" in case["schema"]:
        given = {"p": case["schema"]["default"]}
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(given)
        if case["schema"].get("format") != "password":
            assert declarations.bind(given).typed == declarations.bind({}).typed


def test_every_type_has_its_case() -> None:
    """Also one that comes later."""
    assert {kind for case in CASES for kind in KINDS if case["declare"].startswith(f"p: {kind}")} == set(KINDS)


def test_what_the_declaration_refuses_the_schema_refuses() -> None:
    """As far as JSON Schema has words for it; and never what the declaration takes."""
    unseen: list[str] = []
    for case in REFUSED:
        validator = Draft202012Validator(declared(case["declare"]).json_schema())
        if validator.is_valid({"p": case["given"]}) and not case["message"].startswith(BEYOND):
            unseen.append(repr(case["given"]))
    assert unseen == OTHERWISE


@pytest.mark.parametrize(
    ("declare", "values"),
    [
        ("p: decimal(5,2)", ["0", "-999.99", "+1.5", "007.10", "1.", "2.5000", 0, -1, 1.5]),
        ("p: decimal(2,2)", ["0.05", "0", 0.05]),
        ("p: decimal(3,0)", ["999", "1.0", 7]),
        ("p: integer (1..10)", [1, 10]),
        ("p: double", [1, 1.5, -1e300]),
        ("p: list[string]", [[], ["a", ""]]),
        ("p: string /a|b/", ["a", "b"]),
    ],
)
def test_what_the_schema_takes_the_declaration_takes(declare: str, values: list[Any]) -> None:
    """The way back."""
    declarations = declared(declare)
    for value in values:
        assert Draft202012Validator(declarations.json_schema()).is_valid({"p": value}), value
        declarations.bind({"p": value})
