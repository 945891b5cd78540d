"""Jobs as a whole: reading them, making steps, finding everything that is wrong."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from arcbook.cells.arguments import read_arguments, unquoted
from arcbook.cells.bind import Scope, bind
from arcbook.cells.convert import plugin_trees_of, trees_of
from arcbook.cells.fetch import relative_to
from arcbook.cells.magics import read_cell
from arcbook.cells.notebook import Job, document_job, job_notebook, notebook_job, read_job
from arcbook.cells.plan import Context, check_job, resolved, steps_of
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem, Severity
from arcbook.core.settings import RunSettings
from arcbook.stages.registry import stage_types

Compare = Callable[..., None]


def notebook(cells: list[Any], kernel: str | None = "arc") -> Job:
    """A notebook with code cells of these sources, or of these raw cells."""
    raw = [cell if isinstance(cell, dict) else {"cell_type": "code", "source": cell} for cell in cells]
    metadata = {"kernelspec": {"name": kernel}} if kernel else {}
    return notebook_job(json.dumps({"cells": raw, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))


def declared(text: str) -> None:
    """Skip a case whose stage types come with a later issue."""
    for name in ("RateExtract", "SimilarityJoinTransform", "DelimitedExtract", "TypingTransform"):
        if name in text and name not in stage_types():
            pytest.skip(f"{name} is not declared yet")


def test_findings_of_notebooks(jobs_case: dict[str, Any], compare: Compare) -> None:
    """Every finding of a notebook stands at its place, and nothing else is found."""
    if jobs_case.get("needs", "SQLTransform") not in stage_types():
        pytest.skip(f"{jobs_case['needs']} is not declared yet")
    job = notebook(jobs_case["cells"], jobs_case.get("kernel", "arc"))
    settings = RunSettings(**jobs_case.get("settings", {}))
    report = check_job(job, Context(settings=settings, complete=jobs_case.get("complete", False)))
    compare(report.problems, jobs_case["problems"])
    if "stages" in jobs_case:
        assert len(report.steps) == jobs_case["stages"]


def test_findings_of_arc_jobs(config_case: dict[str, Any], compare: Compare) -> None:
    """Arc's own cases: the same findings, with a line each."""
    declared(config_case["job"])
    settings = RunSettings(environment="test", **config_case.get("settings", {}))
    found: list[Problem] = []
    try:
        job = document_job(config_case["job"], "job.conf")
    except CellError as error:
        found = list(error.problems)
    else:
        report = check_job(job, Context(settings=settings, complete=True))
        ours = ("unknown-view", "no-environment")
        found = [each for each in report.problems if each.severity is Severity.ERROR and each.code not in ours]
    expected = [{"code": problem.code, **each} for problem, each in zip(found, config_case["problems"], strict=False)]
    compare(found, expected or config_case["problems"])


def test_arguments_of_arc(arguments_case: dict[str, Any]) -> None:
    """Arc's own argument lines."""
    line = arguments_case["line"]
    start = line.index(line.split()[0]) + len(line.split()[0])
    found = read_arguments(line, start, len(line))
    if "problem" in arguments_case:
        assert [problem for problem in found.problems if arguments_case["problem"] in problem.message]
    else:
        assert not found.problems
        values = {name: unquoted(argument.value) for name, argument in found.arguments.items()}
        assert values == arguments_case["expected"]


def test_notebooks_of_arc(notebooks_case: dict[str, Any], compare: Compare) -> None:
    """Arc's own notebooks yield the same stages."""
    job = notebook(notebooks_case["cells"], notebooks_case["kernelspec"])
    scope = Scope(notebooks_case["values"])
    stages = [bind(tree, scope).value for cell in job.cells for tree in trees_of(cell)]
    assert stages == notebooks_case["stages"]
    for magic in ("configplugin", "lifecycleplugin"):
        plugins = [tree.value for cell in job.cells if cell.magic == magic for tree in plugin_trees_of(cell)]
        assert plugins == notebooks_case.get(f"{magic}s", [])
    compare(job.problems, notebooks_case["problems"])


