import asyncio
import json
import os
import pickle
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import papermill
import pytest
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from arcbook.core.failures import TransientError
from arcbook.runs.papermill_engine import ArcEngine, DefaultEngine
from arcbook.runs.papermill_errors import RunFailedError
from arcbook.runs.store import LocalFolder
from tests.runs.running import Make, read_notebook, record_folder, texts


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ETL_CONF_ENV", "ARCBOOK_ENGINE", "ARCBOOK_RECORD"):
        monkeypatch.delenv(name, raising=False)


def execute(source: Path, target: Path, **options: Any) -> dict[str, Any]:
    papermill.execute_notebook(source, target, progress_bar=False, **options)
    return read_notebook(target)


@pytest.mark.parametrize(
    "first", ["papermill.engines", "arcbook.runs.papermill_engine", "arcbook.runs.execute, papermill"]
)
def test_registration_does_not_depend_on_who_is_imported_first(first: str) -> None:
    """papermill imports us and we import papermill."""
    code = (
        f"import {first}\nfrom papermill.engines import papermill_engines as e\n"
        "from papermill.translators import papermill_translators as t\n"
        "assert e.get_engine(None).__name__ == 'DefaultEngine', e.get_engine(None)\n"
        "assert e.get_engine('arcbook').__name__ == 'ArcEngine'\n"
        "assert e.get_engine(None).own.__name__ == 'NBClientEngine'\n"
        "assert t.find_translator('arc', 'x').__name__ == 'ArcTranslator'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_other_kernels_run_on_papermills_own_engine(make_notebook: Make, tmp_path: Path) -> None:
    """A python3 notebook with parameters gives what papermill alone gives, and no record."""
    source = make_notebook("a = 1", "print(a + 1)", kernel="python3")
    ours = execute(source, tmp_path / "ours.ipynb", parameters={"a": 5}, kernel_name="python3")
    own = execute(source, tmp_path / "own.ipynb", parameters={"a": 5}, kernel_name="python3", engine_name="nbclient")
    assert texts(ours).strip() == texts(own).strip() == "2"
    assert [cell["source"] for cell in ours["cells"]] == [cell["source"] for cell in own["cells"]]
    assert not (tmp_path / "runs").exists()
    assert papermill_engines.get_engine(None) is DefaultEngine
    assert DefaultEngine.own is NBClientEngine


def test_other_kernels_fail_as_before(make_notebook: Make, tmp_path: Path) -> None:
    """With papermill's own exception, not a subclass of it."""
    with pytest.raises(PapermillExecutionError) as raised:
        execute(make_notebook("1/0", kernel="python3"), tmp_path / "out.ipynb")
    assert type(raised.value) is PapermillExecutionError


def test_our_engine_leaves_a_notebook_as_papermill_does(make_notebook: Make, tmp_path: Path) -> None:
    """Outputs, counts, times and status of every cell; the same notebook in the record."""
    source = make_notebook("print('one')", "2", "", kernel="python3")
    made = execute(source, tmp_path / "out.ipynb", engine_name="arcbook")
    assert [cell["execution_count"] for cell in made["cells"]] == [1, 2, None]
    assert texts(made).split() == ["one", "2"]
    notes = [cell["metadata"]["papermill"] for cell in made["cells"]]
    assert [note["status"] for note in notes[:2]] == ["completed", "completed"]
    assert all(note["duration"] > 0 and note["exception"] is False for note in notes[:2])
    whole = made["metadata"]["papermill"]
    assert (whole["exception"], whole["input_path"]) == (None, str(source))
    assert whole["duration"] > 0
    assert made["metadata"]["language_info"]["name"] == "python"
    assert read_notebook(record_folder(tmp_path) / "notebook.ipynb") == made
    subprocess.run(
        ["sha256sum", "--check", "--strict", "MANIFEST"], cwd=record_folder(tmp_path), check=True, capture_output=True
    )


def test_values_that_no_notebook_can_hold(make_notebook: Make, tmp_path: Path) -> None:
    """Dates and decimals given in Python arrive with their type; the notebook notes them as text."""
    declared = "%params\nday: date\nrate: decimal(5,2)\ndays: list[date]"
    source = make_notebook(
        "%environment test", declared, "%sql outputView=v environments=test\nSELECT :day, :rate, :days"
    )
    given = {"day": date(2026, 1, 31), "rate": Decimal("0.05"), "days": [date(2026, 2, 1)]}
    made = execute(source, tmp_path / "out.ipynb", parameters=given)
    assert made["metadata"]["papermill"]["parameters"] == {"day": "2026-01-31", "rate": "0.05", "days": ["2026-02-01"]}
    assert "0.05" in texts(made)
    assert "2026-01-31" in texts(made)


def test_a_failure_is_papermills_exception_and_a_class(make_notebook: Make, tmp_path: Path) -> None:
    """API users catch what they always caught; the command line gets an exit code."""
    source = make_notebook("print('before')", "open('no.csv')", "print('never')", kernel="python3")
    with pytest.raises(PapermillExecutionError) as raised:
        execute(source, tmp_path / "out.ipynb", engine_name="arcbook")
    error = raised.value
    assert isinstance(error, click.ClickException)
    assert isinstance(error, RunFailedError)
    assert (error.exit_code, error.cell_index, error.exec_count, error.source) == (66, 1, 2, "open('no.csv')")
    assert "no.csv" in str(error)
    assert type(pickle.loads(pickle.dumps(error))) is PapermillExecutionError
    made = read_notebook(tmp_path / "out.ipynb")
    assert "before" in texts(made)
    assert "never" not in texts(made)
    assert "FileNotFoundError" in made["cells"][0]["source"]


def test_a_marked_notebook_runs_again_without_its_marks(make_notebook: Make, tmp_path: Path) -> None:
    """papermill takes our marks of the last failure away as its own."""
    source = make_notebook("import os", "assert 'FIXED' in os.environ", kernel="python3")
    with pytest.raises(PapermillExecutionError):
        execute(source, tmp_path / "out.ipynb", engine_name="arcbook")
    os.environ["FIXED"] = "1"
    try:
        again = execute(tmp_path / "out.ipynb", tmp_path / "again.ipynb", engine_name="arcbook")
    finally:
        del os.environ["FIXED"]
    assert len(again["cells"]) == 2


def test_an_ignored_error_fails_the_run_all_the_same(make_notebook: Make, tmp_path: Path) -> None:
    """No tag and no option makes a failed cell green."""
    source = make_notebook("1/0", kernel="python3")
    notebook = json.loads(source.read_text(encoding="utf-8"))
    notebook["cells"][0]["metadata"]["tags"] = ["raises-exception"]
    source.write_text(json.dumps(notebook), encoding="utf-8")
    with pytest.raises(PapermillExecutionError):
        execute(source, tmp_path / "out.ipynb", engine_name="arcbook")


def test_a_cell_that_takes_too_long_is_stopped(make_notebook: Make, tmp_path: Path) -> None:
    """The kernel is interrupted, and the run fails as transient."""
    source = make_notebook("import time; print('x', flush=True); time.sleep(60)", kernel="python3")
    with pytest.raises(RunFailedError) as raised:
        execute(source, tmp_path / "out.ipynb", engine_name="arcbook", execution_timeout=1)
    assert raised.value.exit_code == 75
    assert "x" in texts(read_notebook(tmp_path / "out.ipynb"))


def test_no_kernel_named(make_notebook: Make, tmp_path: Path) -> None:
    """A notebook that says nothing about its kernel gets one clear problem, and runs when `-k` says it."""
    source = make_notebook("print(1)", kernel=None)
    with pytest.raises(click.ClickException, match="-k arc") as raised:
        execute(source, tmp_path / "out.ipynb")
    assert raised.value.exit_code == 64
    assert isinstance(raised.value, ValueError)
    assert execute(source, tmp_path / "out.ipynb", kernel_name="python3")


def test_a_kernel_that_is_not_installed(make_notebook: Make, tmp_path: Path) -> None:
    """The name is said, the class is definition, a record is left."""
    with pytest.raises(RunFailedError, match="nonesuch") as raised:
        execute(make_notebook("1", kernel="nonesuch"), tmp_path / "out.ipynb", engine_name="arcbook")
    assert raised.value.exit_code == 64
    assert record_folder(tmp_path).joinpath("notebook.ipynb").is_file()


def test_the_engine_needs_nothing_of_papermills_base() -> None:
    """It is used by its methods; it stays importable while papermill is half imported."""
    assert ArcEngine.__mro__ == (ArcEngine, object)


def test_within_a_running_event_loop(make_notebook: Make, tmp_path: Path) -> None:
    """As in a notebook, or in an asynchronous server."""

    async def inside() -> dict[str, Any]:
        return execute(make_notebook("print('in')", kernel="python3"), tmp_path / "out.ipynb", engine_name="arcbook")

    assert "in" in texts(asyncio.run(inside()))


def test_a_green_run_without_a_record_is_a_failure(
    make_notebook: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could see that it was green; its writes can be repeated. The work is in the notebook all the same."""

    def fail(folder: LocalFolder, name: str, content: bytes) -> None:
        if name == "notebook.ipynb":
            raise TransientError("the bucket is gone")
        own(folder, name, content)

    own = LocalFolder.put
    monkeypatch.setattr(LocalFolder, "put", fail)
    with pytest.raises(Exception, match=r"All cells ran.*the bucket is gone"):
        execute(make_notebook("print('in')", kernel="python3"), tmp_path / "out.ipynb", engine_name="arcbook")
    assert "in" in texts(read_notebook(tmp_path / "out.ipynb"))
    assert "in" in texts(read_notebook(record_folder(tmp_path) / "notebook.ipynb"))
