"""The last lines of logs, which tell why something failed: the engine's, the kernel's and the run's own."""

import json
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from arcbook.core.addresses import replace_file
from arcbook.core.masking import Masker, mask_url
from arcbook.runs.clock import Clock
from arcbook.runs.scratch import left_behind

#: What is kept of each log, in bytes.
LIMIT = 8000
_LINES = 200
_SPOOLED = "last-words.json"
#: Less than between two looks at a running cell, each of which is to be written.
_SECONDS_BETWEEN_WORDS = 0.5


class Spool:
    """Keeps the last words of a run that goes on in its scratch folder, without secrets.

    They are for whoever completes the record of a run that was killed: the logs themselves may hold secrets, which
    nobody else can tell.
    """

    def __init__(self, folder: Path, run_id: str, read: Callable[[], Mapping[str, str]], masker: Masker) -> None:
        self._path = folder / _SPOOLED
        self._run_id = run_id
        self._read = read
        self._masker = masker
        self._due = 0.0

    def look(self) -> None:
        """Write what the logs say now, unless that was done just now."""
        if time.monotonic() < self._due:
            return
        words = {"run_id": self._run_id, "logs": masked(self._read(), self._masker)}
        with suppress(OSError):  # a full disk ends the run with the next line of its journal
            replace_file(self._path, json.dumps(words).encode(), private=True)
        self._due = time.monotonic() + _SECONDS_BETWEEN_WORDS


def spooled(run_id: str) -> dict[str, str]:
    """The last words of a run that was killed on this machine, as long as no later run has swept them away."""
    for folder in left_behind():
        with suppress(OSError, ValueError):
            words = json.loads((folder / _SPOOLED).read_text(encoding="utf-8"))
            if words["run_id"] == run_id:
                return {str(name): str(text) for name, text in words["logs"].items()}
    return {}


class RunLog(logging.Handler):
    """The last lines of what this process logs while a run goes on, with what the run itself says of its way."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._lines: deque[str] = deque(maxlen=_LINES)

    def say(self, text: str) -> None:
        """Add a line of the run's own."""
        self._lines.append(f"{self._clock.text()} {text}")

    def emit(self, record: logging.LogRecord) -> None:
        """Add what a library logs."""
        try:
            self.say(f"{record.levelname} {record.name}: {record.getMessage()}")
        except Exception:  # noqa: BLE001  # a library's wrong format must not end a run
            self.handleError(record)

    def tail(self) -> str:
        """The lines, the newest last."""
        text = "\n".join(self._lines)
        return text if len(text) <= LIMIT else text[-LIMIT:].partition("\n")[2]

    def __enter__(self) -> Self:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        logging.getLogger().removeHandler(self)


def masked(logs: Mapping[str, str], masker: Masker) -> dict[str, str]:
    """The logs that say anything, without secrets."""
    return {name: mask_url(masker.mask(text)) for name, text in logs.items() if text.strip()}
