"""Typing 20 columns of text, against a bare copy and plain casts on the same engine.

Run alone: python -m benchmarks.typing_speed [--rows N] [--engine embedded|local]
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from arcbook.engines.base import Engine
from arcbook.engines.open import open_engine
from arcbook.engines.processes import processor_seconds_of
from arcbook.schemas.compile import InputColumn, compile_typing
from arcbook.schemas.read import parse_schema
from benchmarks._typing_workload import names, write_workload

DATA = Path(__file__).parent / "data"
ROWS = 1_000_000
_TYPES = {
    "integer": "INT", "decimal": "DECIMAL(18,4)", "date": "DATE", "timestamp": "TIMESTAMP", "boolean": "BOOLEAN",
    "string": "STRING",
}  # fmt: skip


def main(rows: int = ROWS, engine_name: str = "embedded", rounds: int = 2) -> None:
    """Print wall and CPU seconds per statement, and check what typing yields.

    Raises:
        SystemExit: the outcome is not the one that Arc computed.
    """
    with tempfile.TemporaryDirectory(prefix="arcbook-typing-") as folder:
        source, target = Path(folder) / f"texts-{rows}.parquet", Path(folder) / "out"
        write_workload(source, rows)
        engine = open_engine(engine_name)
        try:
            spark = engine.spark()
            spark.read.parquet(str(source)).createOrReplaceTempView("texts")
            statements = _statements()
            for round_number in range(rounds + 1):
                for name, statement in statements.items():
                    wall, cpu = _write(engine, statement, target / name.replace(" ", "-"))
                    if round_number:
                        used = f"{cpu:6.2f} s CPU" if cpu is not None else ""
                        print(f"{name:<14} {wall:6.2f} s wall {used}  {rows / wall:12,.0f} rows/s", flush=True)
            if rows == ROWS:
                _check(spark, target / "typing")
        finally:
            engine.close()


def _statements() -> dict[str, str]:
    columns = names()
    casts = (f"try_cast({name} AS {_TYPES[name.rpartition('_')[0]]}) AS {name}" for name in columns)
    schema = parse_schema(json.loads((DATA / "typing_schema.json").read_text(encoding="utf-8")))
    typing = compile_typing(schema, [InputColumn(name) for name in columns], "texts")
    renamed = ", ".join(f"o{place} AS `{name}`" for place, name in enumerate(typing.columns))
    return {
        "copy": "SELECT * FROM texts",
        "plain casts": f"SELECT {', '.join(casts)} FROM texts",
        "typing": f"SELECT {renamed} FROM ({typing.sql})",
    }


def _write(engine: Engine, statement: str, target: Path) -> tuple[float, float | None]:
    """Wall and (where the engine is a process we know) CPU seconds for running a statement into Parquet files."""
    pid = getattr(engine, "pid", None)
    before, started = processor_seconds_of(pid) if pid else None, time.perf_counter()
    engine.spark().sql(statement).write.mode("overwrite").parquet(str(target))
    wall = time.perf_counter() - started
    return wall, processor_seconds_of(pid) - before if pid and before is not None else None


def _check(spark: Any, target: Path) -> None:
    """Compare with the aggregates of Arc's result."""
    expected = json.loads((DATA / "typing_expected.json").read_text(encoding="utf-8"))
    spark.read.parquet(str(target)).createOrReplaceTempView("typed")
    wanted: dict[str, Any] = {}
    asked: dict[str, str] = {}
    for name in names():
        facts = expected["columns"][name]
        wanted[f"{name} nulls"], asked[f"{name} nulls"] = facts["nulls"], f"sum(CASE WHEN {name} IS NULL THEN 1 END)"
        for fact, expression in (
            ("sum", f"CAST(sum({name}) AS STRING)"),
            ("sum_of_days", f"CAST(sum(unix_date({name})) AS STRING)"),
            ("sum_of_seconds", f"CAST(sum(unix_micros({name}) DIV 1000000) AS STRING)"),
            ("true", f"CAST(sum(CASE WHEN {name} THEN 1 END) AS STRING)"),
            ("characters", f"CAST(sum(char_length({name})) AS STRING)"),
        ):
            if fact in facts:
                wanted[f"{name} {fact}"], asked[f"{name} {fact}"] = str(facts[fact]), expression
    row = spark.sql(f"SELECT {', '.join(asked.values())} FROM typed").collect()[0]
    found = dict(zip(asked, row, strict=True))
    errors = spark.sql(
        "SELECT e.field, e.message, count(1) FROM (SELECT explode(_errors) AS e FROM typed) GROUP BY e.field, e.message"
    ).collect()
    by_field: dict[str, int] = {}
    by_message: dict[str, int] = {}
    for field, message, count in errors:
        by_field[field] = by_field.get(field, 0) + count
        by_message[message] = by_message.get(message, 0) + count
    wanted |= {"by field": expected["errors_by_field"], "by message": expected["message_counts"]}
    wanted["rows with errors"] = expected["rows_with_errors"]
    found |= {"by field": by_field, "by message": by_message}
    found["rows with errors"] = spark.sql("SELECT count(1) FROM typed WHERE size(_errors) > 0").collect()[0][0]
    wrong = [f"{name}: {found[name]} instead of {value}" for name, value in wanted.items() if found[name] != value]
    if wrong:
        raise SystemExit("typing yields other aggregates than Arc:\n" + "\n".join(wrong))
    print(f"outcome as Arc's: {len(wanted)} aggregates, {sum(by_field.values()):,} errors")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Time typing.")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--engine", default="embedded", choices=["embedded", "local"])
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    main(given.rows, given.engine, given.rounds)
