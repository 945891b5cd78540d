"""Reading the cases of data/typing-cases.yaml and running them in few queries."""

import datetime
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from arcbook.engines.base import Engine
from arcbook.schemas.compile import InputColumn, compile_typing
from arcbook.schemas.read import parse_schema
from arcbook.sql.quote import literal

DATA = Path(__file__).parent / "data"
Case = Mapping[str, Any]
Outcome = tuple[Any, str | None]


@cache
def document(name: str = "typing-cases.yaml") -> dict[str, Any]:
    """One file of cases."""
    loaded = yaml.safe_load((DATA / name).read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def column(kind: str, options: Mapping[str, Any], name: str = "x") -> dict[str, Any]:
    """The schema column for a case's options."""
    set_options = {key: value for key, value in options.items() if value is not None and key != "strict"}
    return {"name": name, "type": kind, **set_options}


def run(engine: Engine, kind: str, cases: list[Case]) -> dict[str, Outcome]:
    """Value (as comparable text) and error of each case by id: every set of options is a column of one statement."""
    columns = list(dict.fromkeys(json.dumps(case["options"], sort_keys=True) for case in cases))
    of = {case["id"]: columns.index(json.dumps(case["options"], sort_keys=True)) for case in cases}
    spark = engine.spark()
    rows = ", ".join(
        f"({literal(case['id'])}, {of[case['id']]}, CAST({literal(case['input'])} AS STRING))" for case in cases
    )
    texts = ", ".join(f"CASE WHEN place = {place} THEN text END AS g{place}" for place in range(len(columns)))
    spark.sql(f"SELECT {texts}, id FROM VALUES {rows} AS cases(id, place, text)").createOrReplaceTempView(
        "typing_cases"
    )
    schema = parse_schema([column(kind, json.loads(options), f"g{place}") for place, options in enumerate(columns)])
    given = [InputColumn(f"g{place}") for place in range(len(columns))]
    typing = compile_typing(schema, [*given, InputColumn("id", internal=True)], "typing_cases")
    shown = ", ".join(shown_as(kind, f"o{place}") for place in range(len(columns)))
    last = len(columns)
    found = {}
    for row in spark.sql(f"SELECT {shown}, o{last}, o{last + 1} FROM ({typing.sql})").collect():
        case_id, errors = row[last], row[last + 1]
        place = of[case_id]
        messages = [error["message"] for error in errors if error["field"] == f"g{place}"]
        assert len(messages) <= 1
        found[case_id] = (row[place], messages[0] if messages else None)
    spark.catalog.dropTempView("typing_cases")
    return found


def shown_as(kind: str, name: str) -> str:
    """A value as text that both engines write alike."""
    if kind == "binary":
        return f"lower(hex({name}))"
    if kind == "timestamp":
        return f"unix_micros({name})"
    return name if kind == "double" else f"CAST({name} AS STRING)"


def expected(kind: str, value: Any) -> Any:
    """A case's value in the form of `shown_as`; what a timestamp has below microseconds is cut."""
    if value is None or kind == "double":
        return float(value) if value is not None else None
    if kind == "boolean":
        return str(value).lower()
    if kind != "timestamp":
        return str(value)
    whole, _, fraction = value.rstrip("Z").partition(".")
    moment = datetime.datetime.fromisoformat(f"{whole}+00:00")
    return int(moment.timestamp()) * 1_000_000 + int(f"{fraction}000000"[:6])
