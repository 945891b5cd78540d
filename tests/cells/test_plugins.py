"""Plugins: the values of a period, the order of values, and plugins of other packages."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any, ClassVar

import pytest

from arcbook.cells.bind import Scope
from arcbook.cells.hocon import read_objects
from arcbook.cells.json_schema import job_schema
from arcbook.cells.magics import read_cell
from arcbook.cells.notebook import document_job, job_notebook, notebook_job
from arcbook.cells.plan import Context, check_job, steps_of
from arcbook.cells.plugins import config_values, plugin_habits
from arcbook.core.failures import AccessError, CellError
from arcbook.core.settings import RunSettings
from arcbook.schemas.dateformat import format_date, parse_date
from arcbook.schemas.datepattern import PatternError
from arcbook.stages.plugins.base import ConfigPlugin
from arcbook.stages.registry import plugin_types

TEST = RunSettings(environment="test", logical_time=datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=2))))


def period(**keys: Any) -> str:
    """A cell with one period plugin."""
    given = {"environments": ["test"], "returnName": "P", "lagDays": 1, "leadDays": 0, "formatter": "uuuu-MM-dd"} | keys
    return "%configplugin\n" + json.dumps({"type": "DeltaPeriodDynamicConfigurationPlugin", **given})


def values(*cells: str) -> dict[str, Any]:
    """The values of plugin cells, the first in front."""
    context = Context(settings=TEST)
    for cell in cells:
        context = context.after(read_cell(cell))
    return dict(context.plugins)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"lagDays": 2, "currentDate": "2019-01-31"}, "2019-01-29,2019-01-30,2019-01-31"),
        ({"lagDays": 0, "leadDays": 2, "currentDate": "2024-02-28"}, "2024-02-28,2024-02-29,2024-03-01"),
        ({"lagDays": "1", "leadDays": 1.9, "formatter": "d.M.uu", "currentDate": "1.1.26"}, "31.12.25,1.1.26,2.1.26"),
        ({"formatter": "'dt='uuuuMMdd", "currentDate": "dt=20260301"}, "dt=20260228,dt=20260301"),
        ({"formatter": "EEE d MMMM yyyy", "currentDate": "Sun 1 March 2026"}, "Sat 28 February 2026,Sun 1 March 2026"),
        ({"formatter": "uuuuDDD"}, "2026058,2026059"),  # 28 February in UTC is the day of the run
    ],
)  # fmt: skip
def test_period(keys: dict[str, Any], text: str) -> None:
    """Days around a date, both ends included; without a date around the day of the run's logical time in UTC."""
    assert values(period(**keys)) == {"P": text}


@pytest.mark.parametrize("pattern", ["HH", "uuuu-MM-dd HH", "MM-dd", "uuuu-QQ", "uuuu'", "n", "uuuu-MM-dd XXX"])
def test_patterns_that_write_no_date(pattern: str) -> None:
    """They are found before any value is computed."""
    with pytest.raises(PatternError):
        format_date(date(2026, 1, 31), pattern)
    with pytest.raises(CellError, match="writes no date"):
        values(period(formatter=pattern))


@pytest.mark.parametrize(
    ("text", "pattern"),
    [("2026-02-30", "uuuu-MM-dd"), ("2026-2-3", "uuuu-MM-dd"), ("x2026-02-03", "uuuu-MM-dd"), ("2026-366", "uuuu-DDD"),
     ("31 Foo 2026", "dd MMM uuuu"), ("0000-01-01", "uuuu-MM-dd"), ("2026-01", "uuuu-MM")],
)  # fmt: skip
def test_texts_that_are_no_date(text: str, pattern: str) -> None:
    """No day is guessed."""
    assert parse_date(text, pattern) is None


def test_the_earlier_plugin_wins() -> None:
    """Within a cell and between cells; a later plugin sees the values of earlier ones."""
    one, two = period(currentDate="2026-01-02"), period(currentDate="2020-01-02")
    assert values(one, two) == {"P": "2026-01-01,2026-01-02"}
    assert values(one + "\n" + two.partition("\n")[2]) == {"P": "2026-01-01,2026-01-02"}
    later = period(returnName="Q", currentDate="@").replace('"@"', "${DAY}")
    first = period(returnName="DAY", lagDays=0, currentDate="2026-01-02")
    assert values(first + "\n" + later.partition("\n")[2])["Q"] == "2026-01-01,2026-01-02"


def test_environments() -> None:
    """A plugin of another environment is not looked at; without a choice each works; without a list none does."""
    cell = read_cell(period(environments=["dev"], formatter="?", lagDays=-1))
    assert config_values(cell, Scope(), TEST) == {}
    with pytest.raises(CellError):
        config_values(cell, Scope(), replace(TEST, environment="dev"))
    with pytest.raises(CellError):
        config_values(cell, Scope(), replace(TEST, ignore_environments=True))
    nowhere = read_cell(period(environments=[]))
    assert config_values(nowhere, Scope(), TEST) == {}
    assert [each.code for each in plugin_habits(nowhere, TEST, behind_stages=False)] == ["never-runs"]


class AccountConfigPlugin(ConfigPlugin):
    """A plugin of another package: asks a service that may not answer."""

    example: ClassVar[str] = ""

    account: str

    def values(self, settings: RunSettings) -> Mapping[str, Any]:
        """Nested values, or a failure."""
        if self.account == "closed":
            raise AccessError("the account is closed")
        return {"account": {"name": self.account, "size": 3}}


