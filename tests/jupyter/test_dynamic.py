"""Computed values, plugins and jobs within jobs in a real kernel."""

import json
from pathlib import Path

import pytest

from tests.jupyter.kernels import Kernel, StartKernel

PERIOD = """%configplugin
{type: DeltaPeriodDynamicConfigurationPlugin, environments: [test], returnName: PERIOD,
 lagDays: 2, leadDays: 0, formatter: uuuu-MM-dd, currentDate: "2019-01-31"}"""
GATE = "{{type: ControlFlowExecute, name: gate, environments: [test], sql: \"SELECT {}, 'enough'\"}}"

WHY = "skipping stage due to control flow key: 'controlFlowPluginOutcome' = false. The message: enough"


@pytest.fixture(autouse=True)
def no_plugins(kernel: Kernel) -> None:
    """Each test begins without plugins."""
    assert kernel.run("%lifecycleplugin remove=all").texts == ["No lifecycle plugin is active."]


def test_computed_values_stay_for_later_cells(kernel: Kernel) -> None:
    """Also when the cell that computes them shows no rows; Arc forgets them then. They reach lazy stages only."""
    assert kernel.run("%configexecute name=c\nSELECT to_json(named_struct('TOP', 7))").texts == ['{"TOP": 7}']
    lazy = kernel.run("%sql resolution=lazy sqlParams=n=${TOP} outputView=top\nSELECT ${n} AS n")
    assert lazy.texts == ["n\n-\n7"]
    strict = kernel.run("%sql sqlParams=n=${TOP} outputView=top\nSELECT ${n} AS n")
    assert "${TOP} has no value" in strict.error["evalue"]
    failed = kernel.run("%sql name=l resolution=lazy sqlParams=n=${TOPP} outputView=top\nSELECT ${n} AS n")
    assert "line 1, column 41: ${TOPP} has no value" in failed.error["evalue"]
    assert failed.error["ename"] == "CellError"


def test_a_cell_may_use_what_it_computes(kernel: Kernel) -> None:
    """The stages of one cell run one after the other, each lazy one bound when its turn comes."""
    shown = kernel.run(
        "{type: ConfigExecute, name: c, sql: \"SELECT to_json(named_struct('N', 2))\"}\n"
        '{type: SQLTransform, name: q, resolution: lazy, sql: "SELECT ${n} AS n", sqlParams: {n: ${N}}, outputView: v}'
    )
    assert shown.texts == ['{"N": 2}', "n\n-\n2"]


def test_values_of_a_configuration_plugin(kernel: Kernel) -> None:
    """They are shown and fill later cells; %env wins over them."""
    shown = kernel.run(PERIOD)
    assert shown.texts[0].splitlines()[1].split() == ["PERIOD", "2019-01-29,2019-01-30,2019-01-31"]
    query = "%sql sqlParams=p=${PERIOD} outputView=p\nSELECT '${p}' AS p"
    assert "2019-01-29,2019-01-30,2019-01-31" in kernel.run(query).texts[0]
    kernel.run("%env PERIOD=none")
    assert "none" in kernel.run(query).texts[0]
    wrong = kernel.run(PERIOD.replace("2019-01-31", "31.1.2019"))
    assert "line 3, column 63" in wrong.error["evalue"]


def test_plugins_are_listed_and_removed(kernel: Kernel) -> None:
    """One that acts already is not added again, and one that is not there cannot be removed."""
    cell = "%lifecycleplugin\n{type: DataFramePrinter, environments: [test], numRows: 1}"
    for _ in range(2):
        (shown,) = kernel.run(cell).texts
        assert shown.splitlines()[1:] == ['DataFramePrinter  {"numRows":1,"truncate":true}']
    assert kernel.run("%sql name=two\nSELECT id FROM range(2)").texts[0] == "two:\nid\n0"
    assert "Did you mean `DataFramePrinter`?" in kernel.run("%lifecycleplugin remove=Printer").error["evalue"]
    assert "DataFramePrinter" in kernel.run("%lifecycleplugin").texts[0]
    assert kernel.run("%lifecycleplugin remove=DataFramePrinter").texts == ["No lifecycle plugin is active."]
    assert kernel.run("%sql name=two\nSELECT id FROM range(2)").texts[0].startswith("id")


def test_a_false_outcome_stops_later_stages(kernel: Kernel) -> None:
    """Output and metadata say what was left out and why; whoever sits at the notebook may decide again."""
    kernel.run("%lifecycleplugin\n{type: ControlFlow, environments: [test]}")
    kernel.run(GATE.format("false"), interactive=True)
    shown = kernel.run("%sql name=next outputView=next\nSELECT 1 AS one", interactive=True)
    assert shown.texts == [f"not run: SQLTransform `next`, {WHY}"]
    (note,) = shown.stages
    assert (note["skipped"], note["details"]["message"]) == (True, "enough")
    kernel.run(GATE.format("true"), interactive=True)
    assert kernel.run("%sql name=next outputView=next\nSELECT 1 AS one", interactive=True).texts == ["one\n---\n  1"]


def test_chaos(kernel: Kernel) -> None:
    """The failure is one that is tried again; what the stage made is there."""
    kernel.run("%lifecycleplugin\n{type: ChaosMonkey, environments: [test], probability: 1}")
    shown = kernel.run("%sql name=q outputView=survivor\nSELECT 1 AS one")
    assert (shown.error["ename"], shown.error["evalue"]) == (
        "TransientError",
        "ChaosMonkey triggered and exception thrown.",
    )
    kernel.run("%lifecycleplugin remove=ChaosMonkey")
    assert kernel.run("%printschema survivor").status == "ok"


def test_a_job_within_a_cell(kernel: Kernel, tmp_path: Path) -> None:
    """Its stages are shown one by one; its views stay."""
    stages = [
        {
            "type": "SQLTransform",
            "name": name,
            "environments": ["test"],
            "sql": f"SELECT '{name}' AS n",
            "outputView": name,
        }
        for name in ("one", "two")
    ]
    (tmp_path / "inner.json").write_text(json.dumps({"left": {"word": "behind"}, "stages": stages}))
    shown = kernel.run(f'{{type: PipelineExecute, name: p, environments: [test], uri: "{tmp_path}/inner.json"}}')
    assert [stage["name"] for stage in shown.stages] == ["one", "two"]
    assert kernel.run("%sql\nSELECT * FROM two").texts == ["n\n---\ntwo"]
    assert "behind" in kernel.run("%sql sqlParams=w=${left.word}\nSELECT '${w}' AS w").texts[0]


def test_python_is_left_out_too_in_a_launched_run(start_kernel: StartKernel) -> None:
    """Where nobody sits at the notebook the rest of the job is abandoned, whatever its cells are."""
    launch = {"engine": "embedded", "environment": "test", "interactive": False}
    kernel = start_kernel(ARCBOOK_LAUNCH=json.dumps(launch), ETL_CONF_ENV="test")
    kernel.run("%lifecycleplugin\n{type: ControlFlow, environments: [test]}")
    kernel.run("%python\nx = 1")
    kernel.run(GATE.format("false"))
    assert kernel.run(GATE.format("true")).stages[0]["skipped"]
    shown = kernel.run("%python\nprint(x)")
    assert shown.texts == [f"not run: %python, {WHY}"]
