"""A run's clock: the wall clock as it was at the beginning, and from then on what has passed.

Somebody may set the machine's clock during a run. Its times then still go forward, and no cell takes minus an hour.
"""

import time
from datetime import UTC, datetime, timedelta

#: Counts on while a laptop sleeps, where the system has such a clock.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock:
    """Tells the time since `start`, which must have a zone."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._begun = time.clock_gettime(_STEADY)

    def now(self) -> datetime:
        """The start and what has passed since."""
        return self._start + timedelta(seconds=time.clock_gettime(_STEADY) - self._begun)

    def text(self) -> str:
        """Now, as the journal and the log write it: ISO 8601 in UTC, to the millisecond."""
        return self.now().astimezone(UTC).isoformat(timespec="milliseconds")
