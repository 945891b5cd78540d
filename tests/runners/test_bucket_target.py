"""A prefix on S3 as the place of a write: what it tells when answers are cut off before their text."""

import pytest

from arcbook.runners.targets.bucket import Bucket
from tests.s3_faults import Fault, S3Faults


def test_refusals_without_a_text(moto_server: str, s3_bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "There is none" and "it is there already" are told by the status, too; what is there is asked for again."""
    with S3Faults(moto_server) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.address)
        target = Bucket(f"s3://{s3_bucket}/rows")
        assert target.create("note", b"first", "stage")
        proxy.add(Fault("cut"))
        assert target.read("none") is None
        assert not target.create("note", b"second", "stage")
        proxy.clear()
        proxy.add(Fault("cut", times=1))
        assert target.read("note") == b"first"
