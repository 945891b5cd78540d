"""Small jobs to promote, and the command line in this process."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arcbook.cli import invoke

CELLS = (
    '%params\nregion: enum("eu", "us") = "eu"  # where the orders come from\nday: date = "2026-11-23"',
    '{"type": "SQLTransform", "name": "read", "environments": ["prod"], "inputURI": "sql/read.sql", "outputView": "v"}',
    """%sql name="merge" environments=prod
MERGE INTO delta.`s3a://lake/tables/orders` AS t USING v
ON t.x = v.x AND t.region = :region AND t.day = :day WHEN NOT MATCHED THEN INSERT *""",
)

WriteJob = Callable[..., Path]
Promote = Callable[..., "Outcome"]


class Outcome:
    """Exit code and texts of one call of the command line."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def problems(self) -> list[dict[str, Any]]:
        """The problems that `--json` printed, of a refusal or of a success."""
        value = json.loads(self.out)
        found: list[dict[str, Any]] = value["error"]["problems"] if "error" in value else value["warnings"]
        return found


def notebook(cells: tuple[str, ...] = CELLS) -> dict[str, Any]:
    """A notebook with code cells of these texts."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "arc", "display_name": "Arc", "language": "arc"}},
        "cells": [
            {
                "cell_type": "code", "id": f"c{number}", "metadata": {}, "source": source,
                "outputs": [], "execution_count": None,
            }
            for number, source in enumerate(cells)
        ],
    }  # fmt: skip


@pytest.fixture
def value() -> dict[str, Any]:
    """The notebook `write_job` writes by default, to be changed."""
    return notebook()


@pytest.fixture
def write_job(tmp_path: Path) -> WriteJob:
    """Write a notebook (cells, or a whole value) and its SQL file below the test's folder."""

    def write(
        *cells: str, value: dict[str, Any] | None = None, folder: str = "job", name: str = "orders.ipynb"
    ) -> Path:
        path = tmp_path / folder / name
        (path.parent / "sql").mkdir(parents=True, exist_ok=True)
        (path.parent / "sql" / "read.sql").write_text("SELECT 1 AS x\n")
        path.write_text(json.dumps(value or notebook(cells or CELLS)), encoding="utf-8")
        return path

    return write


@pytest.fixture
def promote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Promote:
    """Call `arcbook promote JOB … --out out` in this process."""

    def call(job: Path | str, *options: str, out: str = "out") -> Outcome:
        code = invoke(["promote", str(job), *options, "--out", str(tmp_path / out)])
        shown = capsys.readouterr()
        return Outcome(code, shown.out, shown.err)

    return call
