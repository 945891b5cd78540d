"""A plan reads footers, headers and logs and no rows, and writes nothing: spied on below all that could hide it."""

import json
import logging
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from deltalake import write_deltalake

from arcbook.cells.notebook import document_job
from arcbook.cells.plan import Context
from arcbook.core.problem import errors
from arcbook.core.settings import RunSettings
from arcbook.engines.base import Engine
from arcbook.engines.open import open_engine
from arcbook.planning.rehearsal import rehearse
from arcbook.planning.values import Plan
from tests.planning import spies

ROWS, ROW_BYTES = 48, 1 << 20
BIG = ROWS * ROW_BYTES
#: What may be read of a file besides its rows: a header's block, a footer with the block that it is read in.
HEAD, FOOTER = 16 << 10, 512 << 10
#: What the system may read ahead of what it is asked for: twice the device's window, which stands in kB in /sys.
READ_AHEAD = 16 << 20
STAGES = """
    {type: ParquetExtract, name: a, environments: [test], inputURI: "%(at)s/big.parquet", outputView: a},
    {type: DelimitedExtract, name: b, environments: [test], inputURI: "%(at)s/*.csv", header: true, outputView: b},
    {type: JSONExtract, name: c, environments: [test], inputURI: "%(at)s/big.json", outputView: c,
     schema: [{name: id, type: integer, nullable: true}, {name: text, type: string, nullable: true}]},
    {type: JSONExtract, name: d, environments: [test], inputURI: "%(at)s/big.json", outputView: d},
    {type: DeltaLakeExtract, name: e, environments: [test], inputURI: "%(at)s/table", outputView: e},
    {type: SQLTransform, name: f, environments: [test], outputView: f, persist: true,
     inputURI: "%(at)s/statement.sql"},
    {type: SQLTransform, name: g, environments: [test], outputView: g,
     sql: "SELECT * FROM parquet.`%(at)s/big.parquet`"},
    {type: SQLTransform, name: h, environments: [test], outputView: h, sql: "SELECT * FROM delta.`%(at)s/table`"},
    {type: SQLTransform, name: i, environments: [test], outputView: i, sql: "SELECT * FROM json.`%(at)s/big.json`"},
    {type: SQLTransform, name: j, environments: [test], outputView: j, sql: "SELECT * FROM csv.`%(at)s/big.csv`"},
    {type: SQLTransform, name: k, environments: [test], outputView: k, sql: "SELECT * FROM text.`%(at)s/big.json`"},
    {type: DelimitedExtract, name: p, environments: [test], inputURI: "%(at)s/big.csv", header: true, multiLine: true,
     outputView: p},
    {type: SQLValidate, name: l, environments: [test], sql: "SELECT count(*) > 0, 'none' FROM f"},
    {type: SQLTransform, name: m, environments: [test],
     sql: "MERGE INTO e USING f ON e.id = f.id WHEN MATCHED THEN DELETE"},
    {type: DeltaLakeLoad, name: n, environments: [test], inputView: f, outputURI: "%(at)s/table"},
    {type: ParquetLoad, name: o, environments: [test], inputView: g, outputURI: "%(at)s/out"}
"""
STATEMENT = "SELECT a.id, count(*) AS n FROM a JOIN b ON a.text = b.text JOIN e ON e.id = a.id GROUP BY a.id ORDER BY n"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the same big rows in each format, and a statement."""
    folder = tmp_path_factory.mktemp("data")
    chance = random.Random(5)
    texts = [chance.randbytes(ROW_BYTES // 2).hex() for _ in range(ROWS)]
    rows = pyarrow.table({"id": pyarrow.array(range(ROWS), pyarrow.int32()), "text": texts})
    pyarrow.parquet.write_table(rows, folder / "big.parquet", compression=None, use_dictionary=False)
    write_deltalake(folder / "table", rows)
    with (folder / "big.csv").open("w", encoding="utf-8") as file:
        file.write("id,text\n")
        file.writelines(f"{number},{text}\n" for number, text in enumerate(texts))
    with (folder / "big.json").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"id": number, "text": text}) + "\n" for number, text in enumerate(texts))
    (folder / "statement.sql").write_text(STATEMENT, encoding="utf-8")
    return folder


def plan_at(place: str, engine: Engine) -> Plan:
    """The plan of the job over the data at `place`, which must be right."""
    job = document_job('{"stages": [' + STAGES % {"at": place} + "]}", "job.json")
    plan = rehearse(job, Context(settings=RunSettings(environment="test"), complete=True), engine)
    assert [str(problem) for problem in errors(plan.problems)] == []
    known = {stage.view: list(stage.columns) for stage in plan.stages if stage.view and stage.columns is not None}
    internal = ["_filename", "_index"]
    assert known == {
        "a": ["id", "text", *internal], "b": ["id", "text", *internal], "c": ["id", "text"], "e": ["id", "text"],
        "f": ["id", "n"], "g": ["id", "text"], "h": ["id", "text"], "k": ["value"], "p": ["id", "text", *internal],
    }  # fmt: skip
    assert plan.bytes_to_read > 3 * BIG
    return plan


def test_on_the_local_file_system(
    data: Path, tmp_path: Path, embedded_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each file only its ends come into the system's memory, and neither process reads or writes more than little.

    The first cannot be bypassed, by no way of reading; it counts what the system reads ahead, too, which the second
    does not.
    """
    monkeypatch.chdir(tmp_path)
    plan_at(str(data), embedded_engine)  # libraries are loaded now
    processes = [os.getpid(), embedded_engine.pid]  # type: ignore[attr-defined]
    big = [path for path in data.rglob("*") if path.is_file() and path.stat().st_size > BIG // 4]
    assert len(big) == 4
    for path in big:
        spies.forget(path)
    # A file system that lives in memory forgets nothing; there the counters alone must do.
    forgets = not any(map(spies.resident_bytes, big))
    trees = spies.tree(data), spies.tree(tmp_path)
    read, written = spies.read_and_written(processes)
    plan_at(str(data), embedded_engine)
    read_after, written_after = spies.read_and_written(processes)
    assert (spies.tree(data), spies.tree(tmp_path)) == trees
    assert read_after - read < 2 * HEAD + 2 * FOOTER + (1 << 20)
    assert written_after - written < 1 << 20
    for path in big if forgets else ():
        pages = spies.resident(path)
        assert sum(pages) * 4096 < READ_AHEAD, path
        middle = pages[len(pages) * 2 // 5 : len(pages) * 3 // 5]
        assert not any(middle), path


@pytest.fixture
def s3(data: Path, s3_bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[spies.S3Spy]:
    """The data in the bucket of a server that notes what it is asked, and that the environment points to."""
    import boto3
    from boto3.s3.transfer import TransferConfig

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    client = boto3.client("s3")
    whole = TransferConfig(multipart_threshold=1 << 30)
    for path in data.rglob("*"):
        if path.is_file():
            client.upload_file(str(path), s3_bucket, str(path.relative_to(data)), Config=whole)
    with spies.spying_server() as spy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", spy.address)
        yield spy


def test_on_s3(s3: spies.S3Spy, s3_bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only lists, looks and reads of documents, logs and stretches that hold a footer or a header; no change."""
    monkeypatch.chdir(tmp_path)
    engine = open_engine("embedded")
    try:
        plan_at(f"s3://{s3_bucket}", engine)
    finally:
        engine.close()
    assert s3.asked
    assert {each.method for each in s3.asked} <= {"GET", "HEAD"}
    objects = [each for each in s3.asked if each.sent and each.path != f"/{s3_bucket}"]
    of_data = [each for each in objects if "/_delta_log/" not in each.path and not each.path.endswith(".sql")]
    assert {Path(each.path).name for each in of_data} == {"big.parquet", "big.csv"}
    assert all(each.range and each.sent <= FOOTER for each in of_data), of_data
    assert sum(each.sent for each in s3.asked) < 2 * FOOTER + 2 * HEAD + (1 << 20)
