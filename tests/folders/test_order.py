"""The jobs of a folder run in the order of what they read and write, or not at all."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcbook.core.failures import CellError, InputError
from arcbook.folders.prepare import Batch, read_folder

CASES = yaml.safe_load((Path(__file__).parent / "data" / "orders.yaml").read_text(encoding="utf-8"))
NOW = datetime(2026, 11, 26, tzinfo=UTC)
#: Views that every job has.
VIEWS = '{type: SQLTransform, name: v, environments: [test], outputView: v, sql: "SELECT 1 AS id"}'


def read(folder: Path, given: dict[str, str] | None = None) -> Batch:
    """The folder's jobs in the environment `test`."""
    return read_folder(folder, {"environment": "test", "parameters": given or {}}, NOW)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_order_of_a_folder(case: dict[str, Any], tmp_path: Path) -> None:
    """Who waits for whom; or all problems, and no order."""
    for name, stages in case["jobs"].items():
        text = f"{{stages: [{VIEWS}, {stages}]"
        if declared := case.get("params", {}).get(name):
            text += f", arcbook.cells: [{{code: {json.dumps(f'%params{chr(10)}{declared}')}}}]"
        (tmp_path / f"{name}.json").write_text(text + "}", encoding="utf-8")
    for name, text in case.get("files", {}).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    if "problems" not in case:
        batch = read(tmp_path, case.get("given"))
        assert {name: sorted(each) for name, each in batch.order.after.items()} == {
            name: sorted(each) for name, each in case["after"].items()
        }
        assert list(batch.notes) == case.get("notes", [])
        return
    with pytest.raises(CellError) as raised:
        read(tmp_path, case.get("given"))
    texts = [str(problem) for problem in raised.value.problems]
    assert sorted(problem.code for problem in raised.value.problems) == sorted(
        each["code"] for each in case["problems"]
    ), texts
    for wanted in case["problems"]:
        assert any(all(part in text for part in (wanted["code"], *wanted["says"])) for text in texts), texts


def test_a_folder_without_jobs(tmp_path: Path) -> None:
    """It is no success to have done nothing."""
    (tmp_path / "readme.md").write_text("jobs to come", encoding="utf-8")
    with pytest.raises(InputError, match="no notebook and no job file"):
        read(tmp_path)
