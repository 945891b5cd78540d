"""The parameters' form: what is filled in counts at once, what does not fit is refused beside its field."""

import sys
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from arcbook.cells.magics import read_cell
from arcbook.cells.parameter_types import KINDS
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
sure: boolean
sizes: list[enum("s", "m", "l")] = ["s"]
since: timestamp = null
note: string = "none"
which: enum("a", "b")
"""


@pytest.fixture
def bench() -> Workbench:
    """A workbench with declared parameters and no engine."""
    made = Workbench(publish=lambda shown: None)
    made.inputs.declare(read_declarations(read_cell(DECLARATIONS)))
    return made


def fields(bench: Workbench) -> dict[str, tuple[Any, Any]]:
    """The control and the note of each parameter."""
    return {row.children[0].description: row.children for row in form(bench).children}


def test_there_is_a_control_for_each_parameter_of_every_type(bench: Workbench) -> None:
    """It shows the value in force, and nothing where there is none yet."""
    shown = {name: control.value for name, (control, _) in fields(bench).items()}
    assert shown == {
        "region": "eu", "share": "0.05", "day": None, "fast": False, "key": "", "tables": '["a", "b"]', "sure": None,
        "sizes": ("s",), "since": "", "note": "none", "which": None,
    }  # fmt: skip
    declared = {"decimal": "decimal(3,1)", "enum": 'enum("x")', "list": "list[date]"}
    bench.inputs.declare(
        read_declarations(read_cell("%params\n" + "\n".join(f"p_{kind}: {declared.get(kind, kind)}" for kind in KINDS)))
    )
    assert {f"p_{kind}" for kind in KINDS} < set(fields(bench))


def test_values_count_at_once(bench: Workbench) -> None:
    """Each control takes its type's values, for the cells that run afterwards."""
    controls = {name: control for name, (control, _) in fields(bench).items()}
    entered = {
        "region": "us", "share": "0.10", "day": date(2026, 1, 2), "fast": True, "tables": "x,y", "sure": False,
        "sizes": ("m", "l"), "since": "2026-01-02", "note": "", "which": "b",
    }  # fmt: skip
    for name, value in entered.items():
        controls[name].value = value
    typed = bench.inputs.values().typed
    assert (typed["region"], typed["share"], typed["fast"]) == ("us", Decimal("0.10"), True)
    assert (typed["day"], typed["tables"], typed["sure"]) == (date(2026, 1, 2), ["x", "y"], False)
    assert (typed["sizes"], typed["note"], typed["which"]) == (["m", "l"], "", "b")
    assert typed["since"].isoformat() == "2026-01-02T00:00:00+00:00"


def test_what_does_not_fit_is_refused_at_the_field(bench: Workbench) -> None:
    """The note beside the field says why, escaped; the other notes and the value in force stay."""
    found = fields(bench)
    (share, note), (_, other) = found["share"], found["region"]
    before = note.value, other.value
    share.value = "<b>7"
    assert "must be a decimal(5,2)" in note.value
    assert "role='alert'" in note.value
    assert "<b>7" not in note.value
    assert other.value == before[1]
    assert "share" not in bench.inputs.given
    share.value = "2"
    assert "between 0 and 1" in note.value
    share.value = "0.07"
    assert note.value == before[0]
    assert bench.inputs.given["share"] == "0.07"


@pytest.mark.parametrize(("name", "value", "empty"), [("share", "0.5", ""), ("since", "2026-01-02", "")])
def test_an_emptied_field_means_the_default(name: str, value: str, empty: Any, bench: Workbench) -> None:
    """Nothing was given, so nothing is given any more."""
    control, note = fields(bench)[name]
    before = note.value
    control.value = value
    control.value = empty
    assert name not in bench.inputs.given
    assert note.value == before


def test_a_required_value_that_is_taken_away_is_missed(bench: Workbench) -> None:
    """Beside the field, and by the cell that needs it."""
    control, note = fields(bench)["day"]
    control.value = date(2026, 1, 2)
    control.value = None
    assert "needs a value" in note.value
    assert "day" not in bench.inputs.given


def test_a_secret_is_taken_and_not_kept_in_the_form(bench: Workbench) -> None:
    """Its field is emptied at once: a form's state is saved with the notebook and sent to every client."""
    control, _ = fields(bench)["key"]
    control.value = "swordfish-9"
    assert bench.inputs.values().text["key"] == "swordfish-9"
    assert control.value == ""
    assert "swordfish" not in str(control.get_state())
    assert "hidden" in control.placeholder
    assert control.traits()["value"].metadata["echo_update"] is False


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
    rows = form(bench).children
    assert "swordfish" not in str([child.get_state() for row in rows for child in row.children])
    assert "<b>where" not in str([row.children[1].value for row in rows])


def test_without_widgets_there_is_the_table(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Headless execution needs no ipywidgets."""
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    plain = shown_parameters(bench)
    assert with_form(bench, plain) is plain
