"""A shell's workbench: what its errors show, and that it goes with its shell."""

import gc
import weakref

import pytest

from arcbook_magics.workbench import Workbench, forget_workbench, get_workbench


@pytest.mark.parametrize("wanted", [False, True])
def test_a_trace_is_shown_when_asked_for(wanted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """etl.config.enableStackTrace adds the foreign text to the few lines of an error."""
    monkeypatch.setenv("ETL_CONF_ENABLE_STACKTRACE", str(wanted).lower())
    bench = Workbench(publish=lambda shown: None, describe=dict)
    try:
        raise KeyError("deep inside")
    except KeyError as error:
        shown = bench.presentable(error, "")
    lines = shown._render_traceback_()  # type: ignore[attr-defined]
    assert any(line.startswith("Traceback") for line in lines) is wanted


def test_a_forgotten_workbench_lets_go_of_its_shell() -> None:
    """Neither the table of workbenches nor the end of the process holds it."""

    class Shell:
        kernel = None

    shell = Shell()
    gone = weakref.ref(shell)
    assert get_workbench(shell) is get_workbench(shell)
    forget_workbench(shell)
    del shell
    gc.collect()
    assert gone() is None