def test_source_as_one_text_or_as_lines() -> None:
    """Arc loses cells whose source is one text."""
    lines = ["%sql outputView=a environments=test\n", "SELECT 1"]
    one, many = notebook(["".join(lines)]), notebook([{"cell_type": "code", "source": lines}])
    assert one.cells == many.cells


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no JSON"),
        ("[]", "no list of cells"),
        ('{"worksheets": []}', "no list of cells"),
        ("", "no JSON"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_files_that_are_no_notebooks(text: str, message: str) -> None:
    """A broken notebook is one clear problem."""
    with pytest.raises(CellError, match=message) as caught:
        notebook_job(text, "x.ipynb")
    assert caught.value.problems[0].code == "not-a-notebook"


def test_odd_cells_do_not_disturb() -> None:
    """Raw cells, missing sources, tags and metadata of wrong kinds are passed over."""
    job = notebook(
        [{"cell_type": "raw"}, {"cell_type": "code"}, {"cell_type": "code", "source": "", "metadata": {"tags": 1}}]
    )
    assert [cell.number for cell in job.cells] == [1, 2]
    assert job.problems == ()


JOB = """{
  common { environments: [test], folder: /data }
  stages: [
    { type: SQLTransform, name: one, environments: ${common.environments}
      sql: "SELECT 1 AS x", outputView: a },
    {
      type: SQLTransform
      name: ${common.folder}"/"${?SUFFIX}
      environments: ${common.environments}
      sql: \"\"\"SELECT x
FROM nowhere\"\"\"
      outputView: b
    }
  ]
}
"""


def test_stages_that_are_null() -> None:
    """They count as missing, and the message does not say that the key is not there."""
    with pytest.raises(CellError, match="`stages` is null") as raised:
        document_job('{"a": 1,\n "stages": null}')
    assert [(each.code, each.span and each.span.line) for each in raised.value.problems] == [("missing-key", 2)]


def test_job_files_keep_their_lines() -> None:
    """Findings of a job file stand at the file's lines; its members are values."""
    job = document_job(JOB, "jobs/x.conf")
    report = check_job(job, Context(settings=RunSettings(environment="test"), complete=True))
    unused, problem = report.problems
    assert (unused.code, str(unused.span)) == ("unused-view", "jobs/x.conf, line 5, column 41")
    assert problem.code == "unknown-view"
    assert str(problem.span) == "jobs/x.conf, line 11, column 6"
    assert [step.stage.name for step in report.steps] == ["one", "/data/"]
    assert report.steps[1].stage.environments == ("test",)


def test_job_files_become_notebooks_with_the_same_stages() -> None:
    """Each stage becomes a cell that says where it came from; values beside the stages go along."""
    job = document_job(JOB, "x.conf")
    made = job_notebook(job)
    assert [cell["metadata"]["arcbook"] for cell in made["cells"]] == [
        {"origin": "x.conf"},
        {"origin": "x.conf", "line": 4},
        {"origin": "x.conf", "line": 6},
    ]
    again = notebook_job(json.dumps(made))
    assert again.problems == ()
    context = Context(settings=RunSettings(environment="test"))
    names = []
    for cell in again.cells:
        context = context.after(cell)
        names += [step.stage.name for step in steps_of(cell, context)]
    assert names == ["one", "/data/"]


@pytest.mark.parametrize(
    "stages",
    [
        "stages: [ A ] [ B ]\nstages += C",
        "first: [ A ]\nstages: ${first} [\n B\n C ]",
        "first: [ A ]\nstages: ${first}\nstages += B\nstages += C",
        "all { some: [ B ] }\nstages: [ A ] ${all.some} ${?none} [ C ]",
        'stages { "2": C, "0": A, "1": B }',
        "stages.0: A\nstages.1: B\nstages.2: C",
        "base { type: SQLTransform }\nstages: [ A, ${base} B, C ]",
        "later: [ A, B, C ]\nmore: ${later}\nstages: ${more}",
    ],
)
def test_stages_that_are_put_together(stages: str) -> None:
    """Each stage comes in its turn, with its own place, and runs from its own text."""
    text = stages
    for name in "ABC":
        keys = f"name: {name}, environments: [test], outputView: v{name}, odd{name}: 1"
        text = text.replace(f" {name}", f' {{ type: SQLTransform, {keys}, sql: "SELECT 1 AS x" }}', 1)
    job = document_job(text, "x.conf")
    report = check_job(job, Context(settings=RunSettings(environment="test"), complete=True))
    problems = [problem for problem in report.problems if problem.code != "unused-view"]
    assert sorted(problem.key for problem in problems) == ["oddA", "oddB", "oddC"]
    for problem in problems:
        span = problem.span
        assert span is not None
        assert text.split("\n")[span.line - 1][span.column - 1 : span.end_column - 1] == problem.key
    again = notebook_job(json.dumps(job_notebook(job)))
    names = [tree.value["name"] for cell in again.cells if cell.magic != "document" for tree in trees_of(cell)]
    assert names == ["A", "B", "C"]


def test_launch_values_win_over_all_others() -> None:
    """launch > parameters > %env > plugins > document > process environment; computed ones win in lazy stages only."""
    cell = read_cell("{type: SQLTransform, name: ${HOME}, environments: [test], sql: SELECT 1}")
    lazy = read_cell("{type: SQLTransform, name: ${HOME}, environments: [test], sql: SELECT 1, resolution: lazy}")
    context = Context()
    assert steps_of(cell, context)[0].stage.name.startswith("/")
    for field in ("document", "plugins", "env", "launch"):
        changed: Any = {field: {"HOME": field}}
        context = replace(context, **changed)
        assert steps_of(cell, context)[0].stage.name == field
    context = replace(context, computed={"HOME": "computed"})
    assert steps_of(cell, context)[0].stage.name == "launch"
    (due,) = resolved(steps_of(lazy, context)[0], {"HOME": "computed"})
    assert due.stage.name == "computed"


@pytest.mark.parametrize(
    ("attribute", "cell"),
    [("opaque", "%sql outputView=b environments=test\nSELECT * FROM a"),
     ("computes", "{type: SQLTransform, name: ${X}, environments: [test], sql: SELECT 1, resolution: lazy}")],
)  # fmt: skip
def test_a_stage_type_says_what_its_keys_do_not_show(
    attribute: str, cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a stage that may make any view, or yields values, nothing is claimed of views and values."""
    job = notebook(["%log name=n environments=test\nSELECT 1", cell])
    context = Context(complete=True)
    assert len(check_job(job, context).problems) == 1
    monkeypatch.setattr(stage_types()["LogExecute"], attribute, True)
    assert check_job(job, context).problems == ()


def test_stages_of_other_environments_are_steps_too() -> None:
    """A run says what it skips, whatever is wrong with it."""
    cell = read_cell("{type: NoSuchStage, name: odd, environments: [dev], x: ${NO}}")
    (step,) = steps_of(cell, Context(settings=RunSettings(environment="test")))
    assert (step.stage.name, step.stage.environments, step.stage.type_name()) == ("odd", ("dev",), "NoSuchStage")
    with pytest.raises(CellError):
        steps_of(cell, Context(settings=RunSettings(environment="dev")))


@pytest.mark.parametrize(
    ("statement", "code", "place"),
    [
        ("SELECT 1 AS x\nFROM )", "sql-syntax", (2, 6, 7)),
        ("SELECT order_id,\n  FROM raw", "sql-syntax", (1, 16, 17)),
        ("-- orders\nSELECT order_id\nFROM rwa\n", "unknown-view", (3, 6, 9)),
        ("SELECT 1 AS a,\n  :day AS day", "sql-parameter", (2, 3, 7)),
        ("SELECT 1 AS a,\n  ${day} AS day", "sql-parameter", (2, 3, 9)),
        ("SELECT 1 AS a,\n  uuid() AS at", "unrepeatable", (2, 3, 7)),
        ("SELECT amount,\n  amuont\nFROM made", "unknown-column", (2, 3, 9)),
    ],
)
def test_findings_of_a_statement_in_a_file(
    statement: str, code: str, place: tuple[int, int, int], tmp_path: Path
) -> None:
    """They stand in that file, at their lines and columns."""
    (tmp_path / "q.sql").write_text(statement, encoding="utf-8")
    job = notebook([
        "%sql outputView=made environments=test\nSELECT 1 AS amount",
        "{type: SQLTransform, name: n, environments: [test], inputURI: q.sql, outputView: a}",
    ])  # fmt: skip
    problems = check_job(job, Context(fetch=relative_to(str(tmp_path)))).problems
    (problem,) = [each for each in problems if each.code != "unused-view"]
    span = problem.span
    assert span is not None
    assert (problem.code, span.origin, span.cell) == (code, "q.sql", None)
    assert (span.line, span.column, span.end_column) == place


def test_documents_are_relative_to_the_job(tmp_path: Path) -> None:
    """A statement's file lies beside the job."""
    (tmp_path / "q.sql").write_text("SELECT 1 AS x\n", encoding="utf-8")
    job = notebook(["{type: SQLTransform, name: n, environments: [test], inputURI: q.sql, outputView: a}"])
    (step,) = check_job(job, Context(fetch=relative_to(str(tmp_path)))).steps
    assert getattr(step.stage, "sql", None) == "SELECT 1 AS x"


def test_the_aws_example_is_sound_but_for_its_misspelt_magic(data: Path) -> None:
    """A notebook as sites have it needs no change apart from the magic that never was a gate."""
    job = read_job(str(data / "aws_example.ipynb"))
    if missing := {"DelimitedExtract", "TypingTransform", "DeltaLakeLoad", "DeltaLakeExtract", "JDBCExecute"} - set(
        stage_types()
    ):
        pytest.skip(f"not declared yet: {sorted(missing)}")

    def fetch(address: str) -> str:
        return (data / "aws_example" / address.rpartition("/")[2]).read_text(encoding="utf-8")

    report = check_job(job, Context(settings=RunSettings(environment="test"), fetch=fetch, complete=True))
    assert [problem.code for problem in report.problems if problem.severity is Severity.ERROR] == ["unknown-magic"]
    assert len(report.steps) == 12
