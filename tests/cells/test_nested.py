"""Jobs within jobs: what is found when the outer one is checked, and the steps it becomes."""

from pathlib import Path
from typing import Any

import pytest

from arcbook.cells.fetch import relative_to
from arcbook.cells.magics import read_cell
from arcbook.cells.notebook import job_of
from arcbook.cells.params import Values
from arcbook.cells.plan import Context, check_job, steps_of
from arcbook.core.failures import CellError
from arcbook.core.problem import errors
from arcbook.core.settings import RunSettings
from tests.cells.conftest import Compare


def test_findings(
    nested_case: dict[str, Any], compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each stands in the file it is about, and running the job would stop at the same ones."""
    monkeypatch.chdir(tmp_path)
    for name, text in nested_case["files"].items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)
    job = job_of((tmp_path / "job.conf").read_text(), "job.conf")
    values = Values(typed=nested_case.get("parameters", {}))
    settings = RunSettings(environment="test")

    report = check_job(job, Context(settings=settings, values=values, complete=True))

    compare(report.problems, nested_case["problems"])
    context = Context(
        settings=settings,
        values=values,
        document=dict(job.values),
        fetch=relative_to(""),
        trail=(str(tmp_path / "job.conf"),),
    )
    static = {"unknown-view"}  # what a run meets only when the engine says so
    expected = {problem.code for problem in errors(report.problems)} - static
    steps, found = [], set[str]()
    for cell in job.cells:
        try:
            context = context.after(cell)
            steps += steps_of(cell, context)
        except CellError as error:
            found |= {problem.code for problem in error.problems}
    assert found == expected
    if "steps" in nested_case:
        assert [step.stage.name for step in steps] == nested_case["steps"]
        assert [step.stage.name for step in report.steps] == nested_case["steps"]


def test_what_is_included_is_fetched_like_the_rest() -> None:
    """A bundle keeps the documents that were read through its own `fetch`: also those of a job within the job."""
    files = {
        "in/inner.conf": 'include "common.conf", stages = [{type: SQLTransform, name: ${who}, sql: "SELECT 1"}]',
        "in/common.conf": "who = a",
        "plugin.conf": "type: DataFramePrinter",
    }
    stages = (
        '{type: PipelineExecute, name: p, uri: "in/inner.conf"}\n{type: SQLTransform, name: ${who}, sql: "SELECT 1"}'
    )
    names, asked = list[str](), list[str]()

    def fetch(uri: str) -> str:
        asked.append(uri)
        return files[uri]

    context = Context(settings=RunSettings(ignore_environments=True), fetch=fetch)
    for source in ('%lifecycleplugin\n{include "plugin.conf"}', *stages.split("\n")):
        cell = read_cell(source)
        context = context.after(cell)
        names += [step.stage.name for step in steps_of(cell, context)]
    assert (names, len(context.lifecycle), set(asked)) == (["a", "a"], 1, set(files))


def test_steps_know_which_stage_they_are_within(tmp_path: Path) -> None:
    """So that the same job, run twice, has other positions each time: a Delta write must not take one for the other."""
    (tmp_path / "inner.conf").write_text('stages = [{type: SQLTransform, name: i, sql: "SELECT 1", outputView: v}]')
    stage = f'{{type: PipelineExecute, name: p, uri: "{tmp_path}/inner.conf"}}'
    job = job_of(f"stages = [\n{stage}\n{stage}\n]", "job.conf")
    steps = [step for cell in job.cells for step in steps_of(cell, Context())]
    assert [step.within for step in steps] == [("stage-1:2:1",), ("stage-2:3:1",)]


def test_jobs_are_not_followed_without_end(tmp_path: Path) -> None:
    """A chain of jobs, each within another one, ends with a problem."""
    for number in range(30):
        stage = f'{{type: PipelineExecute, name: p, uri: "{tmp_path}/{number + 1}.conf"}}'
        (tmp_path / f"{number}.conf").write_text(f"stages = [{stage}]")
    job = job_of((tmp_path / "0.conf").read_text(), str(tmp_path / "0.conf"))
    (problem,) = errors(check_job(job, Context()).problems)
    assert (problem.code, problem.message) == ("nested-job", "jobs are nested more than 20 deep")
