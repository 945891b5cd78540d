"""Running the checked jobs of a folder: each when those before it are completed, as many at once as are wanted."""

import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from graphlib import TopologicalSorter
from threading import Lock
from typing import Any

from arcbook.core.failures import ArcbookError, CancelledError
from arcbook.core.translate import translating
from arcbook.events.switch import configured
from arcbook.folders.events import FolderEvents
from arcbook.folders.kept import folder_runs
from arcbook.folders.prepare import Batch
from arcbook.folders.process import JobProcess, Say
from arcbook.folders.record import FolderRecord, JobNote
from arcbook.runs import layout
from arcbook.runs.kept import places_here
from arcbook.runs.recording import failure_note
from arcbook.runs.request import now
from arcbook.runs.stop import Stop
from arcbook.runs.store import Folder, open_store

#: How soon a signal is answered, in seconds.
_BEAT = 0.2


def default_workers() -> int:
    """As many jobs at once as this process may use cores."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_batch(batch: Batch, *, workers: int, record_root: str | None, say: Say) -> tuple[FolderRecord, str]:
    """Run the jobs; returns what became of them, and the address of the folder with folder.json.

    A job that fails keeps those behind it from running, and no others. SIGINT and SIGTERM stop all of them.

    Raises:
        ArcbookError: no record can be kept; nothing was run.
    """
    started = now()
    run_id = layout.new_run_id(started)
    folder = folder_runs(open_store(record_root)).folder(layout.job_name(batch.folder), run_id)
    record = FolderRecord(
        run_id=run_id,
        folder=batch.folder,
        logical_time=batch.logical_time,
        started=started,
        workers=workers,
        jobs=tuple(
            JobNote(name=name, source=batch.members[name].address, after=batch.order.after[name])
            for name in batch.order.sequence()
        ),
        edges=tuple(edge.to_dict() for edge in batch.order.edges),
        host=socket.gethostname(),
        pid=os.getpid(),
    )
    with Stop() as stop:
        running = _Running(batch, record, folder, say)
        running.keep()
        events = FolderEvents(record) if configured() else None
        running.all(workers, stop)
        ended = now()
        failed = "cancelled" if stop.urgency else "failed"
        status = failed if running.record.exit_code else "completed"
        address = running.finish(status=status, ended=ended, seconds=round((ended - started).total_seconds(), 3))
    if events is not None:
        events.end(running.record)
        if events.trouble:
            say(events.trouble)
    return running.record, address


class _Running:
    """The state of a folder's run: its record, kept after each change, and the processes that run."""

    def __init__(self, batch: Batch, record: FolderRecord, folder: Folder, say: Say) -> None:
        self.record = record
        self._batch = batch
        self._folder = folder
        self._sorter = TopologicalSorter(batch.order.after)
        self._processes: dict[Future[None], JobProcess] = {}
        self._lock = Lock()
        self._keeping = Lock()
        self._write = say
        self._trouble = ""

    def all(self, workers: int, stop: Stop) -> None:
        """Run until nothing runs and nothing may begin."""
        self._sorter.prepare()
        told = 0
        with ThreadPoolExecutor(workers) as pool:
            try:
                self._begin(pool)
                while self._processes:
                    done, _ = wait(self._processes, timeout=_BEAT, return_when=FIRST_COMPLETED)
                    for _ in range(stop.urgency - told):
                        self._stop(stop.reason)
                    told = stop.urgency
                    for future in done:
                        self._end(future)
                    if not stop.urgency:
                        self._begin(pool)
            except BaseException:
                self._stop("SIGTERM")
                raise
        self._leave_out_the_rest(stop)

    def _begin(self, pool: ThreadPoolExecutor) -> None:
        """Begin what may begin; a job behind one that was not completed is skipped, and so on behind it."""
        while ready := self._sorter.get_ready():
            for name in ready:
                note = self._note(name)
                if failed := [each for each in note.after if self._note(each).status != "completed"]:
                    reason = f"skipped: upstream {', '.join(failed)} {self._note(failed[0]).status}"
                    self._put(note.model_copy(update={"status": "skipped", "reason": reason}))
                    self._sorter.done(name)
                    continue
                member = self._batch.members[name]
                part = {"part_of": self.record.run_id, "part_of_name": self.record.folder}
                member = replace(member, choices={**member.choices, **part})
                process = JobProcess(member, note, self._say)
                self._processes[pool.submit(self._run, process, note)] = process

    def _run(self, process: JobProcess, note: JobNote) -> None:
        self._put(note.model_copy(update={"status": "running"}))
        self._put(process.run())

    def _end(self, future: Future[None]) -> None:
        process = self._processes.pop(future)
        if not future.cancelled():
            future.result()  # raises what went wrong, if anything did
            self._sorter.done(process.member.name)

    def _stop(self, reason: str) -> None:
        """Hand the signal to every process; what waits for a free place does not begin."""
        for future, process in self._processes.items():
            if not future.cancel():
                process.stop(signal.Signals[reason] if reason in signal.Signals.__members__ else signal.SIGTERM)

    def _leave_out_the_rest(self, stop: Stop) -> None:
        """What never began because somebody stopped the folder's run."""
        for note in self.record.jobs:
            if note.status == "waiting":
                error = CancelledError(f"The folder's run was stopped by {stop.reason} before this job began.")
                update: dict[str, Any] = {"status": "cancelled", "failure": failure_note(error, None)}
                self._put(note.model_copy(update=update))

    def _note(self, name: str) -> JobNote:
        return next(each for each in self.record.jobs if each.name == name)

    def _put(self, note: JobNote) -> None:
        """Note what became of a job, and say so."""
        with self._lock:
            jobs = tuple(note if each.name == note.name else each for each in self.record.jobs)
            self.record = self.record.model_copy(update={"jobs": jobs})
        self._try_to_keep()
        for line in _lines(note):
            self._say(line)

    def finish(self, **facts: Any) -> str:
        """Complete the record, here when its place does not take it; returns where it is, empty if nowhere."""
        self.record = self.record.model_copy(update=facts)
        try:
            self.keep()
        except ArcbookError as error:
            return self._keep_here(error)
        return self._folder.address

    def _keep_here(self, error: ArcbookError) -> str:
        """As with the record of a job's run: a run whose record nobody finds is no success."""
        self._say(error.message)
        if self.record.status == "completed":
            update = {"status": "failed", "failure": failure_note(error, None)}
            self.record = self.record.model_copy(update=update)
        name = f"{layout.FOLDERS}/{layout.job_name(self.record.folder)}"
        for place in places_here(name, self.record.run_id, self._folder.address):
            with suppress(ArcbookError, OSError):
                place.put(layout.FOLDER_RECORD, self.record.to_json().encode())
                self._say(f"The record is kept at {place.address}: copy that to its place.")
                return place.address
        return ""

    def _try_to_keep(self) -> None:
        """Trouble with the place of this record stops no job, which has one of its own; it is said once."""
        # Not under the lock of messages, which must not wait for a bucket; in turn, so that the newest is written last.
        with self._keeping:
            try:
                self.keep()
            except ArcbookError as error:
                if not self._trouble:
                    self._say(error.message)
                self._trouble = error.message

    def keep(self) -> None:
        """Write folder.json as it is to be now."""
        with translating(f"cannot keep a record at {self._folder.address}"):
            self._folder.put(layout.FOLDER_RECORD, self.record.to_json().encode())

    def _say(self, line: str) -> None:
        with self._lock, suppress(OSError):  # nobody reads any more; the jobs go on
            self._write(line)


def _lines(note: JobNote) -> Iterator[str]:
    """What to say of a job's new state."""
    if note.status == "running":
        yield f"[{note.name}] begins"
    elif note.status == "completed":
        yield f"[{note.name}] completed in {note.seconds or 0.0:.1f} s"
    elif note.status == "skipped":
        yield f"[{note.name}] {note.reason}"
    elif note.failure is not None:
        cell = f" in cell {note.failure.cell}" if note.failure.cell else ""
        yield f"[{note.name}] {note.status}{cell} ({note.failure.failure}): {note.failure.message}"
