"""Static rules: for each code, jobs that have the finding and their nearest neighbours that have none."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from arcbook.cells import rules
from arcbook.cells.fetch import relative_to
from arcbook.cells.notebook import Job, document_job, notebook_job
from arcbook.cells.plan import Context, check_job
from arcbook.core.codes import CODES
from arcbook.core.problem import Problem
from arcbook.core.settings import RunSettings
from arcbook.core.span import Lines
from arcbook.stages.registry import stage_types

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


ODD = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-1, 3), st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(["", "a", "test", "SELECT * FROM a", "DELETE FROM a", "SELECT ${x}", "é", "s3://b", "Custom"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abx"), inner, max_size=2)),
    max_leaves=4,
)  # fmt: skip
KEYS = st.sampled_from(sorted({key for each in stage_types().values() for key in each.keys()}))  # noqa: SIM118  a class method


@given(
    st.lists(
        st.tuples(st.sampled_from([*stage_types(), "NoSuch"]), st.dictionaries(KEYS, ODD, max_size=5)), max_size=4
    ),
    st.sampled_from([None, "test"]),
)
def test_rules_take_whatever_a_stage_holds(stages: list[tuple[str, dict[str, Any]]], environment: str | None) -> None:
    """Values of any kind in any key: problems, never a failure, and every place lies in its cell."""
    cells = [json.dumps({"type": name, **value}) for name, value in stages]
    job = job_of({"cells": ["%params\nday: date", "%python\nx = 1" if len(cells) % 2 else "%env\nX=1", *cells]})
    context = Context(settings=RunSettings(environment=environment), fetch=lambda uri: "SELECT 1")
    sources = {cell.number: cell.source for cell in job.cells}
    for problem in check_job(job, context).problems:
        if problem.span is not None and problem.span.cell is not None:
            lines = Lines(sources[problem.span.cell])
            assert lines.offset(problem.span.line, problem.span.column) is not None
            assert lines.offset(problem.span.end_line, problem.span.end_column) is not None
