"""The extension in plain IPython."""

from collections.abc import Iterator
from typing import Any

import pytest

from arcbook.core.failures import CellError, QualityError
from arcbook.core.masking import masker
from arcbook_magics.benches import get_workbench
from arcbook_magics.registry import magic, magic_names, plain_kinds
from arcbook_magics.shown import Shown


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An IPython shell with the extension loaded."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        patch.delenv("ETL_CONF_ENV", raising=False)
        patch.delenv("ARCBOOK_LAUNCH", raising=False)
        config = Config()
        config.HistoryManager.enabled = False
        made = InteractiveShell.instance(config=config)
        made.run_line_magic("load_ext", "arcbook_magics")
        yield made
        made.run_line_magic("unload_ext", "arcbook_magics")
        InteractiveShell.clear_instance()


def test_a_cell_magic_returns_a_result(shell: Any) -> None:
    """With the frame behind it, as pandas and as Arrow."""
    shown = shell.run_cell_magic("sql", "outputView=adults", "SELECT 'Ann' AS name, 31 AS age")
    assert isinstance(shown, Shown)
    assert repr(shown).splitlines()[-1] == "Ann    31"
    assert shown.pandas().to_dict("records") == [{"name": "Ann", "age": 31}]
    assert shown.arrow().num_rows == 1
    assert shell.run_cell("_result = _\n%sql SELECT age + 1 AS next FROM adults").result.df.collect()[0].next == 32


def test_line_magics(shell: Any) -> None:
    """One line suffices where the body is one line."""
    assert "name" in repr(shell.run_line_magic("printschema", "adults"))
    assert "table_name" in shell.run_line_magic("sql", "datasetLabels=true SELECT 1 AS one").data["text/html"]
    assert "numRows" in repr(shell.run_line_magic("conf", "numRows=5"))


def test_only_cells_that_use_a_parameter_wait_for_its_value(shell: Any) -> None:
    """Also one that an earlier text of the `%params` cell declared, which a console cannot tell from another cell."""
    shell.run_cell_magic("params", "", "unset: integer")
    shell.run_cell_magic("params", "", "set: integer = 3")
    assert "3" in repr(shell.run_cell_magic("sql", "", "SELECT :set AS n"))
    for line, body in (("", "SELECT :unset AS n"), ("sqlParams=a=${unset}", "SELECT ${a} AS n")):
        with pytest.raises(CellError, match="`unset` \\(integer\\) has no value"):
            shell.run_cell_magic("sql", line, body)
    shell.run_cell_magic("params", "", "unset = 5")
    assert "5" in repr(shell.run_cell_magic("sql", "", "SELECT :unset AS n"))


