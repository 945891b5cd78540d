"""How far a run is: a bar on a terminal, one line per cell in a log."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from arcbook.core.masking import mask_url, masker
from arcbook.runs.prepare import code_numbers
from arcbook.runs.request import OnCell

_WIDTH = 24
_NAME = re.compile(r"""\bname"?\s*[=:]\s*(?:"([^"]+)"|([^\s",]+))""")


@contextmanager
def progress(notebook: dict[str, Any], *, wanted: bool = True, stream: IO[str] | None = None) -> Iterator[OnCell]:
    """A callback that reports cells on `stream` (stderr) until the context ends."""
    shown = stream or sys.stderr
    reporter = _Reporter(notebook, shown, bar=shown.isatty()) if wanted else None
    try:
        yield reporter.on_cell if reporter else _silent
    finally:
        if reporter:
            reporter.close()


def title(source: str) -> str:
    """What to call a cell in one short line: its stage's name, else its first line; secrets hidden."""
    found = _NAME.search(source)
    lines = [line.strip() for line in source.splitlines() if line.strip(" {[")]
    first = lines[0] if lines else ""
    magic = first.split()[0] if first.startswith("%") else ""
    text = " ".join(filter(None, (magic, found[1] or found[2]))) if found else first
    text = mask_url(masker().mask(text))
    return text if len(text) <= 60 else f"{text[:59]}…"


class _Reporter:
    def __init__(self, notebook: dict[str, Any], stream: IO[str], *, bar: bool) -> None:
        # By the author's number: a cell with given parameters may still be put in, and would shift every position.
        numbers = code_numbers(notebook)
        cells = notebook["cells"]
        self._titles = {number: title("".join(cells[index]["source"])) for index, number in numbers.items()}
        self._total = len(self._titles)
        self._stream = stream
        self._bar = bar
        self._done = 0
        self._begun = time.monotonic()

    def on_cell(self, index: int, number: int | None, status: str) -> None:
        """Report that a cell begins or has ended."""
        name = self._titles.get(number, "") if number is not None else "given parameters"
        if status == "begins":
            self._begun = time.monotonic()
            if self._bar:
                self._draw(name)
            return
        if number is not None:
            self._done += 1
        if self._bar:
            self._draw(name)
            return
        seconds = time.monotonic() - self._begun
        mark = "" if status == "completed" else f" {status}"
        self._write(f"[{self._done}/{self._total}] {name}: {seconds:.1f} s{mark}\n")

    def close(self) -> None:
        """End the bar's line."""
        if self._bar and self._done:
            self._write("\n")

    def _draw(self, name: str) -> None:
        filled = _WIDTH * self._done // max(1, self._total)
        bar = "█" * filled + "·" * (_WIDTH - filled)
        self._write(f"\r\x1b[K{bar} {self._done}/{self._total} {name}")

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except UnicodeEncodeError:  # a log that is not UTF-8
            self._stream.write(text.encode("ascii", "replace").decode())
        except OSError:  # nobody reads, or the log's disk is full: the run does not depend on it
            return


def _silent(index: int, number: int | None, status: str) -> None:
    """Nobody wants to know."""
