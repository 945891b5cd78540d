"""Records of every format that was ever written stay readable: one folder per format, as its version left it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from arcbook.runs import journal, record
from arcbook.runs.layout import manifest
from arcbook.runs.recover import recover
from arcbook.runs.render import render
from arcbook.runs.store import LocalFolder, LocalStore
from tests.runs.running import Ran, read_notebook, texts

FORMATS = Path(__file__).parent / "data" / "formats"
NAMES = sorted(path.name for path in FORMATS.iterdir())


@pytest.fixture(params=NAMES)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> LocalFolder:
    """A copy of the one record of each format."""
    shutil.copytree(FORMATS / request.param, tmp_path / "runs")
    store = LocalStore(str(tmp_path / "runs"))
    (run,) = store.runs()
    return store.folder(*run)


def test_every_format_has_a_record() -> None:
    """A new format comes with a record that shows it."""
    kept = {int(name.partition("-")[0]) for name in NAMES}
    assert kept == set(range(1, record.FORMAT + 1)) == set(range(1, journal.FORMAT + 1))


def test_an_old_record_is_read_whole(old: LocalFolder) -> None:
    """What it says of the run, its cells, stages and failure."""
    read = old.record()
    assert (read.job, read.status, read.environment, read.engine) == ("contacts", "failed", "test", "embedded")
    assert read.failure is not None
    assert (read.failure.failure, read.failure.exit_code, read.failure.cell) == ("quality", 65, 6)
    assert [cell.cell for cell in read.cells] == [1, 2, 3, 4, 5, 6]
    assert [stage.stage for stage in read.stages] == ["DelimitedExtract", "DeltaLakeLoad"]
    assert read.parameters == {"region": "eu", "key": "env://CONTACTS_KEY"}
    files = {name: old.get(name) for name in ("record.json", "journal.jsonl", "notebook.ipynb")}
    assert manifest(files) == old.get("MANIFEST").decode()


def test_an_old_journal_renders_its_notebook(old: LocalFolder) -> None:
    """The same notebook as the version that wrote it made of it."""
    rendered = json.loads(json.dumps(render(journal.read_events(old.journal_text()))))
    assert rendered == json.loads(old.get("notebook.ipynb"))


def test_a_run_of_an_old_version_is_recovered(old: LocalFolder) -> None:
    """An upgrade between the loss of a machine and `runs recover` costs nothing."""
    lines = old.journal_text().splitlines(keepends=True)
    ends = [number for number, line in enumerate(lines) if '"event":"cell-end"' in line]
    old.put("journal.jsonl", "".join(lines[: ends[3]]).encode())  # in the middle of the fourth cell
    begun = old.record().model_copy(update={"status": "running", "cells": (), "stages": (), "failure": None})
    old.put("record.json", begun.to_json().encode())
    (old.path / "notebook.ipynb").unlink()
    recovered = recover(old, force=True)
    assert (recovered.status, [cell.status for cell in recovered.cells]) == ("lost", [*["completed"] * 3, "failed"])
    assert "ended without a word" in texts(read_notebook(old.path / "notebook.ipynb"))


def test_commands_read_old_records(old: LocalFolder, run_command: Callable[..., Ran]) -> None:
    """`list`, `show`, `logs`, `open` and `compare` with themselves."""
    root = ("--record", str(old.path.parent.parent))
    assert "contacts" in run_command("arcbook", "runs", "list", *root).out
    assert "too few" in run_command("arcbook", "runs", "show", "--more", *root).out
    assert "line 2" in run_command("arcbook", "runs", "logs", *root).out
    assert run_command("arcbook", "runs", "open", *root).code == 0
    assert "no difference" in run_command("arcbook", "runs", "compare", "latest", *root).out


def test_a_run_without_a_journal_hides_no_other(old: LocalFolder, run_command: Callable[..., Ran]) -> None:
    """One machine was lost before its first line: it is named, and the rest is recovered."""
    begun = old.record().model_copy(update={"status": "running", "host": "gone"})
    old.put("record.json", begun.to_json().encode())
    empty = LocalStore(str(old.path.parent.parent)).folder("job", "20991123T080000000Z-abcdef")
    empty.put("record.json", begun.model_copy(update={"job": "job"}).to_json().encode())
    done = run_command("arcbook", "runs", "recover", "--record", str(old.path.parent.parent))
    assert done.code == 66
    assert "journal.jsonl does not exist" in done.err
    assert old.record().status == "failed"
    assert (old.path / "notebook.ipynb").exists()
    assert run_command("arcbook", "runs", "recover", str(old.path)).code == 0


def test_a_damaged_record_is_no_success(old: LocalFolder, run_command: Callable[..., Ran]) -> None:
    """Whoever recovers all runs by a script learns that one of them cannot be read."""
    old.put("record.json", b'{"format": 1, "run')
    done = run_command("arcbook", "runs", "recover", "--record", str(old.path.parent.parent))
    assert done.code == 66
    assert "record.json" in done.err
    assert "nothing to recover" not in done.err
