"""The state of a place outside the job: equal as long as nobody has written to it."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from arcbook.core.failures import ArcbookError
from arcbook.runners.delta import canonical
from arcbook.runners.reading.listing import Source, absolute, can_list, list_sources

_COMMIT = re.compile(r"/(\d{20})\.json$")


@dataclass(frozen=True, slots=True)
class Place:
    """A folder, pattern or table that a stage reads or writes.

    `address` is spelt in one way. `version` is the one that a stage asks of a Delta table. A `live` place is read anew
    whenever a view over it is read, as Delta tables are; of others a view keeps what was there.
    """

    address: str
    delta: bool = False
    version: int | None = None
    base_path: str | None = None
    live: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What is at a place: a text for its files (names, sizes, times or ETags), and the version of a Delta table.

    `bytes` is the size of files; that of a table is not known without reading its log, None then.
    """

    token: str
    version: int | None = None
    files: int = 0
    bytes: int | None = None

    def to_dict(self, place: Place) -> dict[str, Any]:
        """Plain values for the record."""
        return {
            "address": place.address, "delta": place.delta, "token": self.token, "version": self.version,
            "files": self.files, "bytes": self.bytes,
        }  # fmt: skip


def state_from(values: Mapping[str, Any]) -> State:
    """The state that a record holds."""
    version, size = values.get("version"), values.get("bytes")
    return State(
        token=str(values.get("token", "")),
        version=version if isinstance(version, int) else None,
        files=int(values.get("files") or 0),
        bytes=size if isinstance(size, int) else None,
    )


def address_of(uri: str) -> str:
    """One spelling of a place: absolute, without `file:`, `s3:` for all of S3's schemes."""
    return canonical(absolute(uri))


def state_of(place: Place) -> State | None:
    """What is at `place` now; None where nobody can tell (a web address, a place that may not be listed)."""
    if not can_list(place.address):
        return None
    try:
        if place.delta:
            return _table(place)
        files = list_sources(place.address, place.base_path).files
    except (ArcbookError, OSError):
        return None  # the stage itself will say what is wrong with the place
    return State(_digest(files), files=len(files), bytes=sum(each.size for each in files))


def _table(place: Place) -> State:
    """By the newest commit, or the one of the version that was asked for: its file tells tables of one place apart."""
    sources = list_sources(f"{place.address}/_delta_log/*.json").files
    commits = {int(found[1]): each for each in sources if (found := _COMMIT.search(each.uri))}
    version = max(commits, default=None) if place.version is None else place.version
    commit = commits.get(version) if version is not None else None
    return State(_digest((commit,)), version) if commit else State("", None)


def _digest(files: tuple[Source, ...]) -> str:
    digest = hashlib.sha256()
    for each in files:
        digest.update(f"{each.uri}\0{each.size}\0{each.version}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest() if files else ""
