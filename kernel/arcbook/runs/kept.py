"""What happens when the place of records fails at the end of a run: the record is kept on this machine, and said so.

The work is done and is not lost, but a run whose record nobody finds is no success: one that was ends as a failure of
the class of the trouble. Who runs it again by that class does no harm, since writes can be repeated.
"""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arcbook.core.addresses import is_s3
from arcbook.core.failures import ArcbookError
from arcbook.core.masking import Masker
from arcbook.core.translate import translate
from arcbook.runs import layout
from arcbook.runs.journal import Journal, read_events
from arcbook.runs.record import Record
from arcbook.runs.recording import failure_note
from arcbook.runs.render import render
from arcbook.runs.sources import to_bytes
from arcbook.runs.store import LocalFolder, LocalStore


@dataclass(frozen=True, slots=True)
class Kept:
    """A record that had to be kept elsewhere; `address` is empty where even that failed."""

    record: Record
    notebook: dict[str, Any]
    address: str
    error: ArcbookError


def keep_here(record: Record, journal: Path, place: str, cause: Exception, masker: Masker) -> Kept:
    """Keep a finished run's record under ./runs, or in a temporary folder; `cause` is why `place` did not take it."""
    ours = translate(cause)
    green = "" if record.failure else "All cells ran, but without its record the run counts as failed. "
    reason = masker.mask(ours.message).rstrip(".")
    error = type(ours)(f"{green}The record could not be completed at {place}: {reason}.", detail=ours.detail)
    changes: dict[str, Any] = {"notes": (*record.notes, error.message)}
    if record.failure is None:
        failure = failure_note(error, None)
        changes |= {"status": "failed", "failure": failure}
        with suppress(OSError), Journal(journal, masker) as again:
            again.write("run-end", status="failed", failure=failure.model_dump(mode="json"))
    record = record.model_copy(update=changes)
    text = journal.read_bytes()
    notebook = render(read_events(text.decode("utf-8", "replace")))
    for folder in places_here(record.job, record.run_id, place):
        try:
            folder.put(layout.JOURNAL, text)
            folder.finish(record, to_bytes(notebook))
        except (ArcbookError, OSError):
            continue
        if is_s3(place):  # else the journal lies in that place, where it may be recovered once there is room
            _take_away(journal)
        error.message += f" It is kept at {folder.address}: copy that to its place, for example with `aws s3 cp`."
        return Kept(record, notebook, folder.address, error)
    with suppress(OSError):
        (journal.parent / layout.NOTEBOOK).write_bytes(to_bytes(notebook))
    error.message += f" Journal and notebook are at {journal.parent}."
    return Kept(record, notebook, "", error)


def places_here(job: str, run_id: str, place: str) -> Iterator[LocalFolder]:
    """Where to try to keep a record when `place` failed, in this order."""
    here = LocalStore(layout.DEFAULT_ROOT).folder(job, run_id)
    if here.address != place:
        yield here
    with suppress(OSError):
        yield LocalFolder(Path(tempfile.mkdtemp(prefix="arcbook-record-")))


def _take_away(journal: Path) -> None:
    with suppress(OSError):
        journal.unlink()
        journal.parent.rmdir()
