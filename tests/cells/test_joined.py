"""Several jobs as one."""

import json
from pathlib import Path
from typing import Any

import pytest

from arcbook.cells.joined import joined
from arcbook.cells.notebook import Job, document_job, job_notebook, notebook_job
from arcbook.cells.plan import Context, check_job, steps_of
from arcbook.core.problem import Problem
from arcbook.core.settings import RunSettings

CONTEXT = Context(settings=RunSettings(environment="test"), complete=True)


def notebook(origin: str, *sources: str) -> Job:
    """A notebook with these code cells."""
    cells = [{"cell_type": "code", "source": source} for source in sources]
    return notebook_job(json.dumps({"cells": cells, "metadata": {"kernelspec": {"name": "arc"}}}), origin)


def file(origin: str, values: str, *stages: str) -> Job:
    """A job file with values and stages of SQL."""
    return document_job("\n".join([values, "stages: [", *stages, "]"]), origin)


def stage(view: str, sql: str, more: str = "") -> str:
    """A stage that makes a view."""
    keys = f"type: SQLTransform, name: ${{who}}, environments: [test], outputView: {view}"
    return f'{{ {keys}, sql: """{sql}""" {more} }}'


def names(job: Job) -> list[str]:
    """The names of a job's stages."""
    report = check_job(job, CONTEXT)
    assert not report.problems, "\n".join(map(str, report.problems))
    return [step.stage.name for step in report.steps]


def test_cells_and_values_come_one_after_the_other() -> None:
    """Each job's values are known from its own stages on; views go on."""
    first = file("a.conf", "who: a, only: a", stage("v", "SELECT 1 AS x"))
    second = file("b.json", "who: b", stage("w", "SELECT x FROM v"))
    third = notebook("c.ipynb", "%sql name=${who}${only} outputView=z environments=test\nSELECT x FROM w")
    assert names(joined([first, second, third])) == ["a", "b", "ba"]
    found = check_job(joined([third, second, first]), CONTEXT).problems
    assert [problem.code for problem in found if problem.code != "unused-view"] == [
        "unresolved-substitution", "unresolved-substitution", "unknown-view", "unknown-view"
    ]  # fmt: skip


def test_one_job_is_itself() -> None:
    """There is nothing to join."""
    job = file("a.conf", "who: a", stage("v", "SELECT 1 AS x"))
    assert joined([job]) is job


def test_parameters_are_those_of_all() -> None:
    """Declared in one, used in another; a declaration that differs is a problem, an equal one is none."""
    first = notebook("a.ipynb", '%params\nday: date\nregion: string = "eu"')
    statement = "%sql outputView=v environments=test\nSELECT :day AS d"
    second = notebook("b.ipynb", '%params\nregion: string = "eu"', statement)
    job = joined([first, second])
    assert not job.problems
    assert set(job.declarations.by_name) == {"day", "region"}
    assert not [each for each in check_job(job, CONTEXT).problems if each.code == "sql-parameter"]
    third = notebook("c.ipynb", "%params\nday: string")
    (problem,) = joined([first, third]).problems
    assert (problem.code, str(problem.span)) == ("parameter-declaration", "c.ipynb, cell 1, line 2, column 1")


def test_the_last_environment_counts() -> None:
    """As within one notebook."""
    jobs = [notebook("a.ipynb", "%environment dev"), notebook("b.ipynb", "%environment test"), notebook("c.ipynb")]
    assert joined(jobs).environment == "test"


def test_places_name_their_own_file() -> None:
    """Findings are ordered by file, then by place; values of a file keep their place too."""
    first = file("jobs/a.conf", "who: ${nobody}", stage("v", "SELECT 1 AS x"), stage("u", "SELECT y\nFROM v"))
    second = notebook("jobs/b.ipynb", "%sql name=n outputView=w environments=test\nSELECT z FROM v")
    found = check_job(joined([first, second]), CONTEXT).problems

    def shown(problem: Problem) -> tuple[str, str]:
        return problem.code, str(problem.span)

    assert list(dict.fromkeys(shown(each) for each in found if each.code != "unused-view")) == [
        ("unresolved-substitution", "jobs/a.conf, line 1, column 6"),
        ("unknown-column", "jobs/a.conf, line 4, column 89"),
        ("unknown-column", "jobs/b.ipynb, cell 1, line 2, column 8"),
    ]


