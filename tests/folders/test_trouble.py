"""A folder's run when the place of records is slow or fails, or somebody stops it late."""

import json
import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from arcbook.core.failures import AccessError
from arcbook.folders import process as processes
from arcbook.folders.order import Order
from arcbook.folders.prepare import Batch, Member
from arcbook.folders.process import JobProcess
from arcbook.folders.record import FolderRecord, JobNote
from arcbook.folders.run import _Running, run_batch
from arcbook.runs.layout import FOLDER_RECORD
from arcbook.runs.store import LocalFolder

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
EMPTY = Batch(folder="etl", logical_time=NOW, members={}, order=Order(after={}, edges=()))


class SlowFolder(LocalFolder):
    """A place that takes a file only when it is told to. A stand-in for a bucket that does not answer."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked, self.may_go_on = threading.Event(), threading.Event()
        self.kept: list[FolderRecord] = []

    def put(self, name: str, content: bytes) -> None:
        """Wait, then keep the summary."""
        self.asked.set()
        assert self.may_go_on.wait(120)
        self.kept.append(FolderRecord.model_validate_json(content))


def test_messages_do_not_wait_for_the_summary(tmp_path: Path) -> None:
    """What a job says is shown while another one's state is on its way to a slow bucket, where the newest ends up."""
    notes = tuple(JobNote(name=name, source=f"{name}.ipynb") for name in "abc")
    record = FolderRecord(run_id="r", folder="etl", logical_time=NOW, started=NOW, jobs=notes)
    said: list[str] = []
    place = SlowFolder(tmp_path)
    running = _Running(EMPTY, record, place, said.append)
    threads = [
        threading.Thread(target=running._put, args=(note.model_copy(update={"status": "running"}),), daemon=True)
        for note in notes
    ]
    for thread in threads:
        thread.start()
    assert place.asked.wait(60)
    speaker = threading.Thread(target=running._say, args=("at work",), daemon=True)
    speaker.start()
    speaker.join(60)
    waited = speaker.is_alive()
    place.may_go_on.set()
    for thread in threads:
        thread.join(60)
    assert not waited
    assert said[0] == "at work"
    assert [job.status for job in place.kept[-1].jobs] == ["running"] * 3


@pytest.mark.parametrize("moment", ["all", "finish"])
def test_a_signal_that_comes_too_late(moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All jobs have completed: then so has the folder's run, and its summary says so."""
    done: Callable[..., Any] = getattr(_Running, moment)

    def late(running: _Running, *arguments: Any, **facts: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return done(running, *arguments, **facts)

    def not_ours(number: int, frame: object) -> None:
        raise AssertionError("the signal would have ended the process")

    monkeypatch.setattr(_Running, moment, late)
    before = signal.signal(signal.SIGTERM, not_ours)
    try:
        record, address = run_batch(EMPTY, workers=1, record_root=str(tmp_path), say=lambda line: None)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (record.status, record.exit_code) == ("completed", 0)
    assert json.loads(Path(address, FOLDER_RECORD).read_text(encoding="utf-8"))["status"] == "completed"


@pytest.mark.parametrize("broken", ["runs_begun", "recover"])
def test_a_record_that_cannot_be_had(broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a job that was killed: the job has failed, which is no reason to stop the others."""
    member = Member("a", "etl/a.ipynb", {"record_root": str(tmp_path), "part_of": "r", "logical_time": NOW})

    def refuse(*_: Any, **__: Any) -> Any:
        raise AccessError("The bucket refuses.")

    class Begun:
        address = "there"

        def record(self) -> Any:
            return FolderRecord(run_id="r", folder="etl", logical_time=NOW, started=NOW)

    monkeypatch.setattr(processes, "runs_begun", lambda *_: {member.address: Begun()})
    monkeypatch.setattr(processes, broken, refuse)
    said: list[str] = []
    ended = JobProcess(member, JobNote(name="a", source=member.address), said.append)._ended(processes._death(-9, 0))
    assert (ended.status, ended.failure and ended.failure.failure) == ("failed", "transient")
    assert said == ["[a] Its record cannot be completed: The bucket refuses."]
