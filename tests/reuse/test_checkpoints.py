"""What is stored comes back as it was, or not at all; and the store does not grow without bound."""

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from arcbook.core.settings import RunSettings
from arcbook.engines.base import Engine
from arcbook.reuse import frames
from arcbook.reuse.checkpoints import NAME, Checkpoints
from arcbook.reuse.frames import read_rows, unstorable, write_rows
from arcbook.reuse.plan import ReusePlan
from arcbook.runners.executor import Executor
from tests.reuse.playing import play, prepare, read_job

JOB = read_job()
KEY = "a" * 64
TYPES = """SELECT
    CAST(id AS INT) AS i, CAST(id AS BIGINT) AS l, CAST(id AS TINYINT) AS b, CAST(1.5 AS FLOAT) AS f, 2.5D AS d,
    CAST(3.25 AS DECIMAL(38,18)) AS dec, 'text' AS s, CAST(NULL AS STRING) AS n, id > 1 AS yes, X'00FF' AS raw,
    DATE '0001-01-01' AS day, TIMESTAMP '2026-03-29 01:30:00.123456' AS at, TIMESTAMP_NTZ '2026-03-29 02:30:00' AS ntz,
    array(1, NULL) AS xs, named_struct('A', 1, 'b', named_struct('c', 'x')) AS st, map('k', 1) AS m, '' AS `odd name.x`
    FROM range(3)"""


def keep(store: Checkpoints, frame: Any) -> None:
    """Store a frame under the tests' key."""
    name = store.new_folder(KEY)
    done = write_rows(frame, f"{store.folder(KEY)}/{name}")
    assert done is not None
    schema = frame.schema.json()
    store.publish(KEY, name, size=done.size, sha256=done.sha256, run_id="run-1", schema=schema, rows=done.rows)


def stored(engine: Engine, sql: str, root: Path) -> Iterator[tuple[object, object]]:
    """Schema and rows of a statement, and of what comes back from its checkpoint."""
    executor = Executor(engine, RunSettings())
    session = executor.session({})
    frame = session.spark.sql(sql)
    columns = [frame[f"`{name}`"].alias(name, metadata={"description": name}) for name in frame.columns]
    frame = frame.select(*columns)
    store = Checkpoints(str(root))
    assert unstorable(frame) == ""
    keep(store, frame)
    checkpoint = store.read(KEY)
    assert checkpoint is not None
    back = read_rows(checkpoint, store, session)
    yield json.loads(frame.schema.json()), json.loads(back.schema.json())
    yield sorted(map(repr, frame.collect())), sorted(map(repr, back.collect()))


def test_types_metadata_and_nullability(engine: Engine, tmp_path: Path) -> None:
    """Every type, column metadata, which columns are never null, and the rows."""
    (before, after), (rows, back) = stored(engine, TYPES, tmp_path)
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    simple = [(field["name"], field["metadata"]) for field in before["fields"]]
    assert [(field["name"], field["metadata"]) for field in after["fields"]] == simple
    solid = [field["name"] for field in before["fields"] if not field["nullable"] and isinstance(field["type"], str)]
    kept = [field["name"] for field in after["fields"] if not field["nullable"]]
    assert [name for name in solid if name not in kept] == []
    assert rows == back


def test_rows_keep_their_order(embedded_engine: Engine, tmp_path: Path) -> None:
    """A view with an order is read back in it."""
    session = Executor(embedded_engine, RunSettings()).session({})
    store = Checkpoints(str(tmp_path))
    frame = session.spark.sql("SELECT id FROM range(40000) ORDER BY id % 7, id DESC")
    keep(store, frame)
    checkpoint = store.read(KEY)
    assert checkpoint is not None
    assert [row[0] for row in read_rows(checkpoint, store, session).collect()] == [row[0] for row in frame.collect()]


