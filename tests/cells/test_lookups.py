"""Who is asked for the value of `${name}`, in which order, and what decides about environments."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from arcbook.cells.bind import bind
from arcbook.cells.hocon import read_objects
from arcbook.cells.magics import read_cell
from arcbook.cells.model import Cell
from arcbook.cells.notebook import job_of
from arcbook.cells.params import Values, read_declarations
from arcbook.cells.plan import Context, check_job, resolved, steps_of
from arcbook.core.launch import settings_from
from arcbook.core.settings import RunSettings


def parameter(value: str) -> Values:
    """The values of a job with the parameter X."""
    return read_declarations(read_cell("%params\nX: string")).bind({"X": value})


#: Where a value can come from, the strongest first: what the context is given for it.
SOURCES: dict[str, Any] = {
    "a ConfigExecute stage": {"computed": {"X": "a ConfigExecute stage"}},
    "the command line": {"launch": {"X": "the command line"}},
    "a parameter": {"values": parameter("a parameter")},
    "an %env cell": {"env": {"X": "an %env cell"}},
    "the job's document": {"document": {"X": "the job's document"}},
    "the environment": {},
}
STAGE = (
    '{type: SQLTransform, name: ${X}, environments: [test], resolution: lazy, sql: "SELECT 1 AS n",'
    " outputView: v, description: ${?X}}"
)


def named(monkeypatch: pytest.MonkeyPatch, *sources: str) -> str:
    """What `${X}` is when these know it."""
    monkeypatch.delenv("X", raising=False)
    if "the environment" in sources:
        monkeypatch.setenv("X", "the environment")
    given: dict[str, Any] = {}
    for source in sources:
        given |= SOURCES[source]
    computed = given.pop("computed", {})
    (lazy,) = steps_of(read_cell(STAGE), Context(settings=RunSettings(environment="test"), **given))
    (step,) = resolved(lazy, computed)  # computed values reach lazy stages only
    assert step.stage.description == step.stage.name
    return step.stage.name


@pytest.mark.parametrize(("stronger", "weaker"), list(combinations(SOURCES, 2)), ids=" over ".join)
def test_the_stronger_source_wins(stronger: str, weaker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of every two."""
    assert named(monkeypatch, weaker, stronger) == stronger


def test_all_together_and_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any one is enough; names mind case, and a dot is a member or part of the name."""
    assert named(monkeypatch, *SOURCES) == next(iter(SOURCES))
    for source in SOURCES:
        assert named(monkeypatch, source) == source
    scope = Context(launch={"a.b": "whole"}, document={"a": {"b": "member", "c": "member"}, "x": "small"}).scope()
    names = ("a.b", "a.c", "x", "Y_NOT_SET", "a.d")
    (tree,) = read_objects("{" + ", ".join(f'"{name}": ${{?{name}}}' for name in names) + "}")
    assert bind(tree, scope).value == {"a.b": "whole", "a.c": "member", "x": "small"}


def test_a_null_leaves_the_name_to_the_next_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """An optional parameter without value is as good as none."""
    without = read_declarations(read_cell("%params\nX: string = null")).bind({})
    context = Context(values=without, document={"X": "the job's document"}, settings=RunSettings(environment="test"))
    (lazy,) = steps_of(read_cell(STAGE), context)
    (step,) = resolved(lazy, {})
    assert step.stage.name == "the job's document"


def test_a_parameter_left_without_value_is_told_before_the_run() -> None:
    """When all values are given none will come; a secret's comes at its stage, and `${?x}` may do without."""
    stage = '{type: SQLTransform, name: %s, environments: [test], sql: "SELECT 1 AS n", outputView: v}'
    kept = {"cells": [{"code": ["%params", "x: string = null", 'key: secret = "env://KEY"']}]}
    for name, expected in (("a${x}", ["unresolved-substitution"]), ("a${?x}", []), ("a${key}", [])):
        job = job_of(f"stages: [{stage % name}]\narcbook: {json.dumps(kept)}", "j.conf")
        for complete in (False, True):
            settings, values = RunSettings(environment="test"), job.declarations.bind({})
            found = check_job(job, Context(settings=settings, values=values, complete=complete)).problems
            found = tuple(each for each in found if each.code != "unused-parameter")
            assert [each.code for each in found] == (expected if complete else [])
            assert all("lazy" not in each.remedy for each in found)