def test_rules_and_places_know_each_file() -> None:
    """A file's secrets, its values' parameters, and the cells it keeps as text: as if it were checked by itself."""
    kept = """arcbook.cells: [{code: "%params\\nday: string"}, {code: ["%env", "KEY=AKIAIOSFODNN7EXAMPLQ"]}]"""
    files = [
        file(
            f"{name}.conf", f"who: {name}${{day}}, store: {{secretKey: hunter-{name}}}\n{kept}", stage(view, "SELECT 1")
        )
        for name, view in (("a", "v"), ("b", "w"))
    ]
    assert {each.code for each in check_job(files[0], CONTEXT).problems} == {"secret-in-text"}

    def shown(job: Job) -> list[tuple[str, str]]:
        return [(each.code, str(each.span)) for each in check_job(job, CONTEXT).problems if each.code != "unused-view"]

    assert shown(joined(files)) == [*shown(files[0]), *shown(files[1])]


def test_ids_and_policies_hold_for_all() -> None:
    """An id is unique in the whole; a policy against notebooks concerns each."""
    one = file("a.conf", "who: a", stage("v", "SELECT 1 AS x", ", id: same"))
    two = file("b.conf", "who: b", stage("w", "SELECT 1 AS x", ", id: same"))
    found = check_job(joined([one, two]), CONTEXT).problems
    assert [each.code for each in found if each.code != "unused-view"] == ["duplicate-id"]
    job = joined([one, notebook("c.ipynb", "%python\n1")])
    settings = RunSettings(environment="test", ipynb=False)
    assert [each.code for each in check_job(job, Context(settings=settings)).problems] == ["policy"]


def test_the_notebook_of_joined_jobs_has_the_same_stages() -> None:
    """What a run executes: every cell once, ids that differ, text cells kept."""
    first = file("a.conf", "who: a", stage("v", "SELECT 1 AS x"))
    second = file("b.conf", "who: b", stage("w", "SELECT x FROM v"))
    markdown: dict[str, Any] = {"cell_type": "markdown", "source": "# c"}
    code = {"cell_type": "code", "source": "%sql name=c outputView=z environments=test\nSELECT x FROM w"}
    metadata = {"kernelspec": {"name": "arc"}}
    third = notebook_job(json.dumps({"cells": [markdown, code], "metadata": metadata}), "c.ipynb")
    made = job_notebook(joined([first, second, third, third]))
    assert len({cell["id"] for cell in made["cells"]}) == len(made["cells"]) == 8
    context, found = CONTEXT, []
    for cell in notebook_job(json.dumps(made)).cells:
        context = context.after(cell)
        found += [step.stage.name for step in steps_of(cell, context)]
    assert found == ["a", "b", "c", "c"]


def test_check_joins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`arcbook check --join` sees the views of the jobs before; without it each job stands alone."""
    from arcbook.cli import invoke

    for name, text in (("a", "SELECT 1 AS x"), ("b", "SELECT x FROM v")):
        (tmp_path / f"{name}.conf").write_text(f"who: {name}, stages: [ {stage('v' if name == 'a' else 'w', text)} ]")
    jobs = [str(tmp_path / "a.conf"), str(tmp_path / "b.conf"), "--environment", "test"]
    assert invoke(["check", *jobs]) == 64
    assert "nothing makes the view `v`" in capsys.readouterr().out
    assert invoke(["check", "--join", *jobs]) == 0
    assert "2 sound stages, 0 errors" in capsys.readouterr().out
