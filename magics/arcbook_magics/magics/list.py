"""Show the files of a folder, local or on S3, ordered by name.

%list s3://lake/landing/
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from arcbook.core.addresses import bucket_and_key, is_s3
from arcbook.core.failures import InputError
from arcbook_magics.shown import Shown
from arcbook_magics.small_tables import show

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.workbench import Workbench

_TYPES = {"path": "string", "name": "string", "modificationTime": "timestamp", "size": "string", "bytes": "bigint"}
#: Entries read at most; a folder with more is cut.
_MOST = 10_000

Entry = dict[str, str | None]


def run(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Show the table of files."""
    from arcbook.cells.lines import named_place
    from arcbook.core.translate import translating
    from arcbook.runners.reading.listing import can_list, local_path

    place = named_place(cell)
    if not can_list(place):
        raise InputError(f"cannot list {place}: only local folders and S3 can be listed")
    with translating(f"cannot list {place}"):
        entries = _s3(*bucket_and_key(place)) if is_s3(place) else _local(Path(local_path(place)))
    yield show(bench, cell, _TYPES, sorted(entries, key=lambda entry: entry["name"] or ""), limited=True)


def _local(folder: Path) -> list[Entry]:
    if not folder.exists():
        raise InputError(f"there is no folder {folder}")
    entries = []
    for path in [folder] if folder.is_file() else list(folder.iterdir())[:_MOST]:
        facts = path.stat()
        modified = datetime.fromtimestamp(facts.st_mtime, UTC)
        entries.append(_entry(str(path), path.name, modified, None if path.is_dir() else facts.st_size))
    return entries


def _s3(bucket: str, prefix: str) -> list[Entry]:
    import boto3

    prefix = prefix.lstrip("/")
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    entries: list[Entry] = []
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    for page in pages:
        for folder in page.get("CommonPrefixes", ()):
            name = folder["Prefix"].removeprefix(prefix).rstrip("/")
            entries.append(_entry(f"s3://{bucket}/{folder['Prefix']}", name, None, None))
        for item in page.get("Contents", ()):
            name = item["Key"].removeprefix(prefix)
            if name:
                entries.append(_entry(f"s3://{bucket}/{item['Key']}", name, item["LastModified"], item["Size"]))
        if len(entries) >= _MOST:
            break
    if not entries:
        raise InputError(f"there is nothing at s3://{bucket}/{prefix}")
    return entries


def _entry(path: str, name: str, modified: datetime | None, size: int | None) -> Entry:
    time = None if modified is None else modified.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    human = "" if size is None else _human(size)
    return {"path": path, "name": name, "modificationTime": time, "size": human,
            "bytes": None if size is None else str(size)}  # fmt: skip


def _human(size: int) -> str:
    amount, units = float(size), ["B", "KiB", "MiB", "GiB", "TiB"]
    while amount >= 1024 and len(units) > 1:
        amount, units = amount / 1024, units[1:]
    return f"{int(amount)} B" if units[0] == "B" else f"{amount:.1f} {units[0]}"
