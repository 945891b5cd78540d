"""Values that would do harm where text is pasted into code do none where it is bound, filled in or written down."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcbook.cells.bind import Scope, bind
from arcbook.cells.hocon import read_objects
from arcbook.cells.magics import read_cell
from arcbook.cells.params import Values, read_assignments, read_declarations
from arcbook.core.failures import ArcbookError
from arcbook.core.settings import RunSettings
from arcbook.runners.executor import Executor
from arcbook.runners.statement import execute_statement
from arcbook.runs.texts import parse_parameters
from arcbook.runs.translator import ArcTranslator
from arcbook.sql.errors import SqlError
from arcbook.sql.lexical import regions
from arcbook.sql.placeholders import fill
from tests.runners.test_executor import execute

HARM: list[str] = yaml.safe_load(
    (Path(__file__).parents[1] / "runs" / "data" / "injections.yaml").read_text(encoding="utf-8")
)


def values_of(text: str) -> Values:
    """One parameter of that value, alone and in a list."""
    declared = read_declarations(read_cell("%params\np: string\nmany: list[string]"))
    return declared.bind({"p": text, "many": [text, "other"]})


def test_there_are_forty() -> None:
    """Each another one."""
    assert len(set(HARM)) == len(HARM) >= 40


def test_bound_values_are_inert(executor: Executor) -> None:
    """On both engines the value comes back unchanged, the statement means what it says, and the view is still there."""
    spark = executor.engine.spark()
    spark.createDataFrame([("kept",), ("it's",)], ["name"]).createOrReplaceTempView("precious")
    try:
        for text in HARM:
            session = executor.session(values_of(text).bound())
            asked = "SELECT :p AS value, :many AS many, (SELECT count(*) FROM precious) AS rows, 'p: :p' AS said -- :p"
            row = execute_statement(asked, {}, session).frame.first()
            assert row is not None
            assert tuple(row) == (text, [text, "other"], 2, "p: :p"), text
            found = execute_statement("SELECT * FROM precious WHERE name = :p OR name IN (:many)", {}, session).frame
            assert found.collect() == [], text
            one = execute_statement("SELECT 1 AS n WHERE :p IN (:many) AND NOT :p IN ('other')", {}, session).frame
            assert one.count() == 1, text
    finally:
        spark.catalog.dropTempView("precious")


def test_pasted_values_stay_within_their_quotes_or_are_refused() -> None:
    """`${p}` in SQL is text, by definition unsafe; within quotes a value that would end them is an error."""
    refused = []
    for text in HARM:
        try:
            rendered = fill("SELECT '${p}' AS value FROM precious", {"p": text}).text
        except SqlError as error:
            refused.append((error.code, ":p" in error.remedy))
            continue
        literal, *others = regions(rendered)
        assert (literal.kind, literal.start, rendered[literal.end :]) == ("text", 7, " AS value FROM precious"), text
        assert others == [], text
    assert 5 < len(refused) < len(HARM)
    assert set(refused) == {("sql-parameter", True)}


def test_filled_in_values_stay_values() -> None:
    """`${p}` in stage text: the key has the value, no other key appears, and what looks like `${x}` is not filled."""
    stage = '{type: X, name: "n", inputURI: ${p}, glued: "s3://b/"${p}"/x", listed: [${p}], inner {deep: ${p}}}'
    (tree,) = read_objects(stage)
    for text in HARM:
        bound = bind(tree, Scope(values_of(text).text, {"HOME": "wrong", "ROOT": "wrong", "precious": "wrong"})).value
        assert bound == {
            "type": "X", "name": "n", "inputURI": text, "glued": f"s3://b/{text}/x", "listed": [text],
            "inner": {"deep": text},
        }, text  # fmt: skip


def test_injected_cells_bring_values_back() -> None:
    """All at once, one line each; nobody can see a line end where there is none."""
    given = {f"p{number:02}": text for number, text in enumerate(HARM)}
    written = ArcTranslator.codify(given)
    assert len(written.splitlines()) == len(HARM) + 1
    assert all(line.isprintable() for line in written.splitlines())
    assert read_assignments(read_cell(written, tags=("injected-parameters",))) == given


@pytest.mark.parametrize("ascii_only", [True, False])
def test_files_bring_values_back(ascii_only: bool) -> None:
    """As JSON, and as YAML with everything quoted."""
    given = {f"p{number:02}": text for number, text in enumerate(HARM)}
    assert parse_parameters(json.dumps(given, ensure_ascii=ascii_only), "given.json") == given
    assert parse_parameters(yaml.safe_dump(given, allow_unicode=not ascii_only), "given.yaml")["p00"] == HARM[0]


def test_names_are_names(embedded_executor: Executor) -> None:
    """A view's name is no SQL: it is made under exactly that name or refused, and nothing else happens."""
    spark = embedded_executor.engine.spark()
    spark.createDataFrame([("kept",)], ["name"]).createOrReplaceTempView("precious")
    made = 0
    for text in HARM:
        stage: dict[str, Any] = {"type": "SQLTransform", "name": text, "sql": "SELECT 1 AS n", "outputView": text}
        with suppress(ArcbookError):
            execute(embedded_executor, json.dumps(stage))
            made += 1
        assert spark.table("precious").count() == 1, text
    assert made > 5
    for view in [each.name for each in embedded_executor.session({}).views]:
        spark.catalog.dropTempView(view)
    spark.catalog.dropTempView("precious")


@pytest.fixture
def embedded_executor(embedded_engine: Any) -> Executor:
    """An executor on the embedded engine alone."""
    return Executor(embedded_engine, RunSettings())
