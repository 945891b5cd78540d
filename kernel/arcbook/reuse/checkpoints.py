"""The store of checkpoints: a folder per key, here or on S3.

<root>/<key>/<random>/rows.parquet    the rows of a view, or the engine's own files of them
<root>/<key>/checkpoint.json          what they are; written last, so that what is half-written is never read
"""

import hashlib
import json
import re
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from arcbook.cells.fetch import fetch_text, objects_below
from arcbook.core.addresses import bucket_and_key, is_s3
from arcbook.core.failures import ArcbookError
from arcbook.core.translate import translating
from arcbook.runners.reading.listing import write_text
from arcbook.runners.reading.scan import open_input
from arcbook.runners.targets.bucket import Bucket

FORMAT = 1
NAME = "checkpoint.json"
ROWS = "rows.parquet"
#: Below the folder of records.
FOLDER = "checkpoints"

_KEY = re.compile(r"[0-9a-f]{64}")
#: A folder without a description is one that somebody may be writing, until it is this old.
_HALF_WRITTEN = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What is stored under a key.

    `schema` is Spark's JSON of the view's columns, empty where only a deed is noted; `files` are sizes by name within
    the key's folder, with hashes of those we wrote ourselves in `hashes`. `note` is what the record told of the stage.
    """

    key: str
    run_id: str
    created: str
    schema: str = ""
    rows: int | None = None
    files: Mapping[str, int] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    note: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One key's folder as the store lists it; `used` is when it was last read or written."""

    key: str
    bytes: int
    used: datetime
    complete: bool


def checkpoints_in(records: str) -> str:
    """The place of checkpoints beside the records at `records`."""
    return f"{records.rstrip('/')}/{FOLDER}"


