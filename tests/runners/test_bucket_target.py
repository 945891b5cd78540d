"""A prefix on S3 as the place of a write: what it tells when answers are cut off before their text."""

import pytest

from arcbook.runners.placing import place, settle
from arcbook.runners.targets.base import PENDING
from arcbook.runners.targets.bucket import Bucket
from tests.runners import dying
from tests.runners.test_killed_writes import ours_at, rows_at
from tests.s3_faults import Fault, S3Faults


def test_refusals_without_a_text(moto_server: str, s3_bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "There is none" and "it is there already" are told by the status, too; what is there is asked for again."""
    with S3Faults(moto_server) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.address)
        target = Bucket(f"s3://{s3_bucket}/rows")
        assert target.create("note", b"first", "stage")
        proxy.add(Fault("cut"))
        assert target.read("none") is None
        proxy.clear()
        proxy.add(Fault("cut", method="PUT"))
        assert not target.create("note", b"second", "stage")
        proxy.clear()
        proxy.add(Fault("cut", times=1))
        assert target.read("note") == b"first"


def test_what_was_created_although_nobody_said_so(
    moto_server: str, s3_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is lost, and asked again S3 says that there is one: ours."""
    with S3Faults(moto_server) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.address)
        target = Bucket(f"s3://{s3_bucket}/rows")
        proxy.add(Fault("lost", method="PUT", times=1))
        assert target.create("note", b"first", "stage")
        proxy.add(Fault("lost", method="PUT", times=1))
        assert not target.create("note", b"second", "stage")
        assert proxy.struck("lost") == 2
        assert target.read("note") == b"first"


def test_the_note_of_a_write_that_failed(moto_server: str, s3_bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 takes the note and says nothing more of it: the write fails, and whoever comes next finds the old rows."""
    uri = f"s3://{s3_bucket}/here/out"
    dying.put(f"{uri}/old.txt", b"old")
    with S3Faults(moto_server) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.address)
        proxy.add(Fault("lost", method="PUT", key="pending"))
        with pytest.raises(Exception, match="closed"):
            place(uri, "Append", dying.write_three, key="one")
        assert Bucket(uri).notes(PENDING)
        proxy.clear()
        settle(uri)
        assert rows_at(uri) == {"": ["old"]}
        assert not place(uri, "Append", dying.write_three, key="one").skipped
        assert rows_at(uri) == {"": ["new", "old"], "g=1": ["new"], "g=2": ["new"]}
        assert ours_at(uri) == {"done"}
