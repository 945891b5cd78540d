"""Parameters as arguments of a workflow: complete, and read back as what they were."""

from arcbook.cells.magics import read_cell
from arcbook.cells.parameter_types import KINDS
from arcbook.cells.params import read_declarations
from arcbook.promote.parameters import arguments_of

DECLARED = """%params
s: string = "it's # 1"            # a text
i: integer = -5 (-10..10)         # a number
l: long = 9000000000
d: decimal(5,2) = 0.5 (0..1)
f: double = 1e-3
b: boolean = yes
day: date = 2026-11-23
t: timestamp = 2026-11-23T08:00:00.5+09:00
iv: interval = -1.5 seconds
e: enum("eu", "us") = "eu"
u: uri = s3://bucket/folder
many: list[string] = ["a,b", "", "007"]
days: list[date] = []
code: string = "A1" /[A-Z][0-9]/
open: string
none: string = null
key: secret = "env://KEY"
"""


def test_every_type_comes_back_from_its_argument() -> None:
    """Argo knows texts alone; the pod reads each as the value that was promoted."""
    declarations = read_declarations(read_cell(DECLARED))
    assert {each.type.kind for each in declarations} == set(KINDS)
    arguments, values, problems = arguments_of(declarations, {}, scheduled=False)
    assert [problem.code for problem in problems] == ["missing-parameter"]
    given = {each.name: each.value for each in arguments if each.value is not None}
    assert set(declarations.by_name) - set(given) == {"open", "none", "key"}
    for name, text in given.items():
        assert declarations.by_name[name].read(text) == values.typed[name]


def test_an_argument_says_all_that_is_declared() -> None:
    """Choices as such; help, type and limits in words; a required one without value; no secret."""
    arguments = {
        each.name: each for each in arguments_of(read_declarations(read_cell(DECLARED)), {}, scheduled=False)[0]
    }
    assert (arguments["e"].choices, arguments["b"].choices) == (("eu", "us"), ("true", "false"))
    assert arguments["i"].help == "a number; integer; between -10 and 10"
    assert arguments["code"].help == "matching /[A-Z][0-9]/"
    assert (arguments["s"].help, arguments["e"].help, arguments["l"].help) == ("a text", "", "long")
    assert arguments["open"].value is None
    assert {"key", "none"}.isdisjoint(arguments)
