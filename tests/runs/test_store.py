import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from arcbook.core.failures import DefinitionError, InputError, TransientError
from arcbook.runs import layout, s3
from arcbook.runs.record import Record
from arcbook.runs.s3 import S3Store, SegmentSender
from arcbook.runs.store import LocalStore, Store, open_store
from tests.waiting import wait_until

MOMENT = datetime(2026, 11, 23, 8, tzinfo=UTC)


def record(run_id: str) -> Record:
    return Record(run_id=run_id, job="job", source="job.ipynb", status="running", logical_time=MOMENT, started=MOMENT)


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each kind of store in turn, empty."""
    if request.param == "folder":
        return LocalStore(str(tmp_path / "runs"))
    return S3Store(f"s3://{request.getfixturevalue('s3_bucket')}/some/prefix")


def test_a_run_from_beginning_to_end(store: Store) -> None:
    """Both kinds keep the same files with the same content."""
    folder = store.folder("job", layout.new_run_id(MOMENT))
    folder.put(layout.RECORD, record("r").to_json().encode())
    journal = folder.start_journal()
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.write_text('{"event":"run"}\n', encoding="utf-8")
    folder.end_journal()
    folder.end_journal()
    folder.finish(record("r").model_copy(update={"status": "completed"}), b"{}\n")
    assert folder.journal_text() == '{"event":"run"}\n'
    assert folder.record().status == "completed"
    hashes = layout.read_manifest(folder.get(layout.MANIFEST).decode())
    assert set(hashes) == {layout.RECORD, layout.JOURNAL, layout.NOTEBOOK}
    files = {name: folder.get(name) for name in hashes}
    assert layout.manifest(files) == folder.get(layout.MANIFEST).decode()


def test_runs_are_listed_newest_first_and_found_by_prefix(store: Store) -> None:
    """Ids sort by time; `latest`, a beginning and `job/id` find one."""
    ids = [f"20261123T0{hour}0000000Z-abcde{hour}" for hour in (1, 3, 2)]
    for run_id in ids:
        store.folder("job", run_id).put(layout.RECORD, record(run_id).to_json().encode())
    assert [run_id for _, run_id in store.runs()] == sorted(ids, reverse=True)
    assert store.find("latest").record().run_id == ids[1]
    assert store.find("20261123T02").record().run_id == ids[2]
    assert store.find(f"job/{ids[0]}").record().run_id == ids[0]
    store.folder("my-job-ü", ids[0]).put(layout.RECORD, record(ids[0]).to_json().encode())
    for named in ("my job ü", "my-job-ü", "my job ü.ipynb"):
        assert store.find(f"{named}/latest").address.endswith(f"my-job-ü/{ids[0]}")
    with pytest.raises(InputError, match="several"):
        store.find("20261123")
    with pytest.raises(InputError, match="no run"):
        store.find("other/latest")


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        (["failed", "refused", "refused"], 0),
        (["lost", "refused"], 0),
        (["cancelled", "refused"], 0),
        (["running", "refused"], 0),
        (["failed", "completed", "refused"], 2),  # it hides nothing
        (["failed", "refused", "failed"], 2),
        (["refused", "refused"], 1),
        (["failed", "damaged", "refused"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_refused_attempts_hide_no_failed_run(before: list[str], wanted: int, store: Store) -> None:
    """`latest` passes over them, says so, and never goes to another job or behind what nobody can read."""
    ids = [f"20261123T0{hour}0000000Z-abcdef" for hour in range(1, len(before) + 1)]
    for status, run_id in zip(before, ids, strict=True):
        told = record(run_id).model_copy(
            update={"status": "failed", "refused": True} if status == "refused" else {"status": status}
        )
        store.folder("job", run_id).put(layout.RECORD, b"{" if status == "damaged" else told.to_json().encode())
    other = record("20261123T000000000Z-abcdef").model_copy(update={"status": "failed"})
    store.folder("other", other.run_id).put(layout.RECORD, other.to_json().encode())
    for name in ("latest", "job/latest"):
        said: list[str] = []
        assert store.find(name, said.append).address.endswith(ids[wanted])
        assert [ids[-1] in text and ids[wanted] in text for text in said] == [True] * (wanted != len(ids) - 1)


def test_a_place_of_records_without_a_bucket() -> None:
    """What is wrong is said, not what AWS makes of it."""
    for address in ("s3://", "s3:///runs", "s3a://"):
        with pytest.raises(DefinitionError, match="names no bucket: write s3://BUCKET/PREFIX"):
            open_store(address)


def test_missing_files_are_input_errors(store: Store) -> None:
    """Not a foreign exception."""
    folder = store.folder("job", layout.new_run_id(MOMENT))
    with pytest.raises(InputError):
        folder.get(layout.RECORD)
    with pytest.raises(InputError):
        folder.journal_text()


def test_segments_reach_s3_while_the_run_goes_on(s3_bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost machine leaves numbered segments, which read as one journal; the end joins them."""
    monkeypatch.setattr(s3, "SECONDS_BETWEEN_SEGMENTS", 0.05)
    folder = S3Store(f"s3://{s3_bucket}").folder("job", layout.new_run_id(MOMENT))
    journal = folder.start_journal()
    lines = ""
    for number in range(3):
        lines += json.dumps({"event": "cell", "cell": number}) + "\n"
        journal.write_text(lines + '{"event":"half', encoding="utf-8")
        wait_until(partial(_ends_with, folder, lines))
    assert folder.journal_text() == lines
    journal.write_text(lines, encoding="utf-8")
    folder.end_journal()
    assert folder.get(layout.JOURNAL).decode() == lines
    with pytest.raises(InputError):
        folder.get(layout.segment(1))
    folder.finish(record("r"), b"{}\n")
    assert not journal.parent.exists()


def _ends_with(folder: s3.S3Folder, lines: str) -> bool:
    try:
        return folder.journal_text() == lines
    except InputError:
        return False


def test_a_segment_that_fails_is_sent_again(tmp_path: Path) -> None:
    """Under the same number, with what has come since; nothing is lost, nothing doubled."""
    sent: dict[str, bytes] = {}
    broken = True

    def put(name: str, content: bytes) -> None:
        if broken:
            raise TransientError("no network")
        sent[name] = content

    path = tmp_path / "journal.jsonl"
    sender = SegmentSender(path, put)
    sender.stop()
    path.write_text("1\n", encoding="utf-8")
    sender.send()
    assert sender.trouble is not None
    broken = False
    path.write_text("1\n2\n", encoding="utf-8")
    sender.send()
    path.write_text("1\n2\n3\n", encoding="utf-8")
    sender.send()
    assert sent == {layout.segment(1): b"1\n2\n", layout.segment(2): b"3\n"}
    assert sender.trouble is None


def test_where_records_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked for, else the variable, else `runs` here."""
    monkeypatch.delenv(layout.ROOT_VARIABLE, raising=False)
    assert open_store().root == "runs"
    monkeypatch.setenv(layout.ROOT_VARIABLE, "elsewhere")
    assert open_store().root == "elsewhere"
    assert open_store("here").root == "here"
