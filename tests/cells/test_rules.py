"""Static rules: for each code, jobs that have the finding and their nearest neighbours that have none."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcbook.cells import rules
from arcbook.cells.fetch import relative_to
from arcbook.cells.notebook import Job, document_job, notebook_job
from arcbook.cells.plan import Context, check_job
from arcbook.core.codes import CODES
from arcbook.core.problem import Problem
from arcbook.core.settings import RunSettings

Compare = Callable[..., None]
RULES = yaml.safe_load((Path(__file__).parent / "data" / "rules.yaml").read_text(encoding="utf-8"))
FOLDER = Path(str(rules.__file__)).parent
#: Codes whose cases stand in jobs.yaml, with those of other stages of checking.
ELSEWHERE = {"unknown-view", "unknown-column", "sql-parameter", "no-environment", "nothing-to-run", "duplicate-id",
             "magic-argument"}  # fmt: skip


def cases(kind: str) -> list[Any]:
    """All cases of that kind, with their code."""
    return [
        pytest.param(code, case, id=f"{code}: {case['name']}") for code, kinds in RULES.items() for case in kinds[kind]
    ]


def job_of(case: dict[str, Any]) -> Job:
    """The notebook or job file of a case."""
    if "job" in case:
        return document_job(case["job"], "job.conf")
    raw = [
        {"cell_type": "code", "source": each}
        if isinstance(each, str)
        else {"cell_type": "code", "source": each["source"], "metadata": {"tags": each["tags"]}}
        for each in case["cells"]
    ]
    return notebook_job(json.dumps({"cells": raw, "metadata": {"kernelspec": {"name": "arc"}}, "nbformat": 4}))


def findings(case: dict[str, Any], folder: Path) -> list[Problem]:
    """What checking the job of a case says."""
    for name, text in case.get("files", {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    context = Context(settings=RunSettings(**case.get("settings", {})), fetch=relative_to(str(folder)))
    found = check_job(job_of(case), context).problems
    return [problem for problem in found if problem.code == case.get("only", problem.code)]


@pytest.mark.parametrize(("code", "case"), cases("bad"))
def test_the_rule_finds_it(code: str, case: dict[str, Any], compare: Compare, tmp_path: Path) -> None:
    """At its place, and nothing else is found."""
    compare(findings(case, tmp_path), [{"code": code, **each} for each in case["problems"]])


@pytest.mark.parametrize(("code", "case"), cases("good"))
def test_the_rule_leaves_its_neighbours_alone(
    code: str, case: dict[str, Any], compare: Compare, tmp_path: Path
) -> None:
    """Nothing is found, or something else that the case lists."""
    found = findings(case, tmp_path)
    if case.get("only"):
        assert not found, "\n".join(map(str, found))
        return
    compare(found, case.get("problems", []))
    assert code not in [each.code for each in found]


def test_every_code_of_the_rules_has_cases() -> None:
    """Bad ones and good ones, here or in jobs.yaml."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
    codes = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', text)) & set(CODES)
    assert codes - ELSEWHERE == set(RULES)
    assert all(kinds["bad"] and kinds["good"] for kinds in RULES.values())


def test_rules_are_found_by_their_files() -> None:
    """A new family is a new file."""
    names = [rule.__module__.rpartition(".")[2] for rule in rules.rule_types()]
    assert set(names) == {path.stem for path in FOLDER.glob("*.py")} - {"__init__", "base"}
    assert names == sorted(names)
