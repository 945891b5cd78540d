"""Checkpoints on a bucket that refuses some of its objects: the run has its own outcome, and resuming goes on."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from arcbook.runs.record import Record
from arcbook.runs.store import open_store
from tests.runs.running import Make, Ran
from tests.s3_faults import Fault, S3Faults

Run = Callable[..., Ran]

#: A view of nothing, one of a file, of that view, and of so many rows that the engine itself writes them.
VIEWS = ("kept", "read", "typed", "many")
AGAIN = "made again from unchanged input"
JOB = (
    "%environment test",
    "%sql name=kept environments=test outputView=kept\nSELECT 1 AS x",
    """{{"type": "DelimitedExtract", "name": "read", "environments": ["test"], "inputURI": "{here}/in.csv",
     "outputView": "read", "header": true}}""",
    "%sql name=typed environments=test outputView=typed\nSELECT CAST(id AS INT) AS id, name FROM read",
    "%sql name=many environments=test outputView=many\nSELECT id, id % 3 AS part FROM range(300000)",
    "%sqlvalidate name=gate environments=test\nSELECT {gate}, 'not yet' FROM typed",
    """{{"type": "JSONLoad", "name": "load", "environments": ["test"], "inputView": "typed",
     "outputURI": "{here}/out", "numPartitions": 1}}""",
)


class Jobs:
    """The job's runs, recorded in a bucket."""

    def __init__(self, bucket: str, make_notebook: Make, run_command: Run, here: Path) -> None:
        self.root = f"s3://{bucket}/runs"
        self._bucket, self._make, self._run, self._here = bucket, make_notebook, run_command, here
        (here / "in.csv").write_text("id,name\n1,ann\n2,bob\n", encoding="utf-8")

    def run(self, *arguments: str, gate: str = "count(*) = 2") -> Ran:
        """Run it; its gate asks for `gate`."""
        job = self._make(*(text.format(here=self._here, gate=gate) for text in JOB))
        return self._run("arcbook", "run", job, "--record", self.root, *arguments)

    def fail(self, *arguments: str) -> Ran:
        """Run it until its gate fails."""
        failed = self.run(*arguments, gate="count(*) > 2")
        assert failed.code == 65, failed.err
        return failed

    def resume(self) -> dict[str, str]:
        """Go on with the latest run; how its views came about."""
        resumed = self.run("--resume", "latest")
        assert resumed.code == 0, resumed.err
        (file,) = (self._here / "out").glob("part*")
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        assert rows == [{"id": 1, "name": "ann"}, {"id": 2, "name": "bob"}]
        return {name: str(note.get("how", "")) for name, note in self.reuse().items() if name in VIEWS}

    def record(self) -> Record:
        """That of the latest run."""
        return open_store(self.root).find("latest").record()

    def reuse(self) -> dict[str, dict[str, Any]]:
        """What the record of the latest run tells of its stages' checkpoints."""
        return {note.name: dict(note.reuse) for note in self.record().stages}

    def stored(self) -> list[str]:
        """The keys of all objects of checkpoints."""
        listed = boto3.client("s3").list_objects_v2(Bucket=self._bucket, Prefix="runs/checkpoints/")
        return [item["Key"] for item in listed.get("Contents", ())]


@pytest.fixture
def jobs(faulty: S3Faults, s3_bucket: str, make_notebook: Make, run_command: Run, tmp_path: Path) -> Jobs:
    """The job, with faults."""
    return Jobs(s3_bucket, make_notebook, run_command, tmp_path)


def refused(key: str) -> list[Fault]:
    """Writing objects of checkpoints is forbidden."""
    return [Fault("access-denied", method=method, key=f"checkpoints/.*{key}") for method in ("PUT", "POST")]


def test_what_cannot_be_stored_when_a_run_fails(faulty: S3Faults, jobs: Jobs) -> None:
    """The run fails as it would have, says which views are not stored and why, and leaves nothing half-written."""
    faulty.add(Fault("access-denied", key=r"checkpoints/.*rows\.parquet", times=1), *refused(r"checkpoint\.json"))
    failed = jobs.fail()
    (note,) = jobs.record().notes
    assert note.startswith("Not stored for resuming, which makes them again: ")
    assert re.findall("`(.*?)`", note) == ["typed", "read", "kept"]
    assert [each in note for each in ("ACCESS_DENIED", "AccessDenied")] == [True, True]
    told = jobs.reuse()
    assert [told[name]["stored"] for name in VIEWS] == [False] * 4
    assert all("ccess" in told[name]["notStored"] for name in ("kept", "read", "typed")), told
    assert "more than" in told["many"]["notStored"]
    assert note in failed.err
    assert jobs.stored() == []
    faulty.clear()
    assert jobs.resume() == dict.fromkeys(VIEWS, AGAIN)


def test_what_cannot_be_stored_at_once(faulty: S3Faults, jobs: Jobs) -> None:
    """A run that completes is green; its record says why of each view."""
    faulty.add(*refused("parquet"))
    done = jobs.run("--checkpoints", "always")
    assert done.code == 0, done.err
    told = jobs.reuse()
    assert [told[name]["stored"] for name in VIEWS] == [False] * 4
    assert all("ccess" in told[name]["notStored"] for name in VIEWS), told
    assert jobs.stored() == []


def test_what_cannot_be_read_when_resuming(faulty: S3Faults, jobs: Jobs) -> None:
    """Views whose checkpoints are refused or gone are made again, the others are taken from theirs."""
    jobs.fail("--checkpoints", "always")
    keys = {name: note["key"] for name, note in jobs.reuse().items() if note.get("stored")}
    assert set(VIEWS) <= set(keys)
    faulty.add(
        Fault("missing", key=f"{keys['read']}/.*/rows\\.parquet"),
        Fault("access-denied", key=f"{keys['typed']}/checkpoint"),
        Fault("access-denied", key=f"{keys['many']}/.*/files/"),
    )
    assert jobs.resume() == dict.fromkeys(VIEWS, AGAIN) | {"kept": "from its checkpoint"}
    assert faulty.struck("missing")
    assert faulty.struck("access-denied")


def test_checkpoints_that_nobody_may_list(faulty: S3Faults, jobs: Jobs) -> None:
    """Are as good as none."""
    jobs.fail()
    assert jobs.stored()
    faulty.add(Fault("access-denied", method="GET", key="list-type=2.*checkpoints"))
    assert jobs.resume() == dict.fromkeys(VIEWS, AGAIN)
    assert faulty.struck("access-denied")


def test_a_cache_that_may_only_be_read(faulty: S3Faults, jobs: Jobs) -> None:
    """Is used; that its checkpoints were cannot be noted."""
    assert jobs.run("--cache").code == 0
    faulty.add(*refused(""))
    done = jobs.run("--cache")
    assert done.code == 0, done.err
    assert {name: note.get("how") for name, note in jobs.reuse().items() if name in VIEWS} == dict.fromkeys(
        VIEWS, "from the cache"
    )
