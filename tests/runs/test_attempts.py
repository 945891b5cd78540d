"""Attempts at one run: what is appended is appended once."""

from collections.abc import Callable
from pathlib import Path

from deltalake import DeltaTable

from tests.runs.running import Ran

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
