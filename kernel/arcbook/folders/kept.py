"""The records of folders' runs: where they are, and completing those whose process is gone."""

import json
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import datetime

from pydantic import ValidationError

from arcbook.core.failures import ArcbookError, InputError, TransientError
from arcbook.core.masking import mask_url
from arcbook.folders.record import FORMAT, FolderRecord, JobNote
from arcbook.runs import layout
from arcbook.runs.record import Record
from arcbook.runs.recording import failure_note
from arcbook.runs.recover import is_alive, recover
from arcbook.runs.store import Folder, Store, open_store

_LOST = "The process that ran this folder ended without a word (killed, or its machine was lost)"


def folder_runs(store: Store) -> Store:
    """The folders' runs beside the records of `store`: as a store whose jobs are the folders' names."""
    return open_store(f"{store.root}/{layout.FOLDERS}")


def read_folder_record(place: Folder) -> FolderRecord:
    """The record of a folder's run.

    Raises:
        InputError: there is none, it cannot be read, or it is of a later format.
    """
    address = f"{place.address}/{layout.FOLDER_RECORD}"
    try:
        value = json.loads(place.get(layout.FOLDER_RECORD))
        version = value.get("format") if isinstance(value, dict) else None
        if not isinstance(version, int) or version > FORMAT:
            raise InputError(f"{address} has format {version!r}; this arcbook reads formats up to {FORMAT}.")
        return FolderRecord.model_validate(value)
    except ValidationError as error:
        message = f"{address} is not the record of a folder's run: {error.errors()[0]['msg']}"
        raise InputError(message, detail=str(error)) from error
    except ValueError as error:
        raise InputError(f"{address} is not JSON: {error}") from error


def runs_begun(store: Store, part_of: str, sources: Collection[str]) -> dict[str, Folder]:
    """The records that jobs of a folder's run began, by the address of the job; those of `sources` are looked for."""
    found: dict[str, Folder] = {}
    wanted = {mask_url(source): source for source in sources}
    names = {layout.job_name(source) for source in sources}
    # The oldest first: they began soon after the folder's run did.
    for name, run_id in sorted(store.runs(), key=lambda run: run[1]):
        if len(found) == len(wanted):
            break
        if name in names and run_id >= part_of:
            place = store.folder(name, run_id)
            with suppress(InputError):  # a damaged record is nobody's
                record = place.record()
                if record.part_of == part_of and record.source in wanted:
                    found[wanted[record.source]] = place
    return found


def recover_folder(place: Folder, store: Store, *, force: bool = False) -> FolderRecord:
    """Complete the record of a folder's run that was cut off, and those of its jobs, which lie in `store`.

    It is returned as it is when it is complete, or when its process, or that of one of its jobs, still runs here
    (`force` recovers nevertheless).

    Raises:
        InputError: a record cannot be read.
    """
    record = read_folder_record(place)
    if record.status != "running" or (is_alive(record) and not force):
        return record
    cut_off = [job.source for job in record.jobs if job.status == "running"]
    begun = runs_begun(store, record.run_id, cut_off)
    if not force and any(_goes_on(each) for each in begun.values()):
        return record
    jobs = tuple(_ended(job, begun.get(job.source), force=force) for job in record.jobs)
    ended = max((record.started, *_ends(store, jobs)))
    whole = all(job.status == "completed" for job in jobs)
    recovered = record.model_copy(
        update={
            "jobs": jobs,
            "status": "completed" if whole else "lost",
            "failure": None if whole else failure_note(TransientError(f"{_LOST}."), None),
            "ended": ended,
            "seconds": round((ended - record.started).total_seconds(), 3),
        }
    )
    place.put(layout.FOLDER_RECORD, recovered.to_json().encode())
    return recovered


def _goes_on(place: Folder) -> bool:
    record = place.record()
    return record.status == "running" and is_alive(record)


def _ended(job: JobNote, begun: Folder | None, *, force: bool) -> JobNote:
    """What became of a job when nobody was there any more to note it."""
    if job.status == "waiting":
        return job.model_copy(update={"status": "skipped", "reason": "skipped: the folder's run was lost before"})
    if job.status != "running":
        return job
    if begun is None:
        failure = failure_note(TransientError(f"{_LOST}, before this job had a record."), None)
        return job.model_copy(update={"status": "failed", "failure": failure})
    record = recover(begun, force=force)
    facts = {"failure": record.failure, "run_id": record.run_id, "record": begun.address, "seconds": record.seconds}
    return job.model_copy(update={"status": _status(record), **facts})


def _status(record: Record) -> str:
    return record.status if record.status in ("completed", "cancelled") else "failed"


def _ends(store: Store, jobs: tuple[JobNote, ...]) -> Iterator[datetime]:
    for job in jobs:
        with suppress(ArcbookError):  # somebody has taken the record away
            ended = store.folder(layout.job_name(job.source), job.run_id).record().ended if job.run_id else None
            if ended:
                yield ended
