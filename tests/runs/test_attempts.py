"""Attempts at one run: what is appended is appended once."""

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet
import pytest
from deltalake import DeltaTable

from tests.runs.running import Make, Ran

JOB = """{"stages": [
  {"type": "SQLTransform", "name": "rows", "environments": ["test"], "sql": "SELECT 1 AS id", "outputView": "rows"},
  {"type": "DeltaLakeLoad", "name": "append", "environments": ["test"], "inputView": "rows", "outputURI": "table",
   "saveMode": "Append"},
  {"type": "SQLValidate", "name": "gate", "environments": ["test"], "sql": "SELECT :passes, 'not yet'"}
]}"""


def test_a_second_attempt_appends_nothing_twice(run_command: Callable[..., Ran], tmp_path: Path) -> None:
    """The first attempt fails behind the append; the second one succeeds; the next run appends its own rows."""

    def attempt(key: str, day: int, passes: str) -> int:
        text = JOB.replace(":passes", passes)
        (tmp_path / "job.json").write_text(text, encoding="utf-8")
        time = f"2026-01-0{day}T00:00:00Z"
        return run_command(
            "arcbook", "run", "job.json", "--environment", "test", "--run-key", key, "--logical-time", time
        ).code

    assert [attempt("w-1", 1, "1 = 0"), attempt("w-1", 1, "1 = 1")] == [65, 0]
    assert DeltaTable(str(tmp_path / "table")).version() == 0
    assert attempt("w-2", 2, "1 = 1") == 0
    assert DeltaTable(str(tmp_path / "table")).version() == 1


def test_a_key_needs_a_time(run_command: Callable[..., Ran], tmp_path: Path) -> None:
    """Attempts that started at different times would not be the same run."""
    (tmp_path / "job.json").write_text(JOB, encoding="utf-8")
    done = run_command("arcbook", "run", "job.json", "--environment", "test", "--run-key", "w-1")
    assert done.code == 64
    assert "--logical-time" in done.err


LOAD = '{{"type": "{type}", "name": "{type}", "environments": ["test"], "inputView": "few", "outputURI": "{type}", '
CELLS = (
    "%environment test",
    "%sql name=few environments=test outputView=few\nSELECT id FROM range(3)",
    *(LOAD.format(type=kind) + '"saveMode": "Append"}' for kind in ("DeltaLakeLoad", "ParquetLoad", "JSONLoad")),
    # The machine is lost right behind the writes, before a record says that they were made.
    "%python\nimport os, signal\nif os.path.exists('lost'):\n  os.kill(os.getpid(), signal.SIGKILL)",
)


@pytest.mark.parametrize("engine", ["embedded", pytest.param("local", marks=pytest.mark.local)])
def test_a_run_that_was_killed_is_repeated(
    engine: str, make_notebook: Make, run_command: Callable[..., Ran], tmp_path: Path
) -> None:
    """What was written before the kill is there once, in tables and in files; the next run adds its own."""
    job = make_notebook(*CELLS)

    def attempt(key: str) -> int:
        time = ("--logical-time", "2026-01-01T00:00:00Z")
        return run_command("arcbook", "run", job, "--engine", engine, "--run-key", key, *time).code

    (tmp_path / "lost").touch()
    assert attempt("one") == 75
    (tmp_path / "lost").unlink()
    assert attempt("one") == 0
    assert rows(tmp_path) == {"DeltaLakeLoad": 3, "ParquetLoad": 3, "JSONLoad": 3}
    assert run_command("arcbook", "runs", "show").out.count("nothing written: it is there already") == 3
    assert attempt("two") == 0
    assert rows(tmp_path) == {"DeltaLakeLoad": 6, "ParquetLoad": 6, "JSONLoad": 6}


def rows(folder: Path) -> dict[str, int]:
    """The rows of each output, as other programs than the engine read them."""
    files = (folder / "JSONLoad").glob("*.json")
    return {
        "DeltaLakeLoad": DeltaTable(str(folder / "DeltaLakeLoad")).to_pyarrow_table().num_rows,
        "ParquetLoad": pyarrow.parquet.read_table(folder / "ParquetLoad").num_rows,
        "JSONLoad": sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files),
    }
