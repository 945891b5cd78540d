"""A job's process, as the folder's run sees it."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from arcbook.core.failures import ArcbookError, CancelledError, InternalError
from arcbook.engines.processes import oom_kills
from arcbook.folders.kept import runs_begun
from arcbook.folders.prepare import Member
from arcbook.folders.record import JobNote
from arcbook.runs.kernels import death, end_leftovers
from arcbook.runs.record import FailureNote
from arcbook.runs.recording import failure_note
from arcbook.runs.recover import recover
from arcbook.runs.store import Folder, open_store

Say = Callable[[str], None]


class JobProcess:
    """Runs one job; `run` blocks until it is over, `stop` may be called from another thread at any time."""

    def __init__(self, member: Member, note: JobNote, say: Say) -> None:
        self.member = member
        self._note = note
        self._say = say
        self._process: subprocess.Popen[str] | None = None
        self._stopped: signal.Signals | None = None

    def stop(self, number: signal.Signals) -> None:
        """Hand a signal on: the run ends, with a record; a second one makes it hurry."""
        self._stopped = number
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def run(self) -> JobNote:
        """Start the process, pass on what it says, and tell how it ended."""
        killed_before = oom_kills()
        with subprocess.Popen(
            [sys.executable, "-m", "arcbook.folders.child"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            errors="replace",
            # A terminal's Ctrl-C is for the folder's run, which hands it on.
            start_new_session=True,
        ) as process:  # fmt: skip
            self._process = process
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            with suppress(BrokenPipeError):  # it is gone already, as its exit status will tell
                process.stdin.write(self._message() + "\n")
                process.stdin.flush()
            if self._stopped is not None:
                self.stop(self._stopped)
            # Read beside the progress: an outcome with many problems does not fit into the pipe.
            told: list[str] = []
            reader = threading.Thread(target=lambda stream: told.append(stream.read()), args=(process.stdout,))
            reader.start()
            for line in process.stderr:
                self._say(f"[{self.member.name}] {line.rstrip()}")
            reader.join()
            process.wait()
        try:
            return self._told(json.loads("".join(told)))
        except ValueError:
            return self._ended(_death(process.returncode, killed_before))

    def _message(self) -> str:
        choices = dict(self.member.choices)
        choices["logical_time"] = choices["logical_time"].isoformat()
        return json.dumps({"address": self.member.address, "choices": choices})

    def _told(self, outcome: dict[str, Any]) -> JobNote:
        for note in outcome.get("notes", ()):
            self._say(f"[{self.member.name}] {note}")
        failure = FailureNote.model_validate(outcome["failure"]) if outcome["failure"] else None
        return self._with(
            failure,
            run_id=outcome.get("run_id", ""),
            record=outcome.get("record", ""),
            seconds=outcome.get("seconds"),
        )

    def _ended(self, error: ArcbookError) -> JobNote:
        """The process is gone without a word: complete the record that it began, and end what it left behind."""
        if self._stopped is not None:
            error = CancelledError(f"The run was stopped by {self._stopped.name}.")
        failure = failure_note(error, None)
        try:
            folder = self._begun()
            if folder is None:
                return self._with(failure)
            end_leftovers(folder.record().run_id)
            record = recover(folder)
        except ArcbookError as trouble:  # is that of this job alone
            self._say(f"[{self.member.name}] Its record cannot be completed: {trouble.message}")
            return self._with(failure)
        return self._with(
            record.failure or failure, run_id=record.run_id, record=folder.address, seconds=record.seconds
        )

    def _begun(self) -> Folder | None:
        """The record that the process began for this job, if it came so far."""
        store = open_store(self.member.choices.get("record_root"))
        address = self.member.address
        return runs_begun(store, self.member.choices.get("part_of", ""), [address]).get(address)

    def _with(self, failure: FailureNote | None, **facts: Any) -> JobNote:
        status = "completed"
        if failure is not None:
            status = "cancelled" if failure.failure == "cancelled" else "failed"
        return self._note.model_copy(update={"status": status, "failure": failure, **facts})


def _death(status: int, killed_before: int) -> ArcbookError:
    if status >= 0:
        return InternalError(f"The process of the run ended with exit code {status} and told nothing.")
    error = death(status, killed_before)
    error.message = error.message.replace("The kernel", "The process of the run", 1)
    return error
