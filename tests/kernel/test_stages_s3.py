"""Extracts and loads on S3 (moto's server stands in for it), on every engine."""

from datetime import UTC, datetime

import boto3
import pytest

from arcbook.core.failures import ArcbookError, InputError
from arcbook.core.settings import RunSettings
from arcbook.runners.executor import Executor
from tests.kernel.running import rows, run_text

QUERY = '{"type": "SQLTransform", "name": "q", "outputView": "v", "sql": "%s"}'


@pytest.mark.parametrize("scheme", ["s3", "s3a"])
def test_delimited_files_by_pattern(executor: Executor, s3_bucket: str, scheme: str) -> None:
    """File names keep the scheme that the job uses."""
    client = boto3.client("s3")
    for name, text in {"in/a.csv": "k\nx\ny\n", "in/b.csv": "k\nz\n", "in/_hidden.csv": "k\nno\n"}.items():
        client.put_object(Bucket=s3_bucket, Key=name, Body=text.encode())
    place = f"{scheme}://{s3_bucket}/in"
    text = (
        f'{{"type": "DelimitedExtract", "name": "r", "inputURI": "{place}/*.csv", "header": true, "outputView": "c"}}'
    )
    result = run_text(executor, text)
    assert rows(result) == [("x", f"{place}/a.csv", 1), ("y", f"{place}/a.csv", 2), ("z", f"{place}/b.csv", 1)]


@pytest.mark.parametrize("kind", ["Parquet", "JSON"])
def test_save_modes(executor: Executor, s3_bucket: str, kind: str) -> None:
    """Overwrite leaves only the new files, Append adds, the others look before they write."""
    run_text(executor, QUERY % "SELECT id, id % 2 AS g FROM range(4)")
    place = f"s3a://{s3_bucket}/out"
    load = f'{{"type": "{kind}Load", "name": "w", "inputView": "v", "outputURI": "{place}", "partitionBy": ["g"], '
    run_text(executor, load + '"saveMode": "Append"}')
    run_text(executor, load + '"saveMode": "Overwrite"}')
    run_text(executor, load + '"saveMode": "Append"}')
    assert run_text(executor, load + '"saveMode": "Ignore"}').details["skipped"] is True
    with pytest.raises(InputError, match="exists already"):
        run_text(executor, load + '"saveMode": "ErrorIfExists"}')
    extra = '"multiLine": false, ' if kind == "JSON" else ""
    run_text(executor, f'{{"type": "{kind}Extract", "name": "r", "inputURI": "{place}", {extra}"outputView": "back"}}')
    assert rows(run_text(executor, QUERY % "SELECT g, count(*) FROM back GROUP BY g")) == [(0, 4), (1, 4)]


@pytest.mark.parametrize("kind", ["Parquet", "JSON"])
def test_a_view_without_rows_overwrites_itself(executor: Executor, s3_bucket: str, kind: str) -> None:
    """The file that holds the columns is a new one each time, so the old one can go after it has come."""
    run_text(executor, QUERY % "SELECT 1 AS id WHERE false")
    load = f'{{"type": "{kind}Load", "name": "w", "inputView": "v", "outputURI": "s3a://{s3_bucket}/out", '
    for _ in range(2):
        assert run_text(executor, load + '"saveMode": "Overwrite"}').details["outputFiles"] == 1
    left = boto3.client("s3").list_objects_v2(Bucket=s3_bucket, Prefix="out/")["Contents"]
    assert len([each for each in left if not each["Key"].endswith("_SUCCESS")]) == 1


def test_attempts_at_a_run_write_once(executor: Executor, s3_bucket: str) -> None:
    """Appends and intervals of an attempt are there once, whatever the next one does; the rest of the folder stays."""
    place = f"s3a://{s3_bucket}/out"
    run_text(executor, QUERY % "SELECT id, id % 2 AS g FROM range(4)")
    load = f'{{"type": "ParquetLoad", "inputView": "v", "outputURI": "{place}", "partitionBy": ["g"], '
    loads = (
        load + '"name": "first", "saveMode": "Append"}',
        load.replace('"v"', '"odd"') + '"name": "odd", "replaceWhere": "g = 1"}',
        load + '"name": "last", "saveMode": "Append"}',
    )
    run_text(executor, QUERY.replace('"v"', '"odd"') % "SELECT CAST(9 AS BIGINT) AS id, CAST(1 AS BIGINT) AS g")
    skipped = []
    for attempt in ("r1", "r2"):
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        executor.settings = RunSettings(run_id=attempt, run_key="w", job_name="j", logical_time=moment)
        skipped = [run_text(executor, each).details["skipped"] for each in loads]
    assert skipped == [True, True, True]
    run_text(executor, f'{{"type": "ParquetExtract", "name": "r", "inputURI": "{place}", "outputView": "back"}}')
    assert rows(run_text(executor, QUERY % "SELECT g, count(*), max(id) FROM back GROUP BY g")) == [
        (0, 4, 2),
        (1, 3, 9),
    ]


def test_missing_place(executor: Executor, s3_bucket: str) -> None:
    """A key that does not exist is said to be missing."""
    with pytest.raises(InputError, match="does not exist"):
        run_text(
            executor,
            f'{{"type": "ParquetExtract", "name": "r", "inputURI": "s3a://{s3_bucket}/no", "outputView": "v"}}',
        )


def test_delta_table_with_merge_and_manifest(executor: Executor, s3_bucket: str) -> None:
    """A table on S3 is written, merged into through its view, read back, and listed for Athena."""
    place = f"s3a://{s3_bucket}/contacts"
    run_text(executor, QUERY % "SELECT * FROM VALUES (1, 'a'), (2, 'b') AS t(id, s)")
    run_text(executor, f'{{"type": "DeltaLakeLoad", "name": "w", "inputView": "v", "outputURI": "{place}"}}')
    run_text(executor, f'{{"type": "DeltaLakeExtract", "name": "r", "inputURI": "{place}", "outputView": "t"}}')
    merged = run_text(
        executor,
        '{"type": "SQLTransform", "name": "m", "sql": "MERGE INTO t USING (SELECT 2 AS id, \'B\' AS s) u '
        'ON t.id = u.id WHEN MATCHED THEN UPDATE SET s = u.s"}',
    )
    assert merged.details["rows"]["updated"] == 1
    assert rows(run_text(executor, QUERY % "SELECT * FROM t")) == [(1, "a"), (2, "B")]
    client = boto3.client("s3")
    manifest = client.get_object(Bucket=s3_bucket, Key="contacts/_symlink_format_manifest/manifest")["Body"].read()
    assert manifest.decode().split("\n")[0].partition("://")[2].startswith(f"{s3_bucket}/contacts/")


def test_delta_tables_that_sail_would_put_elsewhere(executor: Executor, s3_bucket: str) -> None:
    """On S3 the engine `embedded` works with no table whose name has other letters; it refuses and writes nothing."""
    place = f"s3a://{s3_bucket}/größe 1"
    run_text(executor, QUERY % "SELECT 1 AS id")
    load = f'{{"type": "DeltaLakeLoad", "name": "w", "inputView": "v", "outputURI": "{place}"}}'
    if executor.engine.name == "local":
        assert run_text(executor, load).details["skipped"] is False
        return
    with pytest.raises(ArcbookError, match="--engine local"):
        run_text(executor, load)
    with pytest.raises(ArcbookError, match="--engine local"):
        run_text(executor, QUERY % f"SELECT * FROM delta.`{place}`")
    assert boto3.client("s3").list_objects_v2(Bucket=s3_bucket)["KeyCount"] == 0
