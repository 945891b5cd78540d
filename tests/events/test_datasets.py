"""Places have the names that OpenLineage gives them, and columns of views lead back to columns of places."""

from pathlib import Path

import pyarrow
import pytest
from deltalake import write_deltalake

from arcbook.cells.notebook import document_job
from arcbook.cells.plan import Context
from arcbook.core.settings import RunSettings
from arcbook.engines.base import Engine
from arcbook.events.datasets import Dataset, datasets
from arcbook.events.naming import Name, name_of
from arcbook.events.switch import configured
from arcbook.planning.rehearsal import rehearse


@pytest.mark.parametrize(
    ("address", "namespace", "name"),
    [
        ("/data/in/orders.csv", "file", "/data/in/orders.csv"),
        ("file:///data/in", "file", "/data/in"),
        ("/data/2026 #1/*.csv", "file", "/data/2026 #1/*.csv"),
        ("s3://lake/in/orders", "s3://lake", "in/orders"),
        ("s3a://lake/in/orders/", "s3://lake", "in/orders"),
        ("s3://lake", "s3://lake", "/"),
        ("jdbc:postgresql://db.local:5433/shop?user=me&password=no", "postgres://db.local:5433", "shop"),
        ("jdbc:postgresql://me:no@db.local/shop", "postgres://db.local:5432", "shop"),
        ("jdbc:mysql://db.local/shop", "mysql://db.local:3306", "shop"),
        ("jdbc:sqlserver://db.local:1433;password=no", "sqlserver://db.local:1433", "/"),
        (
            "jdbc:awsathena://AwsRegion=eu-west-1;S3OutputLocation=s3://x",
            "awsathena://athena.eu-west-1.amazonaws.com",
            "AwsDataCatalog",
        ),
        ("https://me:no@web.local/a.csv", "https://web.local", "a.csv"),
    ],
)
def test_names(address: str, namespace: str, name: str) -> None:
    """By the naming rules; never a password."""
    found = name_of(address)
    assert found == Name(namespace, name)
    assert "no@" not in str(found)


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({"OPENLINEAGE_URL": "http://x"}, True),
        ({"OPENLINEAGE_URL": "http://x", "OPENLINEAGE_DISABLED": "true"}, False),
        ({"OPENLINEAGE__TRANSPORT__TYPE": "console"}, True),
        ({"OPENLINEAGE_CONFIG": "missing.yml"}, False),
        ({"OPENLINEAGE_NAMESPACE": "shop"}, False),
    ],
)
def test_when_events_are_wanted(
    variables: dict[str, str], wanted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only where a transport is configured."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert configured(variables) == wanted
    (tmp_path / "openlineage.yml").touch()
    assert configured(variables) == (variables.get("OPENLINEAGE_DISABLED") != "true")


def origins(dataset: Dataset, column: str) -> set[tuple[str, str, str]]:
    """Where a column comes from: the last part of the place, its column, and how."""
    return {(Path(each.view).name, each.column, each.how) for each in dataset.origins[column]}


def test_lineage_through_the_job(tmp_path: Path, embedded_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through typing, joins and a table that is merged; what decided once decides on all that follows."""
    monkeypatch.chdir(tmp_path)
    rows = {"id": pyarrow.array([1], pyarrow.int32()), "name": ["Ann"], "day": ["2026-01-01"]}
    write_deltalake("old", pyarrow.table(rows))
    write_deltalake("new", pyarrow.table(rows))
    job = document_job(
        """{"stages": [
        {type: DeltaLakeExtract, name: a, environments: [test], inputURI: old, outputView: old},
        {type: DeltaLakeExtract, name: b, environments: [test], inputURI: new, outputView: raw},
        {type: SQLTransform, name: c, environments: [test], outputView: latest,
         sql: "SELECT id, upper(name) AS loud, count(*) OVER (PARTITION BY day) AS n FROM raw WHERE day > '2020'"},
        {type: TypingTransform, name: d, environments: [test], inputView: latest, outputView: typed, schema: [
          {name: id, type: integer, nullable: true}, {name: loud, type: string, nullable: true},
          {name: n, type: long, nullable: true}]},
        {type: SQLTransform, name: e, environments: [test],
         sql: "MERGE INTO old USING typed t ON old.id = t.id WHEN MATCHED THEN UPDATE SET name = t.loud"},
        {type: ParquetLoad, name: f, environments: [test], inputView: typed, outputURI: out}]}""",
        "job.json",
    )
    plan = rehearse(job, Context(settings=RunSettings(environment="test"), complete=True), embedded_engine)
    assert [str(problem) for problem in plan.problems if problem.severity == "error"] == []
    inputs, (merged, out) = datasets(plan)
    assert [(Path(each.place.address).name, dict(each.columns or {}), each.delta) for each in inputs] == [
        ("old", {"id": "int", "name": "string", "day": "string"}, True),
        ("new", {"id": "int", "name": "string", "day": "string"}, True),
    ]
    assert Path(out.place.address).name == "out"
    assert dict(out.columns or {}).items() >= {"id": "int", "loud": "string", "n": "bigint"}.items()
    assert origins(out, "loud") == {("new", "name", "transformation")}
    assert origins(out, "n") >= {("new", "day", "window")}
    assert {(each.column, each.how) for each in out.influences} == {("day", "filter")}
    assert (Path(merged.place.address).name, merged.mode) == ("old", "merge")
    assert origins(merged, "name") == {("old", "name", "identity"), ("new", "name", "transformation")}
    assert {(Path(each.view).name, each.column, each.how) for each in merged.influences} >= {
        ("old", "id", "join"), ("new", "id", "join"), ("new", "day", "filter"),
    }  # fmt: skip
