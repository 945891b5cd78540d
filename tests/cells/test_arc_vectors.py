"""Arc's own cases, answered by arcbook. Where the answers differ, data/differences.yaml says why, and nothing else may.

A listed difference that is none (any more) fails too, so that the list stays true.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcbook.cells.arguments import read_arguments, unquoted
from arcbook.cells.bind import Scope, bind
from arcbook.cells.convert import trees_of
from arcbook.cells.notebook import document_job, notebook_job
from arcbook.cells.plan import Context, check_job
from arcbook.core.failures import CellError
from arcbook.core.masking import mask_url
from arcbook.core.problem import errors
from arcbook.core.settings import RunSettings
from arcbook.sql.errors import SqlError
from arcbook.sql.placeholders import substitute
from arcbook.stages.registry import stage_types

DATA = Path(__file__).parent / "data"
VECTORS: Mapping[str, Any] = yaml.safe_load((DATA / "arc_vectors.yaml").read_text(encoding="utf-8"))
FURTHER = yaml.safe_load((DATA / "further.yaml").read_text(encoding="utf-8"))
DIFFERENCES = {each["case"]: each for each in yaml.safe_load((DATA / "differences.yaml").read_text(encoding="utf-8"))}

#: What Arc's messages mean, by a part of each.
_CODES = {
    "Missing required attribute": "missing-key",
    "Invalid attribute": "unknown-key",
    "Invalid value": "wrong-value",
    "Wrong type": "wrong-value",
    "Expected stages to be a List of Objects": "wrong-value",
    "Key 'stages' missing": "missing-key",
    "Watermark requires": "missing-key",
    "s3:// and s3n://": "wrong-value",
    "duplicate stage id": "duplicate-id",
    "has been disabled by policy": "policy",
    "Only one attribute of": "conflicting-keys",
    "must be set": "missing-key",
    "No plugins found": "unknown-stage",
    "Could not resolve substitution": "unresolved-substitution",
    "must be between": "wrong-value",
    "Unable to read config value": "missing-key",
}

#: What Arc writes into a stage that a magic makes, and arcbook leaves to the stage's own defaults.
_DEFAULTS = {"description": "", "persist": False, "sqlParams": {}}


def code_of(message: str) -> str:
    """The code that arcbook has for what an error of Arc says."""
    return next(code for part, code in _CODES.items() if part in message)


def config_answers_alike(case: Mapping[str, Any]) -> bool:
    """The same findings: their meaning and key, and their line where Arc names one."""
    inline = "policy off" not in case["title"]
    try:
        job = document_job(case["job"])
        report = check_job(job, Context(settings=RunSettings(environment="test", inline_sql=inline), complete=True))
        found = errors(report.problems)
    except CellError as error:
        found = list(error.problems)
    if "expected_contains" in case:
        return [problem.code for problem in found] == [code_of(case["expected_contains"])]
    wanted = [each for stage in case["expected"] for each in stage["errors"]]
    ours = {(problem.code, problem.key): problem for problem in found}
    if len(ours) != len(wanted):
        return False
    for each in wanted:
        problem = ours.get((code_of(each["message"]), each["attribute"]))
        if problem is None or problem.span is None or each["line"] not in (None, problem.span.line):
            return False
    return True


def further_job(case: Mapping[str, Any]) -> str:
    """The job of a further case: its own, or one stage with the case's members last."""
    if "job" in case:
        return str(case["job"])
    members = "type: DelimitedExtract, name: x, environments: [test], inputURI: a, outputView: v"
    return f"stages: [ {{ {members}\n{case['stage']} }} ]"


def further_answers_alike(case: Mapping[str, Any]) -> bool:
    """The same decision, and for a refusal the same kinds of findings. arcbook's own line and values are asserted."""
    try:
        job = document_job(further_job(case))
        report = check_job(job, Context(settings=RunSettings(environment="test"), complete=True))
        found, steps = errors(report.problems), report.steps
    except CellError as error:
        found, steps = list(error.problems), ()
    if "line" in case:
        assert found[0].span is not None
        assert found[0].span.line == case["line"]
    for key, value in case.get("values", {}).items():
        dumped = steps[0].stage.model_dump(by_alias=True)
        assert (list(dumped[key]) if isinstance(value, list) else dumped.get(key)) == value
    wanted = {"accepted": []}.get(case["arc"], [case["arc"]]) if isinstance(case["arc"], str) else case["arc"]
    return [problem.code for problem in found] == wanted


