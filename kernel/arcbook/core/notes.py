"""What a kernel and its engine tell the run that started them, besides what cells show: a file of JSON lines.

The run names the file in the kernel's environment and reads it whenever it likes; so what was told is known even when
the kernel is killed in the next moment. Without the variable nothing is told, and nothing is written.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from arcbook.core.growing import whole_lines

#: The path of the file of notes; what engines log goes into files beside it.
VARIABLE = "ARCBOOK_RUN_NOTES"
_NAME = "notes.jsonl"
_ENGINE_LOG = "engine.log"


def tell(note: str, **values: Any) -> None:
    """Add a note for the run that started this process; trouble with the file is no trouble of the job."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    line = json.dumps({"note": note, "by": os.getpid(), **values}, ensure_ascii=False, default=str)
    with suppress(OSError), Path(path).open("ab", buffering=0) as file:
        file.write(line.encode("utf-8", "backslashreplace") + b"\n")


def engine_log() -> Path | None:
    """Where an engine below this process should log, so that its last words outlive it; None outside of a run."""
    folder = run_folder()
    return folder / _ENGINE_LOG if folder else None


def run_folder() -> Path | None:
    """The folder of the run that started this process, which goes with the run; None outside of one."""
    path = os.environ.get(VARIABLE)
    return Path(path).parent if path else None


class Notes:
    """The reading side: a file of notes in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME
        self._read = 0
        self.engine_log = folder / _ENGINE_LOG

    def variables(self) -> dict[str, str]:
        """The environment of a kernel that is to write here."""
        return {VARIABLE: str(self._path)}

    def new(self, by: int | None) -> Iterator[dict[str, Any]]:
        """The notes that process `by` wrote since the last call; those of its children are passed over."""
        try:
            whole = whole_lines(self._path, self._read)
        except OSError:
            return
        self._read += len(whole)
        for line in whole.splitlines():
            with suppress(ValueError):
                note = json.loads(line)
                if isinstance(note, dict) and note.get("by") == by:
                    yield note
