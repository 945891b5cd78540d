"""What a runner is given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from arcbook.core.settings import RunSettings
from arcbook.engines.views import ViewBook

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def _drop(event: Mapping[str, Any]) -> None:
    """Logging to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An opened engine together with the choices of the run; never a module global.

    `parameters` are the job's values (`arcbook.sql.quote.Typed`), bound to `:name` in SQL. `views` knows how each view
    was made. `log` takes one structured event. `position` says where in the job the stage stands: no two of a job have
    the same.
    """

    spark: "SparkSession"
    engine: str
    capabilities: frozenset[str]
    settings: RunSettings
    parameters: Mapping[str, Any] = field(default_factory=dict)
    views: ViewBook = field(default_factory=ViewBook)
    log: Callable[[Mapping[str, Any]], None] = _drop
    position: str = ""

    def key_of(self, what: str) -> str:
        """What names something that the stage does in all attempts at a run; empty when nobody could repeat it."""
        settings = self.settings
        if not settings.run_id:
            return ""
        first = settings.first_run_id or settings.run_id
        # Attempts at a run share its key; with the time, lest a key that never changes keep tomorrow's rows out.
        run = f"{settings.run_key}@{settings.logical_time.isoformat()}" if settings.run_key else first
        # With the position, since stages may share a name.
        return f"arcbook/{settings.job_name}/{run}/{self.position}/{what}"
