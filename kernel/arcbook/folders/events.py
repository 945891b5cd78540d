"""The events of a folder's run, which those of its jobs name as their parent."""

from typing import Any

from arcbook.core.masking import masker
from arcbook.events.namespace import namespace
from arcbook.events.naming import ending_of
from arcbook.events.send import Sender
from arcbook.folders.record import FolderRecord


class FolderEvents:
    """Sends START when made, and how it ended with `end`; `trouble` says what went wrong with that, or is empty."""

    def __init__(self, record: FolderRecord) -> None:
        self._sender = Sender(masker().mask)
        self._sender.send(lambda: _event("START", record))

    @property
    def trouble(self) -> str:
        """The first thing that went wrong with sending."""
        return self._sender.trouble

    def end(self, record: FolderRecord) -> None:
        """Tell how the folder's run ended."""
        self._sender.send(lambda: _event(ending_of(record.status), record))
        self._sender.close()


def _event(state: str, record: FolderRecord) -> Any:
    from arcbook.events.build import JobFacts, RunFacts, run_event

    run = RunFacts(run_id=record.run_id, logical_time=record.logical_time, engine="")
    failures = [f"{job.name}: {job.failure.message}" for job in record.jobs if job.failure]
    moment = record.started if state == "START" else record.ended or record.started
    job = JobFacts(namespace=namespace(), name=record.folder)
    return run_event(state, moment, run, job, (), (), masker().mask, "\n".join(failures))
