"""The last lines of logs, which tell why something failed: the engine's, the kernel's and the run's own."""

import logging
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from arcbook.core.masking import Masker, mask_url
from arcbook.runs.clock import Clock

#: What is kept of each log, in bytes.
LIMIT = 8000
_LINES = 200


def tail_of(path: Path, start: int = 0) -> str:
    """The end of a file behind its byte `start`, by whole lines where one is cut; empty when there is none."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, 2)
            begin = max(start, end - LIMIT)
            file.seek(begin)
            text = file.read(LIMIT).decode("utf-8", "replace")
    except OSError:
        return ""
    return (text.partition("\n")[2] or text) if begin > start else text


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
