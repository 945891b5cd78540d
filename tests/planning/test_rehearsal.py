"""A plan has every view's columns, and touches no row."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from runpy import run_path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
import yaml
from deltalake import write_deltalake

from arcbook.cells.notebook import document_job, notebook_job, read_job
from arcbook.cells.plan import Context, check_job
from arcbook.core.settings import RunSettings
from arcbook.engines.base import Engine
from arcbook.planning.edges import Edge, edges
from arcbook.planning.rehearsal import rehearse
from arcbook.planning.values import Plan
from arcbook.runners.executor import Executor

DATA = Path(__file__).parent / "data"
ROOT = Path(__file__).resolve().parents[2]
CASES = yaml.safe_load((DATA / "jobs.yaml").read_text(encoding="utf-8"))
SETTINGS = RunSettings(environment="test")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with data, which is the current one."""
    given = tmp_path / "in"
    given.mkdir()
    (given / "people.csv").write_text("id,name\n1,Ann\n", encoding="utf-8")
    pyarrow.parquet.write_table(
        pyarrow.table({"id": pyarrow.array([1], pyarrow.int32()), "age": pyarrow.array([4], pyarrow.int32())}),
        given / "ages.parquet",
    )
    (given / "events.json").write_text('{"a": 1}\n', encoding="utf-8")
    write_deltalake(
        given / "table", pyarrow.table({"id": pyarrow.array([1], pyarrow.int32()), "name": pyarrow.array(["Ann"])})
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plan_of(text: str, engine: Engine, origin: str = "job.json") -> Plan:
    """The plan of a job in the environment `test`."""
    return rehearse(document_job(text, origin), Context(settings=SETTINGS, complete=True), engine)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_plan_of_a_job(case: dict[str, Any], folder: Path, embedded_engine: Engine) -> None:
    """Columns, places, and problems at their lines; nothing is written."""
    before = snapshot(folder)
    plan = plan_of('{"stages": [\n' + case["stages"] + "]}", embedded_engine)
    shown = "\n".join(map(str, plan.problems))
    views = {stage.view: stage for stage in plan.stages if stage.view and not stage.skipped}
    for view, columns in case["columns"].items():
        found = views[view].columns
        assert (dict(found) if found is not None else None) == columns, shown
    for view, why in case.get("unknown", {}).items():
        assert views[view].unknown == why
    assert [problem.code for problem in plan.problems if problem.severity == "error"] == [
        each["code"] for each in case.get("problems", ())
    ], shown
    for problem, wanted in zip(
        (p for p in plan.problems if p.severity == "error"), case.get("problems", ()), strict=True
    ):
        told = problem.to_dict()
        assert told["line"] == wanted["line"], shown
        assert told["column"] == wanted.get("column", told["column"]), shown
        assert wanted.get("remedy", "") in problem.remedy
    if "reads" in case:
        assert [each.address for each in plan.reads] == [str(folder / each) for each in case["reads"]]
    for write, wanted in zip(plan.writes, case.get("writes", plan.writes), strict=True):
        if isinstance(wanted, dict):
            assert (write.address, write.mode) == (str(folder / wanted["address"]), wanted["mode"])
            assert "replaces" not in wanted or write.replaces is None
    assert snapshot(folder) == before


def test_views_that_no_stage_makes(folder: Path, embedded_engine: Engine) -> None:
    """Behind Python they are unknown, with all that reads them; elsewhere they are a mistake."""
    cells = (
        "%python\nspark.range(3).createOrReplaceTempView('pv')",
        "%sql name=q environments=test outputView=q\nSELECT id FROM pv",
        "{type: ParquetLoad, name: l, environments: [test], inputView: pv, outputURI: out/l}",
        "%sqlvalidate name=g environments=test\nSELECT COUNT(*) > 0, '' FROM pv",
    )
    found = plan_of_cells(cells, embedded_engine)
    assert [problem.code for problem in found.problems] == ["unused-view"]
    assert [stage.unknown.split(";")[0] for stage in found.stages if stage.unknown] == ["no stage makes `pv`"] * 3
    assert [write.address for write in found.writes] == [str(folder / "out/l")]
    wrong = plan_of_cells(cells[1:], embedded_engine)
    assert {problem.code for problem in wrong.problems} >= {"unknown-view"}


def plan_of_cells(cells: tuple[str, ...], engine: Engine) -> Plan:
    """The plan of a notebook of these cells in the environment `test`."""
    kernel = {"name": "arc", "display_name": "Arc", "language": "arc"}
    code = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in cells]
    notebook = {"cells": code, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return rehearse(notebook_job(json.dumps(notebook), "j.ipynb"), Context(settings=SETTINGS, complete=True), engine)


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with its size and time of change."""
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("example", ["contacts-scd2/contacts_scd2.ipynb", "taxi-typing/taxi_typing.ipynb"])
def test_the_columns_are_those_of_a_run(
    example: str, tmp_path: Path, embedded_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each view that a run makes has the columns that the plan says, and the plan says one for each."""
    copy = tmp_path / Path(example).parent.name
    shutil.copytree(ROOT / "notebooks" / Path(example).parent, copy, ignore=shutil.ignore_patterns("data"))
    run_path(str(copy / "generate.py"))["generate"](copy / "data")
    monkeypatch.chdir(copy)
    job = read_job(Path(example).name)
    values = job.declarations.bind(job.injected)
    settings = RunSettings(environment="dev")
    plan = rehearse(job, Context(settings=settings, values=values, complete=True), embedded_engine)
    assert [problem for problem in plan.problems if problem.severity == "error"] == []
    planned = {stage.view: dict(stage.columns) for stage in plan.stages if stage.view and stage.columns is not None}
    executor = Executor(embedded_engine, settings)
    for step in check_job(job, Context(settings=settings, values=values)).steps:
        if settings.runs(step.stage.environments):
            executor.execute(step, values.typed)
    made = {view.name: dict(view.columns) for view in executor.views()}
    for name in made:
        embedded_engine.spark().catalog.dropTempView(name)
    assert planned == made


def test_lineage_is_part_of_the_plan(folder: Path, embedded_engine: Engine) -> None:
    """By the columns that the engine resolved: a star, and a table that is changed."""
    plan = plan_of(
        """{"stages": [
        {type: ParquetExtract, name: a, environments: [test], inputURI: in/ages.parquet, outputView: Ages},
        {type: DeltaLakeExtract, name: b, environments: [test], inputURI: in/table, outputView: stored},
        {type: SQLTransform, name: c, environments: [test], outputView: old,
         sql: "SELECT a.*, age > 3 AS old FROM ages a WHERE id > 0"},
        {type: SQLTransform, name: d, environments: [test],
         sql: "MERGE INTO stored s USING old o ON s.id = o.id WHEN NOT MATCHED THEN INSERT (id) VALUES (o.age)"}]}""",
        embedded_engine,
    )
    old, merged = (stage.to_dict()["lineage"] for stage in plan.stages[2:])
    direct = {"view": "Ages", "field": "age", "type": "DIRECT", "subtype": "IDENTITY"}
    assert old["fields"]["age"] == [direct]
    assert old["fields"]["old"] == [direct | {"subtype": "TRANSFORMATION"}]
    assert old["influences"] == [{"view": "Ages", "field": "id", "type": "INDIRECT", "subtype": "FILTER"}]
    assert merged["target"] == "stored"
    assert {each["view"] for each in merged["fields"]["id"]} == {"stored", "old"}


def test_edges_between_jobs(folder: Path, embedded_engine: Engine) -> None:
    """A job that reads what another writes comes behind it; by folder and by pattern."""
    writer = plan_of(
        '{"stages": [{type: SQLTransform, name: a, environments: [test], outputView: m, sql: SELECT 1 AS id},'
        "{type: ParquetLoad, name: b, environments: [test], inputView: m, outputURI: out/orders}]}",
        embedded_engine, "writer.json",
    )  # fmt: skip
    reader = plan_of(
        '{"stages": [{type: ParquetExtract, name: a, environments: [test], inputURI: "out/*", outputView: o}]}',
        embedded_engine, "reader.json",
    )  # fmt: skip
    other = plan_of(
        '{"stages": [{type: ParquetExtract, name: a, environments: [test], inputURI: out/ord, outputView: o}]}',
        embedded_engine, "other.json",
    )  # fmt: skip
    assert edges([other, reader, writer]) == (Edge("writer.json", "reader.json", str(folder / "out/orders")),)


def test_statements_take_the_parameters_of_their_own_job(folder: Path, embedded_engine: Engine) -> None:
    """Also gates, and those of a job within the job, which is given its own."""
    statement = "%sql name=i outputView=made environments=test\nSELECT :factor AS x"
    notebook(folder / "inner.ipynb", "%params\nfactor: integer", statement)
    plan = plan_of(
        """{"stages": [
        {type: PipelineExecute, name: p, environments: [test], uri: inner.ipynb, params: {factor: "5"}},
        {type: SQLValidate, name: v, environments: [test], sql: "SELECT max(x) < :most, '' FROM made"}],
        arcbook.cells: [{code: "%params\\nmost: integer = 7"}]}""",
        embedded_engine,
    )
    assert [str(problem) for problem in plan.problems] == []
    assert [stage.columns for stage in plan.stages] == [{"x": "int"}, None]


def notebook(path: Path, *sources: str) -> None:
    """Write a notebook of code cells."""
    cells = [{"cell_type": "code", "source": source, "metadata": {}} for source in sources]
    path.write_text(json.dumps({"cells": cells, "metadata": {"kernelspec": {"name": "arc"}}}), encoding="utf-8")


def test_the_command_chooses_as_a_run_does(folder: Path) -> None:
    """`-p` wins over values left in the notebook, ETL_CONF_ENV over its `%environment` cell."""
    notebook(
        folder / "n.ipynb", "%params\nn: string", "%params\nn = \"left\"", "%environment prod",
        '{type: SQLTransform, name: t${n}, environments: [test], outputView: v, sql: "SELECT 1 AS x"}',
    )  # fmt: skip
    command = [str(Path(sys.executable).parent / "arcbook"), "plan", "n.ipynb", "-p", "n", "given"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "ETL_CONF_ENV": "test"}
    )
    assert "tgiven -> v\n           x int" in done.stdout, done.stdout + done.stderr
    # Of several jobs each takes what it declares, but a name that none declares is a mistake.
    done = subprocess.run([*command, "n.ipynb", "-p", "m", "x"], capture_output=True, text=True, check=False)
    assert (done.returncode, "no parameter `m`" in done.stderr) == (64, True)


def test_the_command(folder: Path) -> None:
    """Text for people, JSON for machines, 64 when something is wrong; relative addresses start at the job's folder."""
    (folder / "jobs").mkdir()
    job = (
        '{"stages": [{type: ParquetExtract, name: get, environments: [test],'
        " inputURI: ../in/ages.parquet, outputView: a}]}"
    )
    (folder / "jobs" / "job.json").write_text(job, encoding="utf-8")
    command = [str(Path(sys.executable).parent / "arcbook"), "plan", "jobs/job.json", "--environment", "test"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "get -> a\n           id int, age int" in done.stdout
    assert "to read: 1 file," in done.stdout
    told = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout)
    assert told["plans"][0]["stages"][0]["columns"]["age"] == "int"
    (folder / "jobs" / "job.json").write_text(job.replace("ParquetExtract", "ParketExtract"), encoding="utf-8")
    assert subprocess.run(command, capture_output=True, check=False).returncode == 64
