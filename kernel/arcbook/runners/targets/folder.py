"""A local folder: exchanged in one step by the kernel of the operating system where it can, else by two renames."""

import ctypes
import errno
import fcntl
import os
import re
import shutil
import time
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from arcbook.runners.reading.listing import local_path
from arcbook.runners.targets.base import OWN, STAGE, Target

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
#: How long tasks of a write that failed may go on, in seconds.
_LONGEST_TAIL = 5.0


class Folder(Target):
    """A local folder. Who writes into it holds a lock on the stage, which ends with the process, however that ends."""

    def __init__(self, uri: str) -> None:
        # Absolute, since the engine's process may stand elsewhere.
        self.path = Path(local_path(uri)).absolute()

    def exists(self) -> bool:
        return self.path.exists()

    def address(self, file: str) -> str:
        return str(self.path / file)

    def files(self) -> list[str]:
        return [file for file in _files(self.path) if not file.startswith(f"{OWN}/")]

    def notes(self, kind: str) -> list[str]:
        folder = self.path / kind
        return [f"{kind}/{file.name}" for file in sorted(folder.iterdir())] if folder.is_dir() else []

    def read(self, file: str) -> bytes | None:
        try:
            return (self.path / file).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def put(self, file: str) -> None:
        _touch(self.path / file)

    def create(self, file: str, content: bytes, stage: str) -> bool:
        place = self.path / file
        place.parent.mkdir(parents=True, exist_ok=True)
        unnamed = self._stage(stage) / f".{uuid.uuid4().hex[:8]}"
        try:
            with unnamed.open("xb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.link(unnamed, place)
        except FileExistsError:
            return False
        finally:
            unnamed.unlink(missing_ok=True)
        return True

    def remove(self, files: Collection[str]) -> None:
        for file in files:
            (self.path / file).unlink(missing_ok=True)
        for folder in {parent for file in files for parent in Path(file).parents if parent.parts}:
            _remove_empty(self.path / folder)

    @contextmanager
    def staged(self, stage: str, *, whole: bool) -> Iterator[str]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # A folder that is not there yet appears in one step, too.
        place = self._beside(stage) if whole or not self.path.is_dir() else self.path / STAGE / stage
        place.mkdir(parents=True)
        lock = os.open(place, os.O_RDONLY)
        try:
            with suppress(OSError):  # a file system without locks: then nobody sweeps, either
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield str(place)
        except Exception:
            _outlast(place)
            raise
        finally:
            self.clear(stage)
            os.close(lock)

    def files_of(self, stage: str) -> dict[str, int]:
        place = self._stage(stage)
        return {file: (place / file).stat().st_size for file in _files(place)}

    def add(self, stage: str, files: Sequence[str], added: list[str]) -> None:
        place = self._stage(stage)
        for file in files:
            target = self.path / file
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                continue
            (place / file).rename(target)
            added.append(file)

    def clear(self, stage: str) -> None:
        for place in (self._beside(stage), self._old(stage), self.path / STAGE / stage):
            _discard(place)
        for each in (self.path / STAGE, self.path / f"{OWN}/pending", self.path / OWN):
            _remove_empty(each)

    def is_beside(self, stage: str) -> bool:
        return self._beside(stage).is_dir()

    def put_staged(self, stage: str, file: str) -> None:
        _touch(self._stage(stage) / file)

    def exchange(self, stage: str) -> None:
        new, old = self._beside(stage), self._old(stage)
        if _exchanged(new, self.path):
            return
        if self.path.is_dir():
            self.path.rename(old)
        elif self.path.exists():
            self.path.unlink()
        try:
            new.rename(self.path)
        except OSError:
            with suppress(FileNotFoundError):
                old.rename(self.path)
            raise

    def is_alive(self, stage: str) -> bool:
        return any(_locked(place) for place in (self._beside(stage), self._old(stage), self.path / STAGE / stage))

    def recover(self) -> None:
        for stage in self._stages_beside():
            if self.is_alive(stage):
                continue
            if not self.path.exists() and self._old(stage).is_dir():
                # The writer died between two renames, the second of which only needs to be done.
                (self._beside(stage) if self._beside(stage).is_dir() else self._old(stage)).rename(self.path)
            self.clear(stage)

    def sweep(self) -> None:
        stages = self.path / STAGE
        for place in sorted(stages.iterdir()) if stages.is_dir() else ():
            if not self.is_alive(place.name):
                self.clear(place.name)

    def _stages_beside(self) -> list[str]:
        named = re.compile(rf"\.{re.escape(self.path.name)}\.([0-9a-f]{{8,16}})\.(?:new|old)")
        if not self.path.parent.is_dir():
            return []
        with os.scandir(self.path.parent) as entries:
            found = (named.fullmatch(entry.name) for entry in entries)
            return sorted({each[1] for each in found if each})

    def _stage(self, stage: str) -> Path:
        beside = self._beside(stage)
        return beside if beside.is_dir() else self.path / STAGE / stage

    def _beside(self, stage: str) -> Path:
        return self.path.parent / f".{self.path.name}.{stage}.new"

    def _old(self, stage: str) -> Path:
        return self.path.parent / f".{self.path.name}.{stage}.old"


def _files(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def _touch(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()


def _discard(folder: Path) -> None:
    """Remove a folder into which other tasks of a write that failed may put files for a moment yet."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


def _outlast(folder: Path) -> None:
    """Remove a folder until it stays away: Sail's other tasks make it anew when they begin a file after one failed."""
    quiet, deadline = 0, time.monotonic() + _LONGEST_TAIL
    while quiet < 3 and time.monotonic() < deadline:
        quiet = 0 if folder.exists() else quiet + 1
        _discard(folder)
        time.sleep(0.1)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _locked(folder: Path) -> bool:
    """Whether a process holds the lock of a stage; also when that cannot be found out."""
    try:
        found = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(found)
    return False


def _exchanged(one: Path, other: Path) -> bool:
    """Give two folders each other's names, in one step. False where that is not to be had, or one is missing."""
    if not other.is_dir() or other.is_symlink():
        return False
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number), str(other))
