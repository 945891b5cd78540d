"""Loads of files tell how many rows they wrote, where that is known without reading them again."""

from pathlib import Path

import pytest

from arcbook.runners.executor import Executor
from arcbook.runners.written_rows import MOST_FOOTERS, rows_in_footers
from tests.kernel.running import run_text

VIEW = '{"type": "SQLTransform", "name": "q", "outputView": "%s", "sql": "SELECT id, id %% 3 AS g FROM range(%d)"}'


@pytest.mark.parametrize("place", ["folder", "bucket"])
def test_rows_of_loads(place: str, executor: Executor, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Those of this write, not of what was there before; Sail does not tell of JSON in several files."""
    root = str(tmp_path) if place == "folder" else f"s3a://{request.getfixturevalue('s3_bucket')}"
    run_text(executor, VIEW % ("v", 10))
    run_text(executor, VIEW % ("none", 0))

    def rows(kind: str, view: str = "v", more: str = "", mode: str = "Append") -> int | None:
        load = f'{{"type": "{kind}Load", "name": "w", "inputView": "{view}", "outputURI": "{root}/{kind}{len(more)}"'
        found = run_text(executor, f'{load}, "saveMode": "{mode}"{more}}}').details.get("recordsWritten")
        assert found is None or isinstance(found, int)
        return found

    parted = ', "partitionBy": ["g"]'
    assert [rows("Parquet", more=parted), rows("Parquet", more=parted)] == [10, 10]
    assert rows("Parquet", more=', "numPartitions": 1') == 10
    assert rows("Parquet", view="none") == 0
    assert rows("Parquet", mode="Ignore") is None
    assert rows("JSON", more=parted) == (10 if executor.engine.name == "local" else None)
    assert rows("JSON", more=', "numPartitions": 1') == 10


def test_footers_that_cannot_be_read(tmp_path: Path) -> None:
    """Are no trouble of the load."""
    (tmp_path / "text").write_text("no Parquet")
    assert rows_in_footers([]) == 0
    assert rows_in_footers([str(tmp_path / "text")]) is None
    assert rows_in_footers([str(tmp_path / "gone")]) is None
    assert rows_in_footers([str(tmp_path / "gone")] * (MOST_FOOTERS + 1)) is None