def test_env_cells_add() -> None:
    """A later `%env` cell keeps what earlier ones set, unlike in Arc, and may set it anew."""
    context = Context()
    for text in ("%env\nA=1\nB=2", "%env\n# only a comment", "%env\nB=3\nC=with = and # and \\backslash"):
        context = context.after(read_cell(text))
    assert context.env == {"A": "1", "B": "3", "C": "with = and # and \\backslash"}


CELLS = [
    '%sql name="in dev" environments=dev outputView=a\nSELECT 1 AS n',
    '%sql name="in both" environments=dev,prod outputView=b\nSELECT 1 AS n',
    '%sql name="in prod" environments=prod outputView=c\nSELECT 1 AS n',
    '%sql name="nowhere" outputView=d\nSELECT 1 AS n',
]
ALL = ["in dev", "in both", "in prod", "nowhere"]
IGNORE = "ETL_CONF_IGNORE_ENVIRONMENTS"


@pytest.mark.parametrize(
    ("arguments", "environ", "ran"),
    [
        (["--etl.config.environment=dev"], {}, ["in dev", "in both"]),
        ([], {"ETL_CONF_ENV": "prod"}, ["in both", "in prod"]),
        (["--etl.config.environment=dev"], {"ETL_CONF_ENV": "prod"}, ["in dev", "in both"]),
        (["--etl.config.environment=DEV"], {}, []),
        (["--etl.config.environment=dev", "--etl.config.ignoreEnvironments=true"], {}, ALL),
        ([], {"ETL_CONF_ENV": "x", IGNORE: "TRUE"}, ALL),
        (["--etl.config.ignoreEnvironments=false"], {"ETL_CONF_ENV": "prod", IGNORE: "true"}, ["in both", "in prod"]),
    ],
)  # fmt: skip
def test_what_runs_in_an_environment(arguments: list[str], environ: dict[str, str], ran: list[str]) -> None:
    """Exact names; a stage without environments never runs, unless they are ignored; a skipped one is not checked."""
    settings = settings_from(arguments, environ)
    steps = [step for text in CELLS for step in steps_of(read_cell(text), Context(settings=settings))]
    assert [step.stage.name for step in steps if settings.runs(step.stage.environments)] == ran
    broken = "{type: Nonsense, name: x, environments: [elsewhere], key: ${NOBODY_KNOWS}}"
    if not settings.ignore_environments:
        (step,) = steps_of(read_cell(broken), Context(settings=settings))
        assert not settings.runs(step.stage.environments)


def test_environments_may_be_values(tmp_path: Path) -> None:
    """The list itself is filled in first."""
    stage = "{type: SQLTransform, name: n, environments: [${WHERE}], sql: SELECT 1 AS n, outputView: v}"
    job = job_of(f'{{stages: [{stage}], WHERE: "prod"}}', str(tmp_path / "job.conf"))
    report = check_job(job, Context(settings=RunSettings(environment="prod")))
    assert [step.stage.environments for step in report.steps] == [("prod",)]
    assert report.problems == ()


def test_backslashes_of_values_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arc drops those of the command line."""
    settings = RunSettings(environment="test")
    for value in ("C:\\new\\table", "\\d+\\.csv", "\\\\server\\share", "trailing\\"):
        for given in ({"launch": {"X": value}}, {"values": parameter(value)}, {"env": {"X": value}}):
            (step,) = steps_of(read_cell(STAGE), Context(settings=settings, **given))
            assert step.stage.name == value


def test_values_reach_the_arguments_of_a_magic() -> None:
    """`sqlParams=x=${X}` on the first line of a cell."""
    cell: Cell = read_cell("%sql name=\"n\" environments=test outputView=v sqlParams=x=${X}\nSELECT '${x}' AS x")
    (step,) = steps_of(cell, Context(settings=RunSettings(environment="test"), launch={"X": "a b"}))
    assert json.loads(step.stage.model_dump_json())["sql_params"] == {"x": "a b"}
