"""Runs of several jobs as one, and of job files that include others."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from arcbook.cli import invoke
from arcbook.core.addresses import bucket_and_key
from arcbook.promote.bundle import Bundle
from arcbook.promote.load import lay_out
from arcbook.promote.prepare import prepare
from arcbook.promote.target import Target
from arcbook.runs.launch import read_request, run

FILES = {
    "first.conf": """include "shared/common.conf"
stages: [ { include "shared/stage.conf", name: ${who}, outputView: a } ]""",
    "shared/common.conf": "common { environments: [test] }, who: first",
    "shared/stage.conf": 'type: SQLTransform, environments: ${common.environments}, sql: "SELECT 1 AS x"',
    "gate.ipynb": json.dumps(
        {
            "cells": [
                {"cell_type": "code", "source": "%params\nlimit: integer"},
                {
                    "cell_type": "code",
                    "source": "%sqlvalidate name=${who} environments=test\nSELECT max(x) <= :limit, '' FROM a",
                },
            ],
            "metadata": {"kernelspec": {"name": "arc"}},
        }
    ),
}


@pytest.fixture(autouse=True)
def _jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("ETL_CONF_ENV", "ARCBOOK_ENGINE", "ARCBOOK_RECORD"):
        monkeypatch.delenv(name, raising=False)


def stages(record: Path) -> list[tuple[str, str]]:
    """Type and name of the stages in a record."""
    found = json.loads(record.read_text(encoding="utf-8"))
    assert found["status"] == "completed", found["failure"]
    return [(each["stage"], each["name"]) for each in found["stages"]]


def test_jobs_run_joined(tmp_path: Path) -> None:
    """One run, one record: values of the job file, a parameter of the notebook, a view from one to the other."""
    code = invoke(["run", "first.conf", "gate.ipynb", "--environment", "test", "-p", "limit=1"])
    assert code == 0
    (record,) = tmp_path.glob("runs/*/*/record.json")
    assert record.parts[-3] == "first"
    assert stages(record) == [("SQLTransform", "first"), ("SQLValidate", "first")]


def test_a_fault_of_a_joined_job_is_told_at_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    """The run is refused before anything starts."""
    assert invoke(["run", "gate.ipynb", "first.conf", "--environment", "test", "-p", "limit=1"]) == 64
    shown = capsys.readouterr().err
    assert "gate.ipynb, cell 2, line 1, column 19: ${who} has no value" in shown
    assert "the view `a` is made only further down" in shown


def test_a_joined_job_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """It is missing input, as for a single job."""
    assert invoke(["run", "first.conf", "nor.conf", "--environment", "test"]) == 66
    assert "nor.conf" in capsys.readouterr().err


def test_a_bundle_has_what_its_job_includes(tmp_path: Path) -> None:
    """A promoted job runs without the files that it was promoted with."""
    target = Target(image="registry/arcbook@sha256:" + "0" * 64, environment="test", engine="embedded")
    bundle: Bundle = prepare("first.conf", target).bundle
    assert set(bundle.documents) == {"shared/common.conf", "shared/stage.conf"}
    laid_out = lay_out(bundle, tmp_path / "bundle")
    for name in FILES:
        (tmp_path / name).unlink()
    documents = {address: str(path) for address, path in laid_out.documents.items()}
    outcome = run(read_request(str(laid_out.entry), environment="test", documents=documents))
    assert outcome.error is None, outcome.error
    assert [each.name for each in outcome.record.stages] == ["first"]


@pytest.mark.parametrize("kind", ["web", "s3", "file"])
def test_jobs_from_elsewhere(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A job file on the web, on S3 or at a `file://` address runs, with what it includes from there."""
    if kind == "web":
        base = request.getfixturevalue("web")
    elif kind == "file":
        base = f"file://{tmp_path}"
    else:
        base = f"s3://{request.getfixturevalue('s3_bucket')}/jobs"
        for name, text in FILES.items():
            _put(f"{base}/{name}", text)
    assert invoke(["run", f"{base}/first.conf", "--environment", "test"]) == 0
    (record,) = tmp_path.glob("runs/*/*/record.json")
    assert stages(record) == [("SQLTransform", "first")]


def _put(address: str, text: str) -> None:
    import boto3

    bucket, key = bucket_and_key(address)
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode())


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The address under which a server has the jobs."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            """Nothing is written."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
