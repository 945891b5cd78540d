"""What both engines leave to us about Delta tables: names of the same table, row counts and history of commits."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

_COUNTS: Mapping[str, tuple[str, ...]] = {
    "updated": ("numTargetRowsUpdated", "numUpdatedRows"),
    "deleted": ("numTargetRowsDeleted", "numDeletedRows"),
    "inserted": ("numTargetRowsInserted",),
}


def canonical(path: str) -> str:
    """One spelling of a table's place: no `file:`, no trailing slash, `s3:` for all of S3's schemes."""
    parts = urlsplit(path)
    if parts.scheme in ("s3", "s3a", "s3n"):
        return "s3:" + path.partition(":")[2].rstrip("/")
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

    return DeltaTable(canonical(path), storage_options=_storage_options(path))


def is_table(path: str) -> bool:
    """Whether a Delta table is at `path`."""
    from deltalake import DeltaTable

    return bool(DeltaTable.is_deltatable(canonical(path), _storage_options(path)))


def commits(path: str) -> list[dict[str, Any]]:
    """The table's commits, newest first: version, timestamp (ISO with offset), operation, operationMetrics."""
    found = []
    for commit in open_table(path).history():
        moment = datetime.fromtimestamp(commit["timestamp"] / 1000, tz=UTC)
        metrics = {name: _whole(value) for name, value in (commit.get("operationMetrics") or {}).items()}
        found.append(
            {
                "version": commit["version"],
                "timestamp": moment.isoformat(timespec="milliseconds"),
                "operation": commit.get("operation"),
                "operationMetrics": metrics,
            }
        )
    return found


def last_metrics(path: str) -> dict[str, int]:
    """What the newest commit did to rows: `affected`, and `updated`, `deleted`, `inserted` where they apply."""
    commit = commits(path)[0]
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


def append_once(
    rows: "pa.Table", path: str, *, partition_by: tuple[str, ...] = (), merge_schema: bool = False, key: str = ""
) -> bool:
    """Append `rows` without an engine, where Sail's writer falls short; creates the table when there is none.

    With a `key` the commit carries it, and rows of a key that the table knows already are not written again (then the
    answer is False).
    """
    from deltalake import CommitProperties, Transaction, write_deltalake

    if key and is_table(path) and open_table(path).transaction_version(key) is not None:
        return False
    write_deltalake(
        canonical(path),
        rows,
        mode="append",
        partition_by=list(partition_by) or None,
        schema_mode="merge" if merge_schema else None,
        storage_options=_storage_options(path),
        commit_properties=CommitProperties(app_transactions=[Transaction(key, 1)]) if key else None,
    )
    return True


def write_manifest(path: str) -> None:
    """Write `_symlink_format_manifest`, the list of the table's files for Athena and Presto."""
    open_table(path).generate()


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.lstrip("-").isdecimal() else value


def _storage_options(path: str) -> dict[str, str] | None:
    if not canonical(path).startswith("s3:"):
        return None
    from arcbook.engines.storage import sail_environment

    return {**sail_environment(), "AWS_S3_ALLOW_UNSAFE_RENAME": "true"}
