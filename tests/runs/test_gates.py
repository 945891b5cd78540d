"""Gates in runs: a warning lets the run go on, a failure shows its evidence, and records keep both over time."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.runs.running import Make, Ran, read_notebook, record_folder, texts

CELLS = (
    "%environment test",
    "%params\nmost: integer = 0",
    "%sql name=t environments=test outputView=t\nSELECT id, IF(id = 0, 'Ann' || ' Ash', null) AS who FROM range(3)",
    """{"type": "SQLValidate", "name": "soft", "environments": ["test"], "severity": "warn", "evidenceColumns": ["id"],
        "sql": "SELECT COUNT_IF(who LIKE 'Ann%') = 0, 'soft' FROM t"}""",
    "%sqlvalidate name=hard environments=test\nSELECT COUNT_IF(who IS NULL) <= :most, 'hard' FROM t",
    "%python\nprint('behind')",
)


def test_warnings_and_failures(make_notebook: Make, run_command: Callable[..., Ran], tmp_path: Path) -> None:
    """The evidence is in the output, the notebook and the record, masked; `runs gates` tells it run by run."""
    job = make_notebook(*CELLS)
    failed = run_command("arcbook", "run", job)
    assert failed.code == 65
    assert "SQLValidate failed with message: 'hard'." in failed.err
    assert "The gate `hard` failed: COUNT_IF(who IS NULL) <= :most" in failed.err
    assert "measured 2, must be <= 0" in failed.err
    assert "rows against it: 2 of 3" in failed.err
    assert "to see them: SELECT * FROM t WHERE (who IS NULL)" in failed.err
    assert "1 gate warned: `soft` (1, must be = 0)" in failed.err
    shown = texts(read_notebook(record_folder(tmp_path) / "notebook.ipynb"))
    assert "The gate `soft` warns" in shown
    assert "The gate `hard` failed" in shown
    assert "behind" not in shown
    passed = run_command("arcbook", "run", job, "-p", "most", "2")
    assert passed.code == 0
    assert "1 gate warned: `soft` (1, must be = 0)" in passed.err
    for kept in (tmp_path / "runs").rglob("record.json"):
        text = kept.read_text(encoding="utf-8")
        assert "Xxx Xxx" in text
        assert "Ann Ash" not in text

    told = run_command("arcbook", "runs", "gates", "job")
    assert told.code == 0, told.err
    assert "job, soft: 2 warn" in told.out
    assert "job, hard: 1 pass, 1 fail" in told.out
    lines = [" ".join(line.split()) for line in told.out.splitlines()]
    newest_first = [line[:4] for line in lines if line.endswith(("2, must be <= 2", "2, must be <= 0"))]
    assert newest_first == ["pass", "fail"]
    told = run_command("arcbook", "runs", "gates", "--json", "--limit", "1")
    assert [(each["name"], each["outcome"]) for each in json.loads(told.out)] == [("soft", "warn"), ("hard", "pass")]
    assert "No gate of other has a result" in run_command("arcbook", "runs", "gates", "other").err
    assert "The gate `hard` failed" in run_command("arcbook", "runs", "show", record_of(failed)).out


def record_of(ran: Ran) -> str:
    """The run id in what a run printed."""
    return ran.err.partition("Record: ")[2].split("/record.json")[0].rpartition("/")[2]
