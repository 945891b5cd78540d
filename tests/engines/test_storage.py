"""S3 on both engines, from the environment that boto3 reads, against a stand-in."""

import urllib.request
from collections.abc import Callable, Iterator

import pytest

from arcbook.core.failures import AccessError
from arcbook.core.translate import translating
from arcbook.engines import storage
from arcbook.engines.base import Engine
from arcbook.engines.open import open_engine

NewEngine = Callable[[str], Engine]


def _allow_unsigned(server: str, count: str) -> None:
    """After `count` requests the stand-in checks keys, which then are all unknown."""
    request = urllib.request.Request(
        f"{server}/moto-api/reset-auth", data=count.encode(), method="POST", headers={"Content-Type": "text/plain"}
    )
    urllib.request.urlopen(request).close()


@pytest.fixture(params=["embedded", pytest.param("local", marks=pytest.mark.local)])
def engine_with_s3(request: pytest.FixtureRequest, moto_server: str) -> Iterator[Engine]:
    """An engine opened while the environment points to the stand-in."""
    engine = open_engine(request.param)
    engine.need("s3")
    yield engine
    engine.close()


@pytest.mark.timeout(900)
def test_round_trip_and_refusal(engine_with_s3: Engine, s3_bucket: str, moto_server: str) -> None:
    """Both schemes are read and written; a refused key is an access failure, soon, on reading and writing."""
    spark = engine_with_s3.spark()
    spark.range(4).write.parquet(f"s3://{s3_bucket}/a")
    assert spark.read.parquet(f"s3a://{s3_bucket}/a").count() == 4
    spark.range(5).write.format("delta").save(f"s3a://{s3_bucket}/d")
    assert spark.read.format("delta").load(f"s3://{s3_bucket}/d").count() == 5
    _allow_unsigned(moto_server, "0")
    try:
        with pytest.raises(AccessError, match="Access was refused"), translating():
            spark.read.parquet(f"s3://{s3_bucket}/a").collect()
        with pytest.raises(AccessError, match="Access was refused"), translating():
            spark.range(1).write.parquet(f"s3://{s3_bucket}/b")
    finally:
        _allow_unsigned(moto_server, "inf")


def test_variables_win_in_boto3s_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint of S3 wins over the general one; plain HTTP has to be allowed on Sail."""
    for name, value in {
        "AWS_ENDPOINT_URL": "https://all.example",
        "AWS_ENDPOINT_URL_S3": "http://s3.example:9000",
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_SESSION_TOKEN": "t",
        "AWS_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    sail, spark = storage.sail_environment(), storage.spark_settings()
    assert sail["AWS_ENDPOINT"] == spark["fs.s3a.endpoint"] == "http://s3.example:9000"
    assert sail["AWS_ALLOW_HTTP"] == "true"
    assert sail["AWS_SESSION_TOKEN"] == spark["fs.s3a.session.token"] == "t"
    assert spark["fs.s3a.aws.credentials.provider"].endswith("TemporaryAWSCredentialsProvider")
    assert spark["fs.s3a.impl.disable.cache"] == "true"
    assert spark["fs.s3a.endpoint.region"] == sail["AWS_REGION"] == "eu-west-1"


def test_profile(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Without keys in the environment those of boto3's profile are used."""
    file = tmp_path_factory.mktemp("aws") / "credentials"
    file.write_text("[work]\naws_access_key_id = from-file\naws_secret_access_key = hidden\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert storage.sail_environment()["AWS_ACCESS_KEY_ID"] == "from-file"
    assert "hidden" not in repr(storage.read_storage())


def test_removed_credentials_are_gone() -> None:
    """What was taken out of our environment does not linger in the child's."""
    assert storage.without_storage({"AWS_ACCESS_KEY_ID": "old", "HOME": "/"}) == {"HOME": "/"}
