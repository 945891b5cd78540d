"""Writes to Delta tables that all attempts at a run make once: the mark is part of the commit itself.

The mark is Delta's transaction identifier: its name is the write's key, its number the version of the table that the
writer saw, plus one. A commit that replaced the whole table since has taken the rows away; then they are written again.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from arcbook.runners.delta import (
    actions_in,
    canonical,
    commit_files,
    is_table,
    open_table,
    storage_options,
    tried_again,
)

if TYPE_CHECKING:
    import pyarrow as pa


def next_mark(path: str, key: str) -> int | None:
    """The number for the mark of a write; None when its rows are in the table."""
    if not is_table(path):
        return 1
    table = open_table(path)
    known = table.transaction_version(key)
    if known is not None and not _replaced_since(path, key, known):
        return None
    return max(table.version() + 1, (known or 0) + 1)


def write_rows(
    rows: "pa.Table",
    path: str,
    *,
    partition_by: tuple[str, ...] = (),
    merge_schema: bool = False,
    replace_where: str | None = None,
    key: str = "",
    mark: int = 1,
) -> None:
    """Add `rows` without an engine, where Sail's writer falls short; creates the table when there is none.

    Args:
        rows: what to write.
        path: the table.
        partition_by: its partition columns.
        merge_schema: whether new columns join the table.
        replace_where: the rows of the table that these replace; nothing when None.
        key: names the write in all attempts at a run; empty when it is never repeated.
        mark: what `next_mark` gave.
    """
    from deltalake import CommitProperties, Transaction, write_deltalake

    write = partial(
        write_deltalake,
        canonical(path),
        rows,
        partition_by=list(partition_by) or None,
        schema_mode="merge" if merge_schema else None,
        storage_options=storage_options(path),
        commit_properties=CommitProperties(app_transactions=[Transaction(key, mark)]) if key else None,
    )
    if replace_where is not None and is_table(path):
        write = partial(write, mode="overwrite", predicate=replace_where)
    else:
        write = partial(write, mode="append")
    _commit(write, path, key, mark)


def _commit(write: Callable[[], object], path: str, key: str, mark: int) -> None:
    """Make a commit, several times where that does no harm: a mark shows whether an attempt took effect."""
    if not key:
        write()
        return

    def attempt() -> None:
        try:
            write()
        except Exception:
            # S3 may have taken the commit and only its answer be lost.
            if not _surely_has(path, key, mark):
                raise

    tried_again(attempt)


def _surely_has(path: str, key: str, mark: int) -> bool:
    """Whether the table bears the mark; False when it cannot be seen."""
    with suppress(Exception):
        return is_table(path) and (open_table(path).transaction_version(key) or 0) >= mark
    return False


def _replaced_since(path: str, key: str, mark: int) -> bool:
    """Whether the whole table was replaced after the commit that bears the mark."""
    marked = False
    for version, uri in sorted(commit_files(path).items()):
        if version + 1 < mark:
            continue
        actions = list(actions_in(uri))
        if marked and any(replaces_all(action.get("commitInfo") or {}) for action in actions):
            return True
        marked = marked or any((action.get("txn") or {}).get("appId") == key for action in actions)
    return False


def replaces_all(info: dict[str, object]) -> bool:
    """Whether a commit, by its information, replaced the whole table."""
    operation = str(info.get("operation") or "")
    parameters = info.get("operationParameters")
    told = parameters if isinstance(parameters, dict) else {}
    if "REPLACE TABLE" in operation:
        return True
    partly = told.get("predicate") not in (None, "", "[]") or str(told.get("isDynamicPartitionOverwrite")) == "true"
    return operation == "WRITE" and told.get("mode") == "Overwrite" and not partly
