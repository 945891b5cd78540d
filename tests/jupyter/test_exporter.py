"""Exporting notebooks as job files, through nbconvert and through a Jupyter server."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert.exporters import get_exporter
from nbconvert.utils.exceptions import ConversionException

from arcbook.cells.export import job_file, parts_of
from arcbook.cells.lint import fix_text
from arcbook.cells.notebook import document_job, notebook_job, read_job

ROOT = Path(__file__).parents[2]
AWS = ROOT / "tests" / "cells" / "data" / "aws_example.ipynb"
NOTEBOOKS = sorted(ROOT.glob("notebooks/*/*.ipynb"))
TOKEN = "exporter-test"


def exporter(**options: Any) -> Any:
    """The exporter that nbconvert finds by its name."""
    found = get_exporter("arcexport")  # type: ignore[no-untyped-call]
    return found(**options)


def notebook(*sources: str) -> Any:
    """A notebook as nbconvert passes it on."""
    code: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [{**code, "id": f"c{number}", "source": source} for number, source in enumerate(sources)]
    metadata = {"kernelspec": {"name": "arc", "display_name": "Arc"}}
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return nbformat.from_dict(whole)  # type: ignore[no-untyped-call]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A notebook as Arc's users have them, its misspelt magic repaired."""
    path = tmp_path / "old.ipynb"
    path.write_text(fix_text(AWS.read_text(encoding="utf-8"))[0], encoding="utf-8")
    return path


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_exporter_writes_what_convert_writes(path: Path) -> None:
    """One code serves both."""
    text, resources = exporter().from_filename(str(path))
    assert text == job_file(read_job(str(path)))
    assert resources["output_extension"] == ".json"


def test_all_that_arcs_exporter_loses_is_there(old: Path) -> None:
    """Gates, display cells and references to values survive; `environments` stay as they are."""
    text, _ = exporter().from_filename(str(old))
    job = document_job(text, "old.json")
    assert [stage["type"] for stage in parts_of(job).stages].count("SQLValidate") == 1
    assert '"now": ${ETL_CONF_CURRENT_TIMESTAMP}' in text
    assert [cell.magic for cell in job.cells if cell.tree is None] == ["conf", "env", "printschema", "metadata"]
    assert text == job_file(notebook_job(old.read_text(encoding="utf-8"), "old.ipynb")) == job_file(job)


def test_a_notebook_with_problems_is_refused_with_all_of_them() -> None:
    """The message names each place; there is no file."""
    node = notebook("%sqlvaildate\nSELECT 1", "%parms")
    with pytest.raises(ConversionException) as caught:
        exporter().from_notebook_node(node, {"metadata": {"name": "gates"}})
    assert "gates.ipynb, cell 1, line 1, column 1: there is no magic `%sqlvaildate`" in str(caught.value)
    assert "cell 2, line 1, column 1: there is no magic `%parms`" in str(caught.value)


def test_for_original_arc(old: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The option `for_arc` refuses what Arc cannot do, and logs what its launch must bring."""
    with pytest.raises(ConversionException, match=r"cell 13, .*without `outputView`"):
        exporter(for_arc=True).from_filename(str(old))
    text, _ = exporter(for_arc=True).from_notebook_node(notebook("%environment test"))
    assert json.loads(text) == {"stages": []}
    assert "--etl.config.environment=test" in caplog.text


def test_the_command_line_of_nbconvert(old: Path) -> None:
    """`jupyter nbconvert --to arcexport` leaves a job file beside the notebook; Arc's notebooks mean it by `script`."""
    command = [sys.executable, "-m", "nbconvert", "--log-level=ERROR", "--to"]
    subprocess.run([*command, "arcexport", str(old)], check=True, timeout=120)
    made = old.with_suffix(".json").read_text(encoding="utf-8")
    assert parts_of(document_job(made, "x")).stages
    printed = subprocess.run([*command, "script", "--stdout", str(old)], check=True, timeout=120, capture_output=True)
    assert printed.stdout.decode() == made


@pytest.fixture
def server(old: Path, tmp_path: Path) -> Iterator[str]:
    """A Jupyter server over the notebook's folder; yields its address."""
    folders = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind) for kind in ("RUNTIME", "CONFIG")}
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0",
                f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={old.parent}",
                "--ServerApp.jpserver_extensions={}",
            ],
            stdout=log, stderr=subprocess.STDOUT, env=os.environ | folders,
        )  # fmt: skip
    try:
        yield address_of(process, tmp_path)
    finally:
        process.terminate()
        process.wait(20)


def address_of(process: "subprocess.Popen[bytes]", folder: Path) -> str:
    """The address that the server notes, once it listens there: it may note it a moment before."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        for noted in (folder / "RUNTIME").glob("jpserver-*.json"):
            try:
                found = json.loads(noted.read_text())
                socket.create_connection(("127.0.0.1", found["port"]), timeout=5).close()
                return str(found["url"])
            except (ValueError, KeyError, ConnectionRefusedError):
                continue  # being written, or not listening yet
        time.sleep(0.1)
    raise AssertionError(f"the server did not start:\n{(folder / 'server.log').read_text()[-3_000:]}")


def get(address: str) -> tuple[int, str]:
    """Status and text of an answer."""
    request = urllib.request.Request(address, headers={"Authorization": f"token {TOKEN}"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_export_menu(server: str, old: Path) -> None:
    """JupyterLab's menu lists the format, and choosing it downloads the job file or shows the notebook's problems."""
    status, listed = get(f"{server}api/nbconvert")
    assert (status, json.loads(listed)["arcexport"]) == (200, {"output_mimetype": "application/json"})
    status, text = get(f"{server}nbconvert/arcexport/old.ipynb?download=true")
    assert (status, text) == (200, job_file(read_job(str(old))))
    old.write_text(AWS.read_text(encoding="utf-8"), encoding="utf-8")
    status, page = get(f"{server}nbconvert/arcexport/old.ipynb?download=true")
    assert status == 500
    assert "there is no magic `%sqlvaildate`" in page
