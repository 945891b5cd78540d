"""What original Arc would do otherwise is told at its place, and nothing else is."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from arcbook.cells.arc_lint import arc_differences
from arcbook.cells.notebook import document_job, notebook_job

Compare = Callable[..., None]


def test_differences_from_arc(arc_lint_case: dict[str, Any], compare: Compare) -> None:
    """Each kind of difference, by its key."""
    if "job" in arc_lint_case:
        text = arc_lint_case["job"]
        found = arc_differences(document_job(text, "job.conf"), text)
    else:
        cells = [
            {"cell_type": "code", "source": each["text"] if isinstance(each, dict) else [each]}
            for each in arc_lint_case["cells"]
        ]
        metadata = {"kernelspec": {"name": arc_lint_case.get("kernel", "arc")}}
        text = json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4})
        found = arc_differences(notebook_job(text), text)
    compare(found, [{"code": "arc-difference", **each} for each in arc_lint_case["found"]])


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ('include "common.conf"', 9),
        ('  include required("common.conf")', 20),
        ('include file("/jobs/common.conf")', None),
        ('include "https://x/common.conf"', None),
        ('# include "common.conf"', None),
    ],
)
def test_includes_that_arc_does_not_find(line: str, column: int | None) -> None:
    """Arc reads a job from a text, which lies in no folder."""
    found = arc_differences(document_job("stages: []"), f"{line}\nstages: []")
    assert [(each.key, each.span.column if each.span else None) for each in found] == (
        [("relative-include", column)] if column else []
    )
