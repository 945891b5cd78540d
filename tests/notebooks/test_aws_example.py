"""An Arc notebook as the AWS guidance's example has them, run on both engines over S3 (moto) after one repair."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path
from typing import Any

import boto3
import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "cells" / "data"
BIN = Path(sys.executable).parent
BUCKET = "arcbook-datalake"


@pytest.fixture
def datalake(tmp_path: Path, moto_server: str) -> Iterator[Any]:
    """The bucket that the notebook names, with contacts, schema and SQL where it expects them."""
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    run_path(str(ROOT / "notebooks" / "contacts-scd2" / "generate.py"))["generate"](tmp_path)
    for name in ("initial", "update"):
        client.upload_file(
            str(tmp_path / "input" / f"contacts_{name}.csv"), BUCKET, f"app_code/data/{name}_contacts.csv"
        )
    for path in (DATA / "aws_example").iterdir():
        client.upload_file(str(path), BUCKET, f"app_code/{'meta' if path.suffix == '.json' else 'sql'}/{path.name}")
    yield client
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for each in page.get("Contents", ()):
            client.delete_object(Bucket=BUCKET, Key=each["Key"])
    client.delete_bucket(Bucket=BUCKET)


@pytest.mark.parametrize("engine", ["embedded", pytest.param("local", marks=pytest.mark.local)])
def test_the_example_runs_after_its_misspelt_gate_is_repaired(engine: str, datalake: Any, tmp_path: Path) -> None:
    """Refused as it is; `arcbook lint --fix` changes one word; then 1,192 versions, 92 of them expired."""
    notebook = tmp_path / "aws_example.ipynb"
    shutil.copy(DATA / "aws_example.ipynb", notebook)
    arguments = ["run", str(notebook), "--environment", "test", "--engine", engine, "--record", str(tmp_path / "runs")]

    refused = arcbook(*arguments)
    assert refused.returncode == 64
    assert "sqlvaildate" in refused.stderr
    assert arcbook("lint", "--fix", str(notebook)).returncode == 0

    done = arcbook(*arguments)

    assert done.returncode == 0, done.stderr
    executed = next((tmp_path / "runs").glob("*/*/notebook.ipynb"), None)
    notebooks = [path.read_text(encoding="utf-8") for path in (tmp_path / "runs").glob("*/*/notebook.ipynb")]
    assert executed is not None
    assert any("1192" in text and " 92" in text for text in notebooks)


def arcbook(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command."""
    return subprocess.run(
        [str(BIN / "arcbook"), *arguments], env=os.environ, capture_output=True, text=True, check=False
    )
