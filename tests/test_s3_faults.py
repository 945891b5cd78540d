"""The proxy that makes S3 fail: what it breaks, and that it passes the rest on."""

from typing import Any

import boto3
import botocore.exceptions
import pytest
from botocore.config import Config

from tests.s3_faults import Fault, S3Faults


def _client(proxy: S3Faults) -> Any:
    once = Config(retries={"total_max_attempts": 1}, read_timeout=2)
    return boto3.client("s3", endpoint_url=proxy.address, config=once)


def test_nothing_armed(moto_server: str, s3_bucket: str) -> None:
    """What goes through is what came, also empty and large objects, heads and lists."""
    with S3Faults(moto_server) as proxy:
        client = _client(proxy)
        for key, content in {"empty": b"", "large": b"0123456789" * 300_000}.items():
            client.put_object(Bucket=s3_bucket, Key=key, Body=content)
            assert client.get_object(Bucket=s3_bucket, Key=key)["Body"].read() == content
            assert client.head_object(Bucket=s3_bucket, Key=key)["ContentLength"] == len(content)
        assert len(client.list_objects_v2(Bucket=s3_bucket)["Contents"]) == 2
        assert proxy.struck() == 0


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("access-denied", "AccessDenied"), ("expired-token", "ExpiredToken"), ("slow-down", "SlowDown"),
        ("internal-error", "InternalError"),
    ],
)  # fmt: skip
def test_refusals(kind: str, code: str, moto_server: str, s3_bucket: str) -> None:
    """The client reads the service's own code, from the second request on and for two of them."""
    with S3Faults(moto_server) as proxy:
        proxy.add(Fault(kind, method="PUT", key="/kept/", after=1, times=2))
        client = _client(proxy)
        codes = []
        for number in range(4):
            try:
                client.put_object(Bucket=s3_bucket, Key=f"kept/{number}", Body=b"x")
                codes.append("")
            except botocore.exceptions.ClientError as error:
                codes.append(error.response["Error"]["Code"])
        client.put_object(Bucket=s3_bucket, Key="other", Body=b"x")
    assert codes == ["", code, code, ""]
    assert proxy.struck(kind) == 2


def test_each_address(moto_server: str, s3_bucket: str) -> None:
    """Every request meets the trouble once; the same one again is answered."""
    with S3Faults(moto_server) as proxy:
        proxy.add(Fault("slow-down", times=1, each_address=True))
        client = _client(proxy)
        for key in ("one", "two"):
            with pytest.raises(botocore.exceptions.ClientError, match="SlowDown"):
                client.put_object(Bucket=s3_bucket, Key=key, Body=b"x")
            client.put_object(Bucket=s3_bucket, Key=key, Body=b"x")
    assert proxy.struck("slow-down") == 2


def test_broken_connections(moto_server: str, s3_bucket: str) -> None:
    """A cut answer, no answer, and one that takes too long; only a request that is dropped has no effect."""
    with S3Faults(moto_server) as proxy:
        client = _client(proxy)
        client.put_object(Bucket=s3_bucket, Key="x", Body=b"0123456789")
        for kind in ("cut", "lost", "drop", "hang"):
            proxy.add(Fault(kind, method="GET", times=1))
            with pytest.raises((botocore.exceptions.BotoCoreError, botocore.exceptions.HTTPClientError)):
                client.get_object(Bucket=s3_bucket, Key="x")["Body"].read()
        proxy.clear()
        for kind, left in {"cut": b"by cut", "lost": b"by lost", "drop": b"by lost"}.items():
            proxy.add(Fault(kind, method="PUT", times=1))
            with pytest.raises(botocore.exceptions.HTTPClientError):
                client.put_object(Bucket=s3_bucket, Key="x", Body=f"by {kind}".encode())
            assert client.get_object(Bucket=s3_bucket, Key="x")["Body"].read() == left
        proxy.add(Fault("slow", method="GET", seconds=0.1))
        assert client.get_object(Bucket=s3_bucket, Key="x")["Body"].read() == b"by lost"