def test_many_rows_are_written_by_the_engine(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the number that passes through our process."""
    monkeypatch.setattr(frames, "MOST_ROWS", 2)
    (_, _), (rows, back) = stored(engine, "SELECT id, upper('x') AS t FROM range(10)", tmp_path)
    assert rows == back
    assert not list(tmp_path.glob("*/*/rows.parquet"))


@pytest.mark.parametrize("sql", ["SELECT NULL AS x", "SELECT INTERVAL 1 DAY AS x", "SELECT 1 AS x, 2 AS X"])
def test_what_parquet_cannot_hold(sql: str, embedded_engine: Engine) -> None:
    """Is said beforehand."""
    session = Executor(embedded_engine, RunSettings()).session({})
    assert unstorable(session.spark.sql(sql))


def test_a_store_that_cannot_be_written(embedded_engine: Engine, tmp_path: Path) -> None:
    """Takes nothing from the run but its checkpoints, and the record says why."""
    prepare(JOB, tmp_path)
    (tmp_path / "kept").write_text("a file where a folder should be", encoding="utf-8")
    played = play(embedded_engine, JOB["cells"], tmp_path, ReusePlan(root=str(tmp_path / "kept"), keep="always"))
    assert played.error is None
    assert "kept" in played.notes[0]["reuse"]["notStored"]


def test_cleaning(tmp_path: Path) -> None:
    """First what is too old, then what was not used for longest until the rest fits; half-written ones after a day."""
    store = Checkpoints(str(tmp_path))
    now = datetime.now(UTC)
    for at, days in enumerate((30, 3, 2, 1)):
        key = str(at) * 64
        name = store.new_folder(key)
        Path(store.folder(key), name, "rows.parquet").write_bytes(b"x" * 10_000)
        if at != 2:
            store.publish(key, name, run_id="run-1")
        for path in Path(store.folder(key)).rglob("*"):
            os.utime(path, ((now - timedelta(days=days)).timestamp(),) * 2)
    (tmp_path / "notes.txt").write_text("not ours", encoding="utf-8")
    asked = {"older_than": timedelta(days=14), "most_bytes": 15_000, "now": now}
    assert [each.key[0] for each in store.clean(**asked, dry_run=True)] == ["0", "1", "2"]  # type: ignore[arg-type]
    assert len(list(store.entries())) == 4
    assert [each.key[0] for each in store.clean(**asked)] == ["0", "1", "2"]  # type: ignore[arg-type]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["3" * 64, "notes.txt"]


def test_use_keeps(tmp_path: Path) -> None:
    """A checkpoint that was used counts as new."""
    store = Checkpoints(str(tmp_path))
    checkpoint = store.publish(KEY, "", run_id="run-1")
    old = (datetime.now(UTC) - timedelta(days=30)).timestamp()
    os.utime(tmp_path / KEY / NAME, (old, old))
    store.touch(checkpoint)
    assert store.clean(older_than=timedelta(days=14), most_bytes=10**9) == []


def test_on_s3(s3_bucket: str, new_engine: Callable[[str], Engine], tmp_path: Path) -> None:
    """The same on a bucket: resumed from there, nothing half-written is read, cleaning empties it."""
    engine = new_engine("embedded")
    prepare(JOB, tmp_path)
    root = f"s3://{s3_bucket}/runs/checkpoints"
    plan = ReusePlan(root=root, keep="small", lineage="run-1")
    failed = play(engine, JOB["cells"], tmp_path, plan, fail_at=6)
    store = Checkpoints(root)
    entries = list(store.entries())
    assert len(entries) == 3
    assert all(each.complete for each in entries)
    broken = str(failed.notes[2]["reuse"]["key"])
    files = store.read(broken)
    assert files is not None
    _remove_object(s3_bucket, f"runs/checkpoints/{broken}/{next(iter(files.files))}")

    resumed = play(engine, JOB["cells"], tmp_path, plan, done=failed.done, run_id="run-2")

    assert resumed.error is None
    how = [note["reuse"].get("how", "")[:4] for note in resumed.notes[:6]]
    assert how == ["from", "made", "made", "made", "from", "done"]
    store.clean(older_than=timedelta(0), most_bytes=0, now=datetime.now(UTC) + timedelta(days=2))
    assert list(store.entries()) == []


def _remove_object(bucket: str, key: str) -> None:
    import boto3

    boto3.client("s3").delete_object(Bucket=bucket, Key=key)
