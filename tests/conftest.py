"""Engines, an executor and a stand-in for AWS, shared by all tests."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator

import pytest

from arcbook.core.settings import RunSettings
from arcbook.engines.base import Engine
from arcbook.engines.open import open_engine
from arcbook.runners.executor import Executor

# The warm server of the engine `local` outlives the tests only briefly; processes the tests start share it.
os.environ.setdefault("ARCBOOK_LOCAL_IDLE_SECONDS", "60")


@pytest.fixture(scope="session")
def embedded_engine() -> Iterator[Engine]:
    """One embedded engine for all tests; do not interrupt or kill it (open one of your own for that)."""
    engine = open_engine("embedded")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def local_engine() -> Iterator[Engine]:
    """One local engine for all tests. Mark the test `local`."""
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("no Java on this machine")
    engine = open_engine("local")
    yield engine
    engine.close()


@pytest.fixture(params=["embedded", pytest.param("local", marks=pytest.mark.local)])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn."""
    found = request.getfixturevalue(f"{request.param}_engine")
    assert isinstance(found, Engine)
    return found


@pytest.fixture
def executor(engine: Engine) -> Iterator[Executor]:
    """An executor on each engine in turn, without an environment; the views it made are dropped afterwards."""
    made = Executor(engine, RunSettings())
    yield made
    spark = engine.spark()
    for view in made.session({}).views:
        spark.catalog.dropTempView(view.name)


@pytest.fixture(scope="session")
def moto_server() -> Iterator[str]:
    """The address of a stand-in for AWS, which the environment points to for the rest of the session."""
    import logging

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ENDPOINT_URL", address)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield address
    server.stop()


@pytest.fixture
def s3_bucket(moto_server: str) -> Iterator[str]:
    """The name of an empty bucket on the stand-in."""
    import boto3

    name = f"arcbook-{uuid.uuid4().hex[:12]}"
    client = boto3.client("s3", endpoint_url=moto_server)
    client.create_bucket(Bucket=name)
    yield name
    listed = client.list_objects_v2(Bucket=name).get("Contents", [])
    for item in listed:
        client.delete_object(Bucket=name, Key=item["Key"])
    client.delete_bucket(Bucket=name)


@pytest.fixture
def new_engine() -> Iterator[Callable[[str], Engine]]:
    """A maker of engines that only this test uses; they are closed afterwards."""
    made: list[Engine] = []

    def make(name: str = "embedded") -> Engine:
        made.append(open_engine(name))
        return made[-1]

    yield make
    for engine in made:
        engine.close()
