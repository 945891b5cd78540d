"""Writing a folder of files so that a failure leaves it as it was, locally and on S3.

Two things stay possible: a process that is killed while finished files are put into a folder that others are in leaves
some of them there, and a run that is repeated appends its rows once more, since files carry no mark of the run that
wrote them, as the commits of a Delta table do.
"""

import contextlib
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arcbook.core.addresses import bucket_and_key, is_s3
from arcbook.core.failures import InputError
from arcbook.runners.reading.listing import can_list, local_path

#: Writes all files into the folder at the given address, which is empty or, on S3, may hold other files.
Write = Callable[[str], None]
_S3_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Placed:
    """What was written: data files with their sizes by address. `skipped` says that the target was left alone."""

    files: tuple[tuple[str, int], ...] = ()
    skipped: bool = False


def place(uri: str, save_mode: str, write: Write, when_empty: Write | None = None) -> Placed:
    """Write into the folder `uri` as `save_mode` says; `when_empty` is called after a `write` that left no file.

    Raises:
        InputError: the folder exists and `save_mode` is ErrorIfExists.
    """
    target = _Bucket(uri) if is_s3(uri) else _Folder(uri)
    if not can_list(uri):
        raise InputError(f"cannot write to {uri}: use a path, file:// or s3://")
    if save_mode in ("ErrorIfExists", "Ignore") and target.exists():
        if save_mode == "Ignore":
            return Placed(skipped=True)
        raise InputError(f"{uri} exists already, and `saveMode` is ErrorIfExists.")
    return Placed(tuple(target.fill(write, when_empty, replace=save_mode == "Overwrite")))


class _Folder:
    """A local folder. New files are written in a hidden folder beside it and moved."""

    def __init__(self, uri: str) -> None:
        # Absolute, since the engine's process may stand elsewhere.
        self.path = Path(local_path(uri)).absolute()

    def exists(self) -> bool:
        return self.path.exists()

    def fill(self, write: Write, when_empty: Write | None, *, replace: bool) -> Iterator[tuple[str, int]]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.parent / f".{self.path.name}.{uuid.uuid4().hex[:8]}.new"
        try:
            new.mkdir()
            write(str(new))
            if when_empty is not None and not any(new.iterdir()):
                when_empty(str(new))
            written = sorted(file for file in new.rglob("*") if file.is_file())
            (new / "_SUCCESS").touch()
            listed = [(str(self.path / file.relative_to(new)), file.stat().st_size) for file in written]
            if replace or not self.path.exists():
                self._exchange(new)
            else:
                self._add(new)
        finally:
            _discard(new)
        return iter([(name, size) for name, size in listed if not Path(name).name.startswith((".", "_"))])

    def _exchange(self, new: Path) -> None:
        old = new.with_suffix(".old")
        if self.path.is_dir():
            self.path.rename(old)
        elif self.path.exists():
            self.path.unlink()
        try:
            new.rename(self.path)
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                old.rename(self.path)
            raise
        shutil.rmtree(old, ignore_errors=True)

    def _add(self, new: Path) -> None:
        added: list[Path] = []
        try:
            for file in sorted(new.rglob("*")):
                if file.is_file():
                    moved = self.path / file.relative_to(new)
                    moved.parent.mkdir(parents=True, exist_ok=True)
                    # A mark such as `_SUCCESS` may be there already; files of rows have names of their own.
                    added += [] if moved.exists() else [moved]
                    file.rename(moved)
        except BaseException:
            for moved in added:
                moved.unlink(missing_ok=True)
            raise


def _discard(folder: Path) -> None:
    """Remove a folder into which other tasks of a write that failed may put files for a moment yet."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


class _Bucket:
    """A folder on S3, where nothing can be moved: old files go when all new ones are there, new ones on failure."""

    def __init__(self, uri: str) -> None:
        self.uri = uri.rstrip("/")
        self.bucket, key = bucket_and_key(self.uri)
        self.prefix = f"{key}/" if key else ""

    def exists(self) -> bool:
        return bool(self._keys())

    def fill(self, write: Write, when_empty: Write | None, *, replace: bool) -> Iterator[tuple[str, int]]:
        before = self._keys()
        try:
            write(self.uri)
            if when_empty is not None and not set(self._keys()) - set(before):
                when_empty(self.uri)
        except BaseException:
            self._delete(set(self._keys()) - set(before))
            raise
        after = self._keys()
        if replace:
            self._delete(set(before) & set(after))
        marker = f"{self.prefix}_SUCCESS"
        if marker not in after or replace:
            self._client().put_object(Bucket=self.bucket, Key=marker, Body=b"")
        scheme = self.uri.partition("://")[0]
        new = sorted(set(after) - set(before))
        return iter([(f"{scheme}://{self.bucket}/{key}", after[key]) for key in new if not _is_hidden(key)])

    def _keys(self) -> dict[str, int]:
        pages = self._client().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
        return {item["Key"]: int(item["Size"]) for page in pages for item in page.get("Contents", ())}

    def _delete(self, keys: set[str]) -> None:
        doomed = sorted(keys)
        for start in range(0, len(doomed), _S3_BATCH):
            objects = [{"Key": key} for key in doomed[start : start + _S3_BATCH]]
            self._client().delete_objects(Bucket=self.bucket, Delete={"Objects": objects})

    @staticmethod
    def _client() -> Any:
        import boto3

        return boto3.client("s3")


def _is_hidden(key: str) -> bool:
    return key.rpartition("/")[2].startswith((".", "_")) or key.endswith("/")