class Checkpoints:
    """The checkpoints at `root`, a folder or an address on S3."""

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/") if is_s3(root) else str(Path(root.removeprefix("file://")).expanduser().absolute())

    def folder(self, key: str) -> str:
        """The folder of a key."""
        return f"{self.root}/{key}"

    def new_folder(self, key: str) -> str:
        """A name for the files of a key that are about to be written, the end of their address."""
        name = uuid.uuid4().hex[:12]
        if not is_s3(self.root):
            # Rows of the job's data: for its owner alone.
            Path(self.folder(key)).mkdir(parents=True, exist_ok=True, mode=0o700)
            Path(self.folder(key), name).mkdir()
        return name

    def read(self, key: str) -> Checkpoint | None:
        """The checkpoint of a key, None when there is none, it is not whole or may not be read."""
        try:
            found = json.loads(fetch_text(f"{self.folder(key)}/{NAME}"))
            checkpoint = Checkpoint(**{name: found[name] for name in _FIELDS}) if found["format"] == FORMAT else None
            if checkpoint is None or checkpoint.key != key or not self._is_whole(checkpoint):
                return None
        except (ArcbookError, OSError, ValueError, KeyError, TypeError):
            return None
        return checkpoint

    def _is_whole(self, checkpoint: Checkpoint) -> bool:
        folder = self.folder(checkpoint.key)
        sizes = {name.removeprefix(f"{folder}/"): size for name, size, _ in _listed(folder)}
        if any(sizes.get(name) != size for name, size in checkpoint.files.items()):
            return False
        return all(self._digest(f"{folder}/{name}") == known for name, known in checkpoint.hashes.items())

    def _digest(self, address: str) -> str:
        with open_input(address) as stream:
            return hashlib.sha256(stream.read()).hexdigest()

    def publish(self, key: str, folder: str, *, size: int = 0, sha256: str = "", **about: Any) -> Checkpoint:
        """Make the files in `folder` (as `new_folder` named it) the checkpoint of `key`; `about` as in Checkpoint.

        Without a folder only a deed is noted. `sha256` is the hash of the one file that is there when we wrote it
        ourselves, and `size` its bytes.

        Raises:
            ArcbookError: they cannot be listed, or the description not be written.
        """
        base = self.folder(key)
        if sha256:
            files = {f"{folder}/{ROWS}": size}
        else:
            listed = _listed(f"{base}/{folder}") if folder else ()
            files = {name.removeprefix(f"{base}/"): size for name, size, _ in listed}
        hashes = {name: sha256 for name in files if sha256}
        checkpoint = Checkpoint(key=key, created=datetime.now(UTC).isoformat(), files=files, hashes=hashes, **about)
        self._describe(checkpoint)
        return checkpoint

    def touch(self, checkpoint: Checkpoint) -> None:
        """Note that a checkpoint was used, so that cleaning keeps it for longer; who may only read it uses it, too."""
        with suppress(ArcbookError):
            self._describe(checkpoint)

    def _describe(self, checkpoint: Checkpoint) -> None:
        described = {"format": FORMAT} | {name: getattr(checkpoint, name) for name in _FIELDS}
        with translating(f"cannot write to {self.root}"):
            write_text(f"{self.folder(checkpoint.key)}/{NAME}", json.dumps(described, indent=1, default=str) + "\n")

    def drop(self, key: str, folder: str = "") -> None:
        """Remove a checkpoint, or the files of one that is not to be."""
        with translating(f"cannot clean {self.root}"):
            _remove(f"{self.folder(key)}/{folder}".rstrip("/"), first=NAME)

    def entries(self) -> Iterator[Entry]:
        """All that is stored, in the order of use, what was not used for longest first."""
        sizes: dict[str, int] = {}
        used: dict[str, datetime] = {}
        complete: set[str] = set()
        for name, size, moment in _listed(self.root):
            key, _, rest = name.removeprefix(f"{self.root}/").partition("/")
            if not _KEY.fullmatch(key):
                continue
            sizes[key] = sizes.get(key, 0) + size
            used[key] = max(moment, used.get(key, moment))
            complete |= {key} if rest == NAME else set()
        for key in sorted(used, key=lambda each: used[each]):
            yield Entry(key, sizes[key], used[key], key in complete)

    def clean(
        self, *, older_than: timedelta, most_bytes: int, now: datetime | None = None, dry_run: bool = False
    ) -> list[Entry]:
        """Remove what was not used for a time, then what was not used for longest until the rest fits; what went.

        What is half-written stays for a day: a run may be at it. With `dry_run` all stays.

        Raises:
            ArcbookError: the place cannot be listed, or something not be removed.
        """
        now = now or datetime.now(UTC)
        with translating(f"cannot clean {self.root}"):
            found = list(self.entries())
        kept = sum(entry.bytes for entry in found)
        gone = []
        for entry in found:
            age = now - entry.used
            half = not entry.complete
            if (half and age > _HALF_WRITTEN) or (not half and (age > older_than or kept > most_bytes)):
                if not dry_run:
                    self.drop(entry.key)
                gone.append(entry)
                kept -= entry.bytes
        return gone


_FIELDS = ("key", "run_id", "created", "schema", "rows", "files", "hashes", "note")


def _listed(address: str) -> Iterable[tuple[str, int, datetime]]:
    """Address, size and time of every file below a folder.

    Raises:
        ArcbookError: a bucket cannot be listed.
    """
    if not is_s3(address):
        for path in sorted(Path(address).rglob("*")):
            if path.is_file():
                about = path.stat()
                yield str(path), about.st_size, datetime.fromtimestamp(about.st_mtime, UTC)
        return
    import boto3

    bucket, prefix = bucket_and_key(address)
    scheme = address.partition("://")[0]
    with translating(f"cannot list {address}"):
        for item in objects_below(boto3.client("s3"), bucket, f"{prefix.rstrip('/')}/"):
            yield f"{scheme}://{bucket}/{item['Key']}", int(item["Size"]), item["LastModified"]


def _remove(address: str, *, first: str) -> None:
    """Remove a folder, the file `first` before the others: what is left of it is then no checkpoint."""
    if not is_s3(address):
        Path(address, first).unlink(missing_ok=True)
        shutil.rmtree(address, ignore_errors=True)
        return
    place = Bucket(address)
    place.remove([first])
    place.remove(place.files())