def test_plugins_of_other_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found through entry points; what they return may be nested; what they cannot tell is a problem at their place."""
    found = {**plugin_types(), "AccountConfigPlugin": AccountConfigPlugin}
    monkeypatch.setattr("arcbook.cells.plugins.plugin_types", lambda: found)
    job = """
    plugins.config = [{type: AccountConfigPlugin, environments: [test], account: %s}]
    stages = [{type: SQLTransform, name: ${account.name}, environments: [test], sql: "SELECT 1", outputView: v,
               numPartitions: ${account.size}}]
    """
    report = check_job(document_job(job % "eu", "job.conf"), Context(settings=TEST, complete=True))
    assert report.problems == ()
    (step,) = report.steps
    assert (step.stage.name, getattr(step.stage, "num_partitions", 0)) == ("eu", 3)
    (problem,) = check_job(document_job(job % "closed", "job.conf"), Context(settings=TEST, complete=True)).problems
    assert (problem.code, problem.message) == (
        "plugin-failed",
        "AccountConfigPlugin cannot tell its values: the account is closed",
    )
    assert problem.span is not None
    assert (problem.span.line, problem.span.column) == (2, 30)


@pytest.mark.parametrize("name", list(plugin_types()))
def test_every_plugin_is_documented(name: str) -> None:
    """Summary, an example that is one of the type, a description of each key."""
    declared = plugin_types()[name]
    summary = (declared.__doc__ or "").splitlines()[0]
    assert 20 <= len(summary) <= 110
    assert summary.endswith(".")
    (tree,) = read_objects(declared.example)
    assert tree.value["type"] == name
    context = Context(settings=TEST).after(read_cell(f"%{declared.magic}\n{declared.example}"))
    assert context.plugins or context.lifecycle
    assert [key for key, fact in declared.model_fields.items() if not (fact.description or "").endswith(".")] == []


def test_plugins_of_a_job_file_become_cells() -> None:
    """In front of the stages, in their order, so that the notebook that runs means the same."""
    text = """
    root = x
    plugins { config = [{type: DeltaPeriodDynamicConfigurationPlugin, environments: [test], returnName: P, lagDays: 0,
                         leadDays: 0, formatter: uuuu, currentDate: "2026"}]
              lifecycle = [{type: ControlFlow, environments: [test]}, {type: DataLineage, environments: [test]}] }
    stages = [{type: SQLTransform, name: ${root}, environments: [test], sql: "SELECT 1", outputView: v}]
    """.replace('"2026"', '"2026-01-02"').replace("uuuu,", "uuuu-MM-dd,")
    job = document_job(text, "job.conf")
    assert [cell.magic for cell in job.cells] == ["configplugin", "lifecycleplugin", "lifecycleplugin", ""]
    assert [cell.cell_id for cell in job.cells][:3] == ["config-plugin-1", "lifecycle-plugin-1", "lifecycle-plugin-2"]
    again = notebook_job(json.dumps(job_notebook(job)))
    assert again.problems == ()
    context, names = Context(settings=TEST), []
    for cell in again.cells:
        context = context.after(cell)
        names += [step.stage.name for step in steps_of(cell, context)]
    assert (names, dict(context.plugins)) == (["x"], {"P": "2026-01-02"})
    assert [plugin.type_name() for plugin in context.lifecycle] == ["ControlFlow", "DataLineage"]


@pytest.mark.parametrize(
    ("plugins", "line", "message"),
    [("plugins.config = {type: X}", 1, "`plugins.config` must be a list of objects"),
     ("plugins.lifecycle = [\n 3]", 2, "a plugin must be an object"),
     ("plugins = [{type: ControlFlow}]", 1, "`plugins` must be an object"),
     ("plugins {\n lifecyle = [{type: ControlFlow}]}", 2, "there are no plugins of the kind `lifecyle`")],
)  # fmt: skip
def test_lists_of_plugins_of_another_shape(plugins: str, line: int, message: str) -> None:
    """They are problems of the job file, at their places."""
    (problem,) = document_job(f"{plugins}\nstages = []", "job.conf").problems
    assert problem.code in ("wrong-value", "unknown-key")
    assert (problem.message, problem.span and problem.span.line) == (message, line)
    assert problem.remedy


@pytest.mark.parametrize(
    ("plugins", "sound"),
    [
        ({"lifecycle": [{"type": "ControlFlow", "environments": ["test"], "key": "k"}], "config": []}, True),
        ({"lifecycle": [{"type": "ControlFlow", "kee": "k"}]}, False),
        ({"config": [{"type": "ControlFlow"}]}, False),
        ({"lifecyle": []}, False),
    ],
)
def test_editors_know_plugins(plugins: dict[str, Any], sound: bool) -> None:
    """The JSON Schema of a job takes what the reader takes, and marks what it refuses."""
    import jsonschema

    validator = jsonschema.Draft202012Validator(job_schema())
    assert validator.is_valid({"plugins": plugins, "stages": []}) is sound
    assert validator.is_valid({"stages": [{"type": "SQLTransform", "name": "q", "sql": "SELECT 1"}]})
