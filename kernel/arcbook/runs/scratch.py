"""A run's folder for what must not outlive it: sockets, notes, logs. Of a killed process it goes with a later run."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Short on purpose: the system limits the paths of sockets to a hundred characters.
_PREFIX = "arcbook-run-"
_LOCK = "lock"
#: Between making a folder and locking it nobody may take it for an old one.
_OLD_SECONDS = 60.0


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new temporary folder, until the end of the block; sweeps away those of processes that are gone."""
    _sweep(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        with (folder / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def left_behind() -> Iterator[Path]:
    """The folders of this user's runs here: of those that go on, and of killed ones that nobody has swept away yet."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            # Others may make folders there as well, and say in them what they like.
            if folder.lstat().st_uid == os.getuid():
                yield folder


def _sweep(place: Path) -> None:
    """Remove old folders that no process holds: the system lets go of a lock when its process ends, however it ends."""
    for folder in place.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime < _OLD_SECONDS:
                continue
            with (folder / _LOCK).open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
