"""Runs of jobs with plugins, computed values and jobs within: what the record says."""

import json
from collections.abc import Callable
from pathlib import Path

from arcbook.runs.record import Record
from tests.runs.running import Make, Ran

JOB = """
plugins {
  config = [{type: DeltaPeriodDynamicConfigurationPlugin, environments: [test], returnName: PERIOD, lagDays: 1,
             leadDays: 0, formatter: uuuu-MM-dd}]
  lifecycle = [{type: ControlFlow, environments: [test]}, {type: DataLineage, environments: [test]}]
}
stages = [
  {type: SQLTransform, name: days, environments: [test], sql: "SELECT explode(split('${p}', ',')) AS day",
   sqlParams: {p: ${PERIOD}}, outputView: days}
  {type: ConfigExecute, name: last, environments: [test],
   sql: "SELECT to_json(named_struct('LAST', max(day), 'PARTS', 1)) FROM days"}
  {type: PipelineExecute, name: save, environments: [test], uri: "sub/save.json"}
  {type: ControlFlowExecute, name: gate, environments: [test],
   sql: "SELECT count(*) > 2, to_json(named_struct('days', count(*))) FROM days"}
  {type: ConfigExecute, name: unreached, environments: [test], sql: "SELECT '{}'"}
  {type: SQLTransform, name: unbound, environments: [test], resolution: lazy, sql: "SELECT 1", outputView: v,
   numPartitions: ${NOBODY_KNOWS}}
]
"""
SAVE = {
    "type": "ParquetLoad", "name": "write", "environments": ["test"], "inputView": "days", "outputURI": "out",
    "resolution": "lazy", "saveMode": "Overwrite",
}  # fmt: skip


def test_a_job_file_from_its_plugins_to_its_early_end(
    run_command: Callable[..., Ran], the_record: Callable[[], Record], tmp_path: Path
) -> None:
    """The same days in every attempt, nested stages in the record, and an early end that nobody can overlook."""
    (tmp_path / "job.conf").write_text(JOB)
    (tmp_path / "sub").mkdir()
    load = json.dumps(SAVE)[:-1] + ', "numPartitions": ${PARTS}}'
    (tmp_path / "sub" / "save.json").write_text(f'{{"stages": [{load}]}}')
    ran = run_command("arcbook", "run", "job.conf", "--environment", "test", "--logical-time", "2026-03-01T00:00:00Z")
    assert ran.code == 0, ran.err
    record = the_record()
    ends = [(stage.stage, stage.name, stage.skipped) for stage in record.stages]
    assert ends == [
        ("SQLTransform", "days", False),
        ("ConfigExecute", "last", False),
        ("ParquetLoad", "write", False),
        ("ControlFlowExecute", "gate", False),
        ("ConfigExecute", "unreached", True),
        ("SQLTransform", "unbound", True),
    ]
    assert record.stages[1].details["message"] == {"LAST": "2026-03-01", "PARTS": 1}
    assert record.stages[2].details["queryExecution"]["stages"][0]["name"] == "days"
    assert record.stages[4].details["message"] == {"days": 2}
    assert record.status == "completed"
    note = "Ended early, 2 stages or cells were not run: skipping stage due to control flow key: "
    assert any(each.startswith(note) for each in record.notes)
    assert note in ran.err


def test_a_lazy_stage_fails_in_its_place(
    make_notebook: Make, run_command: Callable[..., Ran], the_record: Callable[[], Record]
) -> None:
    """The run begins, because nothing can be said before; then it is a failure of class definition with a place."""
    notebook = make_notebook(
        '%configexecute name=c environments=test\nSELECT \'{"PARTS": "many"}\'',
        "%sql name=q environments=test resolution=lazy numPartitions=${PARTS} outputView=v\nSELECT 1 AS x",
    )
    ran = run_command("arcbook", "run", notebook, "--environment", "test")
    failure = the_record().failure
    assert failure is not None
    assert (ran.code, failure.failure, failure.cell) == (64, "definition", 2)
    assert "cell 2, line 1, column 61: `numPartitions` must be a whole number, not `many`" in failure.message
