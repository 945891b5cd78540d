"""A shell's workbench: what its errors show, and that it goes with its shell."""

import gc
import weakref

import pytest

from arcbook.cells.magics import read_cell
from arcbook.core.failures import CellError
from arcbook_magics.benches import forget_workbench, get_workbench
from arcbook_magics.magics import configplugin
from arcbook_magics.workbench import Workbench


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


@pytest.mark.parametrize("variable", ["CONF_STORAGE_LEVEL", "ETL_CONF_STORAGE_LEVEL"])
def test_the_storage_level_of_the_kernel(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By either of Arc's names; `%conf` shows the one in force."""
    monkeypatch.setenv(variable, "DISK_ONLY")
    bench = Workbench(publish=lambda shown: None)
    assert bench.settings.storage_level == "DISK_ONLY"
    assert bench.options["storageLevel"] == "DISK_ONLY"
    monkeypatch.setenv(variable, "DISC_ONLY")
    with pytest.raises(CellError, match=f"{variable} must be one of"):
        _ = Workbench(publish=lambda shown: None).settings


def test_a_plugin_cell_that_runs_again_forgets_its_values() -> None:
    """Its second plugin takes what the first one computes now, not what it computed before."""
    keys = "type: DeltaPeriodDynamicConfigurationPlugin, environments: [test], leadDays: 0, formatter: uuuu-MM-dd"
    plugin = f"{{{keys}, returnName: %s, currentDate: %s, lagDays: 0}}"
    bench = Workbench(publish=lambda shown: None)
    for day in ("2026-01-01", "2026-01-02"):
        text = "\n".join(["%configplugin", plugin % ("FIRST", f'"{day}"'), plugin % ("SECOND", "${FIRST}")])
        list(configplugin.run(bench, read_cell(text, cell_id="a")))
        assert bench.inputs.plugins == {"FIRST": day, "SECOND": day}
