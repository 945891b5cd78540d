"""Reading a file that another process is still writing to."""

import os
from pathlib import Path


def whole_lines(path: Path, start: int) -> bytes:
    """What stands in the file behind its byte `start`, up to the end of the last line that is complete.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        file.seek(start)
        text = file.read()
    return text[: text.rfind(b"\n") + 1]


def tail_of(log: Path | int, size: int, start: int = 0) -> str:
    """The last `size` bytes of a log behind its byte `start`, by whole lines where one is cut.

    `log` is its path, where none is an empty one, or the descriptor of an open file, whose position stays.
    """
    if isinstance(log, Path):
        try:
            with log.open("rb") as file:
                return tail_of(file.fileno(), size, start)
        except OSError:
            return ""
    begin = max(start, os.fstat(log).st_size - size)
    text = os.pread(log, size, begin).decode("utf-8", "replace")
    return (text.partition("\n")[2] or text) if begin > start else text
