"""Folders of notebooks, and the command that runs them."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.runs.running import BIN, Ran, environment

MakeJob = Callable[..., Path]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def make_job(tmp_path: Path) -> MakeJob:
    """Write a notebook of code cells into the folder `etl`; it runs in the environment `test`."""

    def make(name: str, *sources: str) -> Path:
        cells: list[dict[str, Any]] = [
            {"cell_type": "code", "source": each, "metadata": {}, "outputs": [], "execution_count": None}
            for each in ("%environment test", *sources)
        ]
        metadata = {"kernelspec": {"name": "arc", "display_name": "Arc", "language": "arc"}}
        path = tmp_path / "etl" / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}))
        return path

    return make


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Begin `arcbook run etl` in the test's folder."""

    def begin(*arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [str(BIN / "python"), "-m", "arcbook", "run", "etl", *arguments],
            cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    return begin


@pytest.fixture
def run(start: Start) -> Callable[..., Ran]:
    """`arcbook run etl` from beginning to end."""

    def to_the_end(*arguments: str) -> Ran:
        process = start(*arguments)
        out, err = process.communicate(timeout=240)
        return Ran(process.returncode, out, err)

    return to_the_end
