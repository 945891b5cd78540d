"""The parameters' form: what is filled in counts at once, what does not fit is refused."""

from datetime import date
from decimal import Decimal

import pytest

from arcbook.cells.magics import read_cell
from arcbook.cells.params import read_declarations
from arcbook_magics.form import WIDGET_VIEW, form, with_form
from arcbook_magics.magics.params import shown_parameters
from arcbook_magics.shown import Shown
from arcbook_magics.workbench import Workbench

DECLARATIONS = """%params
region: enum("eu", "us") = "eu"    # <b>where</b>
share: decimal(5,2) = 0.05 (0..1)
day: date
fast: boolean = false
key: secret = "env://KEY"
tables: list[string] = ["a", "b"]
"""


@pytest.fixture
def bench() -> Workbench:
    """A workbench with declared parameters and no engine."""
    made = Workbench(publish=lambda shown: None)
    made.inputs.declare(read_declarations(read_cell(DECLARATIONS)))
    return made


def test_values_count_at_once(bench: Workbench) -> None:
    """Each control takes its type's values."""
    region, share, day, fast, _, tables, message = form(bench).children
    region.value, share.value, day.value, fast.value, tables.value = "us", "0.10", date(2026, 1, 2), True, "x,y"
    assert message.value == ""
    typed = bench.inputs.values().typed
    assert (typed["region"], typed["share"], typed["fast"]) == ("us", Decimal("0.10"), True)
    assert (typed["day"], typed["tables"]) == (date(2026, 1, 2), ["x", "y"])


def test_what_does_not_fit_is_refused(bench: Workbench) -> None:
    """The message says why, escaped, and the value in force stays."""
    _, share, *_, message = form(bench).children
    share.value = "<b>7"
    assert "must be" in message.value
    assert "<b>7" not in message.value
    assert "share" not in bench.inputs.given
    share.value = "0.07"
    assert message.value == ""
    assert bench.inputs.given["share"] == "0.07"


def test_the_form_comes_with_a_table(bench: Workbench) -> None:
    """For clients without widgets; a secret's value is in neither."""
    bench.inputs.give({"key": "swordfish-9"})
    plain = shown_parameters(bench)
    assert WIDGET_VIEW not in plain.data
    assert "required: no value yet" in str(plain)
    assert "<b>where" not in plain.data["text/html"]
    shown = with_form(bench, plain)
    assert isinstance(shown, Shown)
    assert WIDGET_VIEW in shown.data
    assert "swordfish" not in str(shown.data)
    assert "swordfish" not in str([child.get_state() for child in form(bench).children])
