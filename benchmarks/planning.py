"""How long a plan of 50 stages takes on a warm engine, beside the bare analysis of the same statements."""

import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from arcbook.cells.notebook import document_job
from arcbook.cells.plan import Context
from arcbook.core.settings import RunSettings
from arcbook.engines.base import Engine
from arcbook.engines.open import open_engine
from arcbook.planning.rehearsal import rehearse

STAGES = 50
ROUNDS = 5
#: Every tenth stage reads a place, every tenth writes one, every tenth is a gate; the others are statements.
STATEMENT = """
SELECT c.id, c.name, c.amount + p.amount AS amount, sum(c.amount) OVER (PARTITION BY c.name ORDER BY c.day) AS running,
       CASE WHEN c.amount > 10 THEN 'big' ELSE 'small' END AS size, c.day
FROM {current} AS c LEFT JOIN {previous} AS p ON p.id = c.id AND p.day >= c.day
WHERE c.amount IS NOT NULL AND c.name LIKE 'a%'"""
GATE = "SELECT count(*) >= 0, to_json(named_struct('rows', count(*))) FROM {current}"


def main() -> None:
    """Print the seconds of a whole plan, of the bare statements, and their ratio."""
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        write_inputs(Path(name))
        text = json.dumps({"stages": stages(Path(name))})
        job = document_job(text, "job.json")
        engine = open_engine("embedded")
        try:
            planned = median(lambda: plan(job, engine))
            bare = median(lambda: bare_statements(Path(name), engine))
            checked = median(lambda: document_job(text, "job.json"))
        finally:
            engine.close()
    print(f"plan of {STAGES} stages, warm                         {planned:7.3f} s   {planned / bare:5.2f} x bare")
    print(f"the same statements analysed bare on Sail      {bare:7.3f} s")
    print(f"reading the job's text                         {checked:7.3f} s")


def median(action: Callable[[], Any]) -> float:
    """The median of the seconds that the action takes, after one time that does not count."""
    action()
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        action()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def plan(job: Any, engine: Engine) -> None:
    """Plan the job, which must be right."""
    found = rehearse(job, Context(settings=RunSettings(environment="test"), complete=True), engine)
    wrong = [str(problem) for problem in found.problems if problem.severity == "error"]
    unknown = [stage.name for stage in found.stages if stage.unknown]
    if wrong or unknown or len(found.stages) != STAGES:
        raise SystemExit(f"the plan is not that of {STAGES} stages: {wrong or unknown or len(found.stages)}")


def bare_statements(folder: Path, engine: Engine) -> None:
    """The same by hand: each view made from its statement and asked for its columns."""
    spark, made = engine.spark(), []
    for stage in stages(folder):
        if stage["type"] == "ParquetExtract":
            frame = spark.read.parquet(str(folder / stage["inputURI"]))
        elif stage["type"] == "DeltaLakeExtract":
            frame = spark.read.format("delta").load(str(folder / stage["inputURI"]))
        elif "sql" in stage:
            frame = spark.sql(stage["sql"])
        else:
            continue
        assert frame.schema.fields
        if view := stage.get("outputView"):
            frame.createOrReplaceTempView(view)
            made.append(view)
    for view in made:
        spark.catalog.dropTempView(view)


def write_inputs(folder: Path) -> None:
    """Small files and tables: what is measured does not depend on their size."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from deltalake import write_deltalake

    rows = pa.table({"id": [1], "name": ["a"], "amount": [1.5], "day": pa.array([20_000], pa.date32())})
    for number in range(0, STAGES, 20):
        pq.write_table(rows, folder / f"in{number}.parquet")
        write_deltalake(folder / f"in{number + 10}", rows)


def stages(folder: Path) -> list[dict[str, Any]]:
    """The job's stages."""
    found: list[dict[str, Any]] = []
    views: list[str] = []
    for number in range(STAGES):
        stage: dict[str, Any] = {"name": f"s{number}", "environments": ["test"]}
        # Joined with the first view: of two derived ones the bare engine would repeat both, and so on up the chain.
        current, previous = (views[-1], views[0]) if views else ("", "")
        if number % 20 == 0:
            stage |= {"type": "ParquetExtract", "inputURI": f"in{number}.parquet", "outputView": f"v{number}"}
        elif number % 10 == 0:
            stage |= {"type": "DeltaLakeExtract", "inputURI": f"in{number}", "outputView": f"v{number}"}
        elif number % 10 == 9:
            stage |= {"type": "ParquetLoad", "inputView": current, "outputURI": f"out{number}"}
        elif number % 10 == 8:
            stage |= {"type": "SQLValidate", "sql": GATE.format(current=current)}
        else:
            sql = STATEMENT.format(current=current, previous=previous)
            stage |= {"type": "SQLTransform", "sql": sql, "outputView": f"v{number}"}
        if "outputView" in stage:
            views.append(stage["outputView"])
        found.append(stage)
    return found
