"""Reading a file that another process is still writing to."""

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