def test_errors_are_short_and_placed(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """IPython prints our lines instead of a traceback."""
    outcome = shell.run_cell("%%sql\nSELECT nme\nFROM adults")
    assert outcome.error_in_exec is not None
    printed = capsys.readouterr().out
    assert "   2 | SELECT nme\n     |        ^^^" in printed
    assert "Traceback" not in printed
    with pytest.raises(CellError):
        shell.run_cell_magic("sql", "outputViw=x", "SELECT 1")


def test_a_gate(shell: Any) -> None:
    """A false outcome is an exception."""
    with pytest.raises(QualityError, match="no adults"):
        shell.run_cell_magic("sqlvalidate", "", "SELECT false, 'no adults'")


def test_several_stages(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """All but the last are displayed, the last is returned."""
    stage = '{{ type = SQLTransform, name = "{0}", sql = "SELECT {0} AS n", outputView = p{0} }}'
    shown = shell.run_cell_magic("arc", "", stage.format(1) + "\n" + stage.format(2))
    assert capsys.readouterr().out.split() == ["n", "-", "1"]
    assert repr(shown).split() == ["n", "-", "2"]


def test_ipythons_names_stay_ipythons(shell: Any) -> None:
    """`%env` and `%%python` are IPython's; `%%env` is ours, and adds."""
    assert "arcbook" not in shell.magics_manager.magics["line"]["env"].__module__
    assert "python" in shell.magics_manager.magics["cell"]
    assert "arcbook" not in shell.magics_manager.magics["cell"]["python"].__module__
    shell.run_cell_magic("env", "", "A=1")
    assert repr(shell.run_cell_magic("env", "", "B=2")) == "A: 1\nB: 2"


def test_help_is_the_docstring(shell: Any) -> None:
    """`%sql?` shows the same page as `%help sql`."""
    assert shell.magics_manager.magics["cell"]["sql"].__doc__ == magic("sql").__doc__


@pytest.mark.parametrize("name", magic_names())
def test_every_magic_is_documented(name: str) -> None:
    """A sentence, and an example where something can be written behind the magic."""
    doc = magic(name).__doc__ or ""
    assert doc.split("\n")[0].endswith((".", "`."))
    assert f"%{name}" in doc or name == "version"
    assert plain_kinds(name) <= {"line", "cell"}


def test_one_workbench_per_shell(shell: Any) -> None:
    """Loading again changes nothing of the state."""
    bench = get_workbench(shell)
    shell.run_line_magic("reload_ext", "arcbook_magics")
    assert get_workbench(shell) is not bench  # unloading ends the engine, loading begins anew
    assert "one" in repr(shell.run_line_magic("sql", "SELECT 1 AS one"))


def test_dynamic_cells(shell: Any) -> None:
    """Computed values, plugins and metadata work as in the kernel."""
    assert "TOP" in repr(shell.run_cell_magic("configexecute", "name=c", "SELECT to_json(named_struct('TOP', 3))"))
    shown = shell.run_cell_magic("sql", "resolution=lazy sqlParams=n=${TOP}", "SELECT ${n} AS n")
    assert repr(shown).splitlines()[-1].strip() == "3"
    period = (
        "{type: DeltaPeriodDynamicConfigurationPlugin, environments: [test], returnName: PERIOD, lagDays: 0,"
        ' leadDays: 1, formatter: uuuuMMdd, currentDate: "20260228"}'
    )
    assert "20260228,20260301" in repr(shell.run_cell_magic("configplugin", "", period))
    shown = shell.run_cell_magic("sql", "sqlParams=p=${PERIOD}", "SELECT '${p}' AS p")
    assert "20260228,20260301" in repr(shown)
    token = "SELECT to_json(named_struct('API_TOKEN', concat('t0ps3cret', 'value')))"
    hidden = shell.run_cell_magic("configexecute", "name=c", token)
    assert hidden is not None
    assert "t0ps3cretvalue" not in masker().mask(repr(hidden))
    plugin = "{type: ControlFlow, environments: [test], key: k}"
    assert '"key":"k"' in repr(shell.run_cell_magic("lifecycleplugin", "", plugin))
    assert '"key":"k"' in repr(shell.run_line_magic("lifecycleplugin", ""))
    assert "No lifecycle plugin" in repr(shell.run_line_magic("lifecycleplugin", "remove=ControlFlow"))
    shell.run_cell_magic("sql", "outputView=described", "SELECT 1 AS id, 'x' AS name")
    kept = shell.run_cell_magic(
        "metadatafilter", "inputView=described outputView=kept", "SELECT name FROM metadata WHERE type = 'string'"
    )
    assert kept.df.columns == ["name"]
    with pytest.raises(QualityError):
        shell.run_cell_magic("metadatavalidate", "inputView=kept", "SELECT count(*) = 2, 'two columns' FROM metadata")


def test_tables_of_our_own_become_views(shell: Any, tmp_path: Any) -> None:
    """Of Arc's columns and types; `persist` is taken."""
    (tmp_path / "b.csv").write_text("x" * 2048)
    (tmp_path / "a").mkdir()
    shell.run_cell_magic("list", "outputView=files persist=true numRows=1", str(tmp_path))
    columns = "path string, name string, modificationTime timestamp, size string, bytes bigint"
    frame = shell.run_cell_magic("sql", "", "SELECT * FROM files ORDER BY name").df
    assert ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in frame.schema.fields) == columns
    assert [(row.name, row.size, row.bytes) for row in frame.collect()] == [("a", "", None), ("b.csv", "2.0 KiB", 2048)]
    shell.run_cell_magic("metadata", "outputView=columns", "files")
    assert shell.run_cell_magic("sql", "", "SELECT name FROM columns").df.count() == 5
    with pytest.raises(CellError, match="true or false"):
        shell.run_cell_magic("list", "persist=maybe", str(tmp_path))


def test_the_picture_of_what_ran(shell: Any) -> None:
    """Of each cell its last run; the columns when they are asked for."""
    shell.run_cell_magic("sql", "name=first outputView=pictured", "SELECT 1 AS x")
    shell.run_cell_magic("sql", "name=second outputView=after", "SELECT x + 1 AS y FROM pictured")
    shown = shell.run_line_magic("lineage", "")
    assert "stage first leads to second" in repr(shown)
    assert shown.data["image/svg+xml"].startswith("<svg")
    assert ">y int<" not in shown.data["image/svg+xml"]
    assert ">y int<" in shell.run_line_magic("lineage", "columns=true").data["image/svg+xml"]
