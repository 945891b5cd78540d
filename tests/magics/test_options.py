"""`%conf`: Arc's options, loud where Arc was silent."""

import pytest

from arcbook.cells.model import Argument
from arcbook.cells.options import OPTIONS, OptionError, Options
from arcbook.core.span import Span


def test_assignments_stand_anywhere() -> None:
    """Lines, words, quotes and blanks around `=` are all understood."""
    options = Options().with_text('numRows=5 truncate = 10\n\n  monospace="true"')
    assert (options["numRows"], options["truncate"], options["monospace"]) == (5, 10, True)
    assert options["leftAlign"] is False


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("numRos=5", "there is no option `numRos`", "Did you mean `numRows`?"),
        ("numRows=many", "`numRows` must be a whole number, not `many`", ""),
        ("monospace=1", "`monospace` must be true or false, not `1`", ""),
        ("numRows", "`numRows` is no setting", "Write `name=value`"),
        ("master=local[4]", "there is no option `master`", "ARCBOOK_ENGINE"),
        ("maxNumRows=9", "`maxNumRows` cannot be set in a notebook", "CONF_MAX_NUM_ROWS"),
    ],
)
def test_what_is_wrong_is_said(text: str, message: str, remedy: str) -> None:
    """A setting that would have no effect is an error at its place."""
    with pytest.raises(OptionError) as raised:
        Options().with_text(f"leftAlign=true {text}")
    assert message in str(raised.value)
    assert remedy in raised.value.remedy
    assert raised.value.start == len("leftAlign=true ")


def test_the_environment_sets_defaults_and_limits() -> None:
    """`CONF_…` variables count; the hard limit wins over what a cell asks for."""
    options = Options.from_environment({"CONF_NUM_ROWS": "7", "CONF_MAX_NUM_ROWS": "30", "CONF_TRUNCATE": "soon"})
    assert (options.row_cap, options["truncate"]) == (7, OPTIONS["truncate"].default)
    asked = options.with_arguments(
        {"numRows": Argument("1000", Span(1, 1, 1, 2)), "name": Argument("x", Span(1, 1, 1, 2))}
    )
    assert asked.row_cap == 30
    assert options.with_arguments({"maxNumRows": Argument("99", Span(1, 1, 1, 2))})["maxNumRows"] == 30
