"""Writes of files that are killed at every step, locally and on S3 (moto's server stands in for it)."""

import multiprocessing
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from arcbook.core.addresses import bucket_and_key, is_s3
from arcbook.runners.placing import settle
from tests.runners import dying

CASES = yaml.safe_load((Path(__file__).parent / "data" / "killed.yaml").read_text(encoding="utf-8"))
#: More steps than any of the writes has.
MOST_STEPS = 80
#: Processes that are forked off one that has imported everything.
WRITERS = multiprocessing.get_context("forkserver")
WRITERS.set_forkserver_preload(["tests.runners.dying"])

Rows = dict[str, list[str]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"].replace(" ", "-"))
@pytest.mark.parametrize("place", ["local", "s3"])
def test_a_write_that_is_killed_at_each_step(
    case: dict[str, Any], place: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Readers find the old rows or the new ones; a retry leaves the new ones, once, and nothing else."""
    if case.get("only", place) != place:
        pytest.skip("S3 renames nothing")
    root = f"s3://{request.getfixturevalue('s3_bucket')}" if place == "s3" else str(tmp_path)
    # A step on S3 takes half a second; `make soak` takes all of them, too.
    for step in range(0, MOST_STEPS, 4 if place == "s3" and not os.environ.get("ARCBOOK_SOAK") else 1):
        uri = f"{root}/{step}/out"
        for folder, rows in case["before"].items():
            for number, row in enumerate(rows):
                dying.put(f"{uri}/{folder}/old{number}.txt".replace("//old", "/old"), row.encode())
        died = killed(case, uri, step)
        if case.get("at_once") == place:
            assert rows_at(uri) in (case["before"], case["after"]), step
        settle(uri)
        assert rows_at(uri) in (case["before"], case["after"]), step
        assert not killed(case, uri, -1), step
        assert rows_at(uri) == case["after"], step
        assert ours_at(uri) <= ({"done"} if place == "local" else {"done", "stage"}), step
        if not died:
            return
    raise AssertionError("the write does not come to an end")


def killed(case: dict[str, Any], uri: str, step: int) -> bool:
    """Write in a process of its own; whether that died at the step."""
    writer = WRITERS.Process(target=dying.write, args=(case, uri, step, dict(os.environ)))
    writer.start()
    writer.join(120)
    assert writer.exitcode in (0, -9), writer.exitcode
    return writer.exitcode == -9


def files_at(uri: str) -> dict[str, str]:
    """Content by name, relative to the parent of the folder."""
    if is_s3(uri):
        client = boto3.client("s3")
        bucket, key = bucket_and_key(uri.rpartition("/")[0])
        found = client.list_objects_v2(Bucket=bucket, Prefix=f"{key}/").get("Contents", ())
        return {item["Key"].removeprefix(f"{key}/"): _text(client, bucket, item["Key"]) for item in found}
    parent = Path(uri).parent
    return {str(file.relative_to(parent)): file.read_text() for file in parent.rglob("*") if file.is_file()}


def rows_at(uri: str) -> Rows:
    """What a reader finds who passes over hidden names, by folder."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, row in files_at(uri).items():
        parts = name.split("/")
        if parts[0] == "out" and not any(part.startswith((".", "_")) for part in parts):
            found["/".join(parts[1:-1])].append(row)
    return {folder: sorted(rows) for folder, rows in found.items()}


def ours_at(uri: str) -> set[str]:
    """The kinds of notes that are left, and everything beside the folder."""
    names = [name.split("/") for name in files_at(uri)]
    return {parts[2] for parts in names if parts[:2] == ["out", "_arcbook"]} | {
        parts[0] for parts in names if parts[0] != "out"
    }


def _text(client: Any, bucket: str, key: str) -> str:
    text: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    return text.decode()
