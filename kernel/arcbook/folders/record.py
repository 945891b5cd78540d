"""What a run of a folder leaves beside the records of its jobs: the content of folder.json.

It lies in `<root>/_folders/<folder>/<run-id>/folder.json` and is written anew whenever a job begins or ends.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from arcbook.core.failures import FAILURES, Retry
from arcbook.runs.record import FailureNote, Part, Status

FORMAT = 1

State = Literal["waiting", "running", "completed", "failed", "cancelled", "skipped"]

#: The worst first: what no retry can help decides on the whole, and a schedule that retries must not do so in vain.
_RETRIES = tuple(Retry)
_WORST = sorted(FAILURES.values(), key=lambda each: (_RETRIES.index(each.retry), -each.exit_code))


class JobNote(Part):
    """One job of the folder; times in seconds."""

    name: str
    source: str
    status: State = "waiting"
    reason: str = Field("", description="Why the job was skipped.")
    after: tuple[str, ...] = Field((), description="The jobs that had to be completed before it.")
    run_id: str = ""
    record: str = Field("", description="Address of the run's record.")
    failure: FailureNote | None = None
    seconds: float | None = None


class FolderRecord(Part):
    """One run of a folder."""

    format: int = FORMAT
    run_id: str
    folder: str
    status: Status = "running"
    logical_time: datetime
    started: datetime
    ended: datetime | None = None
    seconds: float | None = None
    workers: int = 1
    jobs: tuple[JobNote, ...] = ()
    failure: FailureNote | None = Field(None, description="Of the folder's run itself: lost, or not recorded.")
    edges: tuple[Mapping[str, Any], ...] = ()
    host: str = ""
    pid: int | None = None

    @property
    def exit_code(self) -> int:
        """That of the worst failure class, of its jobs and its own; 0 when all were completed."""
        failures = [self.failure, *(job.failure for job in self.jobs)]
        return worst([each.failure for each in failures if each])

    def to_json(self) -> str:
        """The content of folder.json."""
        return self.model_dump_json(indent=1) + "\n"


def worst(failures: list[str]) -> int:
    """The exit code of the worst of some failure classes; 0 for none."""
    return next((each.exit_code for each in _WORST if each.name in failures), 0)