def sql_answers_alike(case: Mapping[str, Any]) -> bool:
    """The same statement, or an error where Arc has one."""
    try:
        text = substitute(case["sql"], case["params"]).text
    except SqlError:
        return case["expected_error"] is not None
    return bool(text == case["expected"])


def arguments_answer_alike(case: Mapping[str, Any]) -> bool:
    """The same arguments, and no finding."""
    line = case["line"]
    found = read_arguments(line, len(line.split()[0]), len(line))
    values = {name: unquoted(argument.value) for name, argument in found.arguments.items()}
    return not found.problems and values == case["expected"]


def notebook_answers_alike(case: Mapping[str, Any]) -> bool:
    """The same stages, but for defaults written out, and no finding; or a finding where Arc refuses the notebook."""
    metadata = {"kernelspec": {"name": case.get("kernelspec", "arc")}}
    cells = [{"metadata": {}, **cell} for cell in case["cells"]]
    job = notebook_job(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    if "expected_error_contains" in case:
        return [problem.code for problem in job.problems] == ["kernel-metadata"]
    scope = Scope(case.get("substitution_values", {}))
    stages = [bind(tree, scope).value for cell in job.cells for tree in trees_of(cell)]
    wanted = [
        {key: value for key, value in stage.items() if _DEFAULTS.get(key, case) != value and value != [""]}
        for stage in case["expected_stages"]
    ]
    return not job.problems and stages == wanted


def masked_alike(case: Mapping[str, Any]) -> bool:
    """The same address without passwords."""
    return bool(mask_url(case["input"]) == case["expected"])


FAMILIES: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "config_cases": config_answers_alike,
    "sql_param_cases": sql_answers_alike,
    "argument_cases": arguments_answer_alike,
    "notebook_cases": notebook_answers_alike,
    "jdbc_password_mask_cases": masked_alike,
    "further": further_answers_alike,
}
#: Families whose cases are run elsewhere, or wait for a later issue.
ELSEWHERE = {
    "display_cases": "tests/magics/test_arc_display.py",
    "function_cases": "Arc's functions come with the runners of issue 6",
}


def named(family: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The cases of a family by name."""
    return [(case.get("id", f"{family}-{number}"), case) for number, case in enumerate(VECTORS[family], start=1)]


def is_there(name: str) -> bool:
    """Whether a stage type, or the key of one (`Type.key`), exists."""
    type_name, _, key = name.partition(".")
    found = stage_types().get(type_name)
    return found is not None and (not key or key in found.keys())  # noqa: SIM118 - a method of ours


CASES = [
    *((family, name, case) for family in FAMILIES if family in VECTORS for name, case in named(family)),
    *(("further", case["name"], case) for case in FURTHER),
]


def test_every_family_of_cases_is_known() -> None:
    """No family of the file is forgotten, and no difference names a case that is not there."""
    assert {key for key in VECTORS if key.endswith("_cases")} == {*FAMILIES, *ELSEWHERE} - {"further"}
    assert set(DIFFERENCES) <= {name for _, name, _ in CASES}


@pytest.mark.parametrize(("family", "name", "case"), CASES, ids=[name for _, name, _ in CASES])
def test_arc_case(family: str, name: str, case: Mapping[str, Any]) -> None:
    """arcbook answers as Arc does, unless the difference is listed; and then it does not."""
    difference = DIFFERENCES.get(name, {})
    waits_for = difference.get("waits_for", "")
    assert not is_there(waits_for), f"{waits_for} is there: remove the difference, or give it a reason"
    alike = FAMILIES[family](case)
    assert alike or difference, "the answer differs and no reason is listed"
    assert not (alike and difference), "the answer is Arc's: remove the listed difference"
    assert not difference or waits_for or len(difference["reason"]) > 20
