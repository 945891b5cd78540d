"""What both engines leave to us about Delta tables: names of the same table, row counts and history of commits."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from arcbook.cells.fetch import fetch_text
from arcbook.core.addresses import is_s3, same_scheme
from arcbook.core.failures import InputError, TransientError
from arcbook.core.translate import translate
from arcbook.runners.reading.listing import list_sources, remove, write_text

if TYPE_CHECKING:
    from deltalake import DeltaTable

_COMMIT = re.compile(r"/(\d{20})\.json$")
_Made = TypeVar("_Made")

#: Seconds before what storage made fail for a moment is tried again.
_PAUSES = (0.3, 0.6, 1.2)
_MANIFESTS = "_symlink_format_manifest"
#: What a commit may call its bytes; those that the deltalake package writes do not tell.
METRICS_OF_BYTES = ("numOutputBytes", "numAddedBytes")
_COUNTS: Mapping[str, tuple[str, ...]] = {
    "updated": ("numTargetRowsUpdated", "numUpdatedRows"),
    "deleted": ("numTargetRowsDeleted", "numDeletedRows"),
    "inserted": ("numTargetRowsInserted",),
}


def canonical(path: str) -> str:
    """One spelling of a table's place: no `file:`, no trailing slash, `s3:` for all of S3's schemes."""
    if is_s3(path):
        return same_scheme(path).rstrip("/")
    parts = urlsplit(path)
    return (unquote(parts.path) if parts.scheme == "file" else path).rstrip("/")


def same_table(one: str, other: str) -> bool:
    """Whether two paths name the same table."""
    return canonical(one) == canonical(other)


def open_table(path: str) -> "DeltaTable":
    """The table through the deltalake package, which needs no engine.

    Raises:
        deltalake.exceptions.TableNotFoundError: nothing is there.
    """
    from deltalake import DeltaTable

    # The package does not ask again when the list of the log is cut off in the middle.
    return tried_again(lambda: DeltaTable(canonical(path), storage_options=storage_options(path)))


def tried_again(work: Callable[[], _Made]) -> _Made:
    """Do `work`, again and again while the storage of a table fails for a moment; its last error is raised."""
    for pause in _PAUSES:
        try:
            return work()
        except Exception as error:
            if not isinstance(translate(error), TransientError):
                raise
        time.sleep(pause)
    return work()


def is_table(path: str) -> bool:
    """Whether a Delta table is at `path`."""
    return bool(commit_files(path))


def newest_commit(path: str) -> dict[str, Any]:
    """The table's last commit, as in `commits`."""
    return commits(path, limit=1)[0]


def commits(path: str, limit: int | None = None) -> list[dict[str, Any]]:
    """The table's commits, newest first: version, timestamp (ISO with offset), operation, operationMetrics."""
    # Read here and not by the deltalake package, which blocks all threads of the process while it waits for S3.
    entries = sorted(commit_files(path).items(), reverse=True)[:limit]
    found = []
    for version, uri in entries:
        info = _commit_info(uri)
        moment = datetime.fromtimestamp(info.get("timestamp", 0) / 1000, tz=UTC)
        metrics = {name: _whole(value) for name, value in (info.get("operationMetrics") or {}).items()}
        found.append(
            {
                "version": version,
                "timestamp": moment.isoformat(timespec="milliseconds"),
                "operation": info.get("operation"),
                "operationMetrics": metrics,
            }
        )
    return found


def commit_files(path: str) -> dict[int, str]:
    """The addresses of the table's commits by version."""
    names = (source.uri for source in list_sources(f"{path.rstrip('/')}/_delta_log/*.json").files)
    return {int(found.group(1)): name for name in names if (found := _COMMIT.search(name))}


def actions_in(uri: str) -> Iterator[dict[str, Any]]:
    """The actions of a commit.

    Raises:
        InputError: the commit is damaged.
    """
    for line in filter(str.strip, fetch_text(uri).splitlines()):
        try:
            action: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise InputError(f"{uri}, a part of the table's log, is damaged: {error}.") from error
        yield action


def _commit_info(uri: str) -> dict[str, Any]:
    for action in actions_in(uri):
        if "commitInfo" in action:
            info: dict[str, Any] = action["commitInfo"]
            return info
    return {}


def last_metrics(path: str) -> dict[str, int]:
    """What the newest commit did to rows: `affected`, and `updated`, `deleted`, `inserted` where they apply."""
    commit = newest_commit(path)
    metrics, operation = commit["operationMetrics"], str(commit["operation"])
    if operation in ("MERGE", "UPDATE", "DELETE"):
        rows = {
            name: int(metrics[key])
            for name, keys in _COUNTS.items()
            for key in keys
            if isinstance(metrics.get(key), int)
        }
    else:
        rows = {"inserted": int(metrics.get("numOutputRows", 0))}
    return {"affected": sum(rows.values()), **rows}


def bytes_added(path: str) -> int:
    """The size in bytes of the files that the table's newest commit added."""
    _, newest = max(commit_files(path).items())
    return sum(int(action["add"]["size"]) for action in actions_in(newest) if "add" in action)


def write_manifest(path: str) -> None:
    """Write `_symlink_format_manifest`, the lists of the table's files for Athena and Presto; remove outdated ones."""
    # By hand: the deltalake package's own way blocks all threads of the process while it waits for S3.
    table = canonical(path)
    lists: dict[str, list[str]] = {}
    # The log has names as web addresses have them; those of the files are what Athena asks for.
    for name in sorted(map(unquote, open_table(path).get_add_actions().column("path").to_pylist())):
        folder = "".join(f"/{part}" for part in name.split("/")[:-1])
        lists.setdefault(f"{table}/{_MANIFESTS}{folder}/manifest", []).append(f"{table}/{name}")
    if not lists:
        lists[f"{table}/{_MANIFESTS}/manifest"] = []
    for name, uris in lists.items():
        write_text(name, "".join(f"{uri if is_s3(uri) else 'file://' + uri}\n" for uri in uris))
    for source in list_sources(f"{table}/{_MANIFESTS}").files:
        if canonical(source.uri) not in lists:
            remove(source.uri)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.lstrip("-").isdecimal() else value


def storage_options(path: str) -> dict[str, str] | None:
    """What the deltalake package needs to know of a table's place."""
    if not is_s3(path):
        return None
    from arcbook.engines.storage import sail_environment

    return {**sail_environment(), "AWS_S3_ALLOW_UNSAFE_RENAME": "true"}
