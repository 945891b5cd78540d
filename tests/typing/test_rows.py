"""TypingTransform as a stage: rows, failing modes, metadata, internal columns."""

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from arcbook.cells.check import check
from arcbook.cells.hocon import read_objects
from arcbook.cells.model import Cell, Step
from arcbook.core.failures import ArcbookError, InputError, QualityError
from arcbook.core.settings import RunSettings
from arcbook.engines.base import Engine
from arcbook.engines.session import Session
from arcbook.runners.base import Result
from arcbook.runners.executor import Executor
from arcbook.runners.transform.typing import run_typing_transform
from arcbook.stages.transform.typing import TypingTransform
from tests.typing import vectors

CASES = vectors.document()["row_cases"]
#: The failure class of each case that fails.
FAILURES = {
    "rows-002": QualityError,
    "rows-003": QualityError,
    "rows-006": InputError,
    "rows-009": InputError,
    "rows-010": QualityError,
}


def typed(engine: Engine, view: str, schema: Any, **keys: Any) -> Result:
    """The stage run over `view`."""
    spark = engine.spark()
    session = Session(
        spark=spark, engine=engine.name, capabilities=engine.capabilities, settings=RunSettings(environment="test")
    )
    stage = TypingTransform.model_validate(
        {"name": "typing", "inputView": view, "outputView": "typed_rows", "schema": schema, **keys}
    )
    return run_typing_transform(stage, session)


def make_input(engine: Engine, case: vectors.Case, view: str) -> None:
    """The case's input as a view; a starred column is internal."""
    spark = engine.spark()
    names = case["input_columns"]
    kinds = case.get("input_types") or ["long" if name == "_index*" else "string" for name in names]
    bare = [name.rstrip("*") for name in names]
    # The embedded engine takes metadata from aliases only, not from a schema.
    ddl = ", ".join(f"{name} {kind}" for name, kind in zip(bare, kinds, strict=True))
    frame = spark.createDataFrame([tuple(row) for row in case["input_rows"]], ddl)
    columns = [
        frame[plain_name].alias(plain_name, metadata={"internal": True} if "*" in name else {})
        for plain_name, name in zip(bare, names, strict=True)
    ]
    frame.select(*columns).createOrReplaceTempView(view)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_rows_become_those_of_arc(engine: Engine, case: Mapping[str, Any]) -> None:
    """Values, order of columns, errors, and the failures that stop a job with Arc's words."""
    make_input(engine, case, "row_case")
    if case["expected_error_contains"]:
        with pytest.raises(ArcbookError) as raised:
            typed(engine, "row_case", case["schema"], failMode=case["failMode"])
        assert case["expected_error_contains"] in str(raised.value)
        assert type(raised.value) is FAILURES[case["id"]]
        return
    result = typed(engine, "row_case", case["schema"], failMode=case["failMode"])
    assert result.frame is not None
    assert result.frame.columns == [name.rstrip("*") for name in case["expected_columns"]]
    internal = [(field.metadata or {}).get("internal") for field in result.frame.schema.fields]
    assert internal == [name.endswith("*") for name in case["expected_columns"]]
    assert [[plain(value) for value in row] for row in result.frame.collect()] == case["expected_rows"]


def plain(value: Any) -> Any:
    """A value as the case file writes it."""
    if isinstance(value, datetime.datetime):
        return f"{value.isoformat()}Z"
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return [dict(item.asDict()) for item in value] if isinstance(value, list) else value


def test_metadata_stays_with_the_columns(engine: Engine) -> None:
    """What the schema says about a column is found again on the view."""
    make_input(engine, {"input_columns": ["a"], "input_rows": [["1"]]}, "metadata_case")
    column = {
        "id": "7", "name": "n", "description": "d", "type": "long", "nullable": True,
        "metadata": {"pii": True, "tags": ["x", "y"], "rank": 2, "nested": {"deep": "text"}},
    }  # fmt: skip
    typed(engine, "metadata_case", [column])
    field = engine.spark().table("typed_rows").schema.fields[0]
    assert field.metadata == {
        "pii": True, "tags": ["x", "y"], "rank": 2, "nested": {"deep": "text"},
        "nullable": True, "internal": False, "id": "7", "description": "d",
    }  # fmt: skip


def test_views_are_found_in_any_case(executor: Executor) -> None:
    """Names of views fold case, also on an engine whose catalogue minds it."""
    source = """
      {"type": "SQLTransform", "name": "a", "outputView": "Texts", "sql": "SELECT '1' AS a"}
      {"type": "SQLTransform", "name": "s", "outputView": "Columns",
       "sql": "SELECT 'n' AS name, 'integer' AS type, true AS nullable"}
      {"type": "TypingTransform", "name": "t", "inputView": "texts", "schemaView": "columns", "outputView": "o"}"""
    for tree in read_objects(source):
        result = executor.execute(Step(check(tree, settings=RunSettings()), tree, Cell(source)), {})
    assert result.frame is not None
    assert [tuple(row) for row in result.frame.collect()] == [(1, [])]


def test_names_of_the_input_do_not_matter(engine: Engine) -> None:
    """Names of any script: columns are matched by position."""
    engine.spark().sql("SELECT '1' AS `이름`, 'x' AS `a b.c`").createOrReplaceTempView("names_case")
    schema = [
        {"name": "`tick`", "type": "integer", "nullable": True},
        {"name": "😀 é", "type": "string", "nullable": True},
    ]
    result = typed(engine, "names_case", schema)
    assert result.frame is not None
    assert result.frame.columns == ["`tick`", "😀 é", "_errors"]
    assert [tuple(row) for row in result.frame.collect()] == [(1, "x", [])]


def test_counts_are_logged_for_kept_views(embedded_engine: Engine) -> None:
    """`values` counts every cell, `errors` the failed ones."""
    make_input(embedded_engine, {"input_columns": ["a", "b"], "input_rows": [["1", "x"], ["y", "2"]]}, "count_case")
    schema = [{"name": name, "type": "integer", "nullable": True} for name in "ab"]
    details = typed(embedded_engine, "count_case", schema, persist=True).details
    assert (details["values"], details["errors"], details["records"]) == (4, 2, 2)
    assert details["columns"] == ["a", "b"]


def test_other_types_are_not_cast_in_silence(embedded_engine: Engine) -> None:
    """Typing converts text only."""
    embedded_engine.spark().sql("SELECT 1.5D AS a").createOrReplaceTempView("kind_case")
    with pytest.raises(InputError, match="converts text only"):
        typed(embedded_engine, "kind_case", [{"name": "a", "type": "integer", "nullable": True}])


def test_a_view_can_hold_the_schema(engine: Engine) -> None:
    """One row per column; attributes that are null count as absent."""
    make_input(engine, {"input_columns": ["a", "b"], "input_rows": [["1", "2020-01-31"]]}, "viewed_case")
    engine.spark().sql(
        "SELECT * FROM VALUES ('n', 'integer', true, CAST(NULL AS ARRAY<STRING>)), "
        "('d', 'date', true, array('uuuu-MM-dd')) AS t(name, type, nullable, formatters)"
    ).createOrReplaceTempView("schema_rows")
    result = typed(engine, "viewed_case", None, schemaView="schema_rows")
    assert result.frame is not None
    assert [tuple(row) for row in result.frame.collect()] == [(1, datetime.date(2020, 1, 31), [])]
