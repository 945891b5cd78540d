"""What is chosen for a whole run: environment, logical time, policies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """The choices of one run, made once at its start (names as in Arc's `etl.config.*` and `etl.policy.*`).

    `environment` None means no choice: only an interactive kernel may have none, and then runs every cell.
    `logical_time` is the run's one time, with a zone; retries and backfills see the same value. `run_id` is that of the
    run's record, empty when nobody launched one; `run_key` is the same in all attempts at the run, empty when nobody
    said; `first_run_id` is the run that this one resumes, or the first of a row of such; `job_id` is for readers, and
    may be the same in every run.
    `file_access` names what was given of Arc's arguments and variables for reading the job file.
    """

    environment: str | None = None
    ignore_environments: bool = False
    logical_time: datetime = field(default_factory=lambda: datetime.now(UTC))
    immutable_views: bool = False
    inline_sql: bool = True
    inline_schema: bool = True
    drop_unsupported: bool = True
    streaming: bool = False
    run_id: str = ""
    run_key: str = ""
    first_run_id: str = ""
    job_id: str = ""
    job_name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    uri: str = ""
    lint_only: bool = False
    stack_trace: bool = False
    ipynb: bool = True
    storage_level: str = "MEMORY_AND_DISK_SER"
    completion_environments: tuple[str, ...] = ("production", "test")
    file_access: tuple[str, ...] = ()

    def runs(self, environments: tuple[str, ...]) -> bool:
        """Whether a stage listing `environments` runs; without a choice every stage does."""
        return self.ignore_environments or self.environment is None or self.environment in environments
