"""Each trap of original Arc is loud here, or is none any more."""

import json
from typing import Any

from arcbook.cells.arc_lint import arc_differences
from arcbook.cells.notebook import notebook_job
from arcbook.cells.plan import Context, check_job
from arcbook.core.failures import CellError
from arcbook.core.launch import settings_from
from arcbook.core.problem import Problem


def test_traps_of_arc_are_loud(traps_case: dict[str, Any]) -> None:
    """The code is among the findings; without a code nothing is found that would be an error."""
    case = traps_case
    cells = [{"cell_type": "code", "source": each if case.get("text") else [each]} for each in case["cells"]]
    # What is read and not made by the case itself is none of its business.
    python = {"cell_type": "code", "source": ["%python\npass"]}
    own = [] if case["code"] == "unknown-view" else [python]
    text = json.dumps({"cells": [*own, *cells], "metadata": {"kernelspec": {"name": "arc"}}, "nbformat": 4})
    job = notebook_job(text, "job.ipynb")
    found: list[Problem]
    try:
        settings = settings_from(case.get("launch", {}), {}, environment="test")
    except CellError as error:
        found = list(error.problems)
    else:
        found = list(check_job(job, Context(settings=settings, fetch=lambda uri: "SELECT 1")).problems)
    codes = [each.code for each in found]
    shown = "\n".join(map(str, found))
    if case["code"] is None:
        assert not [each for each in found if each.severity == "error"], shown
    else:
        assert case["code"] in codes, shown
    if "arc" in case:
        assert case["arc"] in [each.key for each in arc_differences(job, text)]
