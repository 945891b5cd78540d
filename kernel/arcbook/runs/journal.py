"""The journal: an append-only file of JSON lines that says what a run did, written as it happens.

Events, in the order in which they appear (every line also has `time`, ISO in UTC):

    run        format, run_id, job, notebook (sources and metadata, no outputs)
    kernel     pid, name: the kernel has started
    cell       cell: the cell at that position begins
    output     cell, output (nbformat), display (its id, if any): something was shown
    update     display, data, metadata: what was shown under that id has changed
    clear      cell: what the cell has shown so far is gone
    tail       cell, lost_lines, lost_bytes, outputs: replaces the cell's earlier tail; see arcbook.runs.outputs
    cell-end   cell, status, execution_count, seconds; what else a CellNote of record.json says
    metadata   values merged into the notebook's metadata
    run-end    status, failure: nothing follows

Every line is flushed to the operating system before the run goes on, so it survives the death of the process at once.
It is forced to the disk (`fsync`) at most once a second and at the end: a power cut may cost the last second, and a
cell costs microseconds instead of milliseconds. Secrets are masked before a line is formed.
"""

import errno
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from arcbook.core.failures import InputError
from arcbook.core.masking import Masker
from arcbook.runs.clock import Clock

FORMAT = 1

Event = dict[str, Any]

_SECONDS_BETWEEN_SYNCS = 1.0


class Journal:
    """Writes one run's journal. Not thread-safe: one writer per run."""

    def __init__(self, path: Path, masker: Masker, clock: Clock | None = None) -> None:
        self.path = path
        self._masker = masker
        self._clock = clock or Clock(datetime.now(UTC))
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)
        self._synced = time.monotonic()

    def write(self, event: str, **values: Any) -> None:
        """Append one event."""
        line = {"event": event, "time": self._clock.text(), **self._masker.mask_tree(values)}
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=str)
        # One write call per line: a reader, or a crash, sees whole lines and at most one broken one at the end.
        self._append(text.encode("utf-8", "backslashreplace") + b"\n")
        if time.monotonic() - self._synced >= _SECONDS_BETWEEN_SYNCS:
            self._sync()

    def _append(self, line: bytes) -> None:
        """Write a line whole or, when the disk is full, not at all: what follows must not be joined to its half."""
        start = self._file.tell()
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        except OSError:
            with suppress(OSError):
                self._file.truncate(start)
            raise

    def close(self) -> None:
        """Force what was written to the disk and close. Safe to call twice."""
        if not self._file.closed:
            with suppress(OSError), self._file:  # a disk that fails now costs the journal's last second, not the record
                self._sync()

    def _sync(self) -> None:
        os.fdatasync(self._file.fileno())
        self._synced = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_events(text: str) -> Iterator[Event]:
    """The events of a journal; a broken last line, as a crash leaves it, is passed over.

    Raises:
        InputError: a line before the last is broken, or the journal's format is newer than this arcbook.
    """
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            event = json.loads(line)
        except ValueError as error:
            if any(rest.strip() for rest in lines[number:]):
                raise InputError(f"line {number} of the journal is broken: {error}") from error
            return
        if event.get("event") == "run" and event.get("format", 0) > FORMAT:
            raise InputError(f"the journal has format {event['format']}; this arcbook reads formats up to {FORMAT}.")
        yield event


def events_text(events: Iterable[Event]) -> str:
    """A journal's text from its events."""
    return "".join(f"{json.dumps(event, ensure_ascii=False, separators=(',', ':'), default=str)}\n" for event in events)
