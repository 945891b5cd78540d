"""Waiting for what will be so: by a condition, with a limit that a machine six times slower keeps."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], what: str = "it did not come to this", *, seconds: float = 120.0) -> None:
    """Return as soon as `condition` holds.

    Raises:
        AssertionError: it does not within `seconds`; `what` says what is missing then.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
