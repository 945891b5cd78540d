"""What is at an address now: by listing and by Delta's log, never by reading rows."""

from collections.abc import Iterable

from arcbook.core.addresses import same_scheme
from arcbook.planning.values import Place
from arcbook.runners.delta import canonical, is_table, open_table
from arcbook.runners.reading.listing import absolute, can_list, list_sources


def address_of(uri: str) -> str:
    """One spelling of a place, so that the same place is known again: absolute, without `file:`, `s3:` for S3."""
    return canonical(absolute(uri))


def look_at(uri: str) -> Place:
    """The files at a path or pattern and their size; of a Delta table those of its newest version.

    Raises:
        ArcbookError: the place may not be listed.
    """
    address = address_of(uri)
    if not can_list(address):
        return Place(same_scheme(uri))
    if is_table(address):
        sizes = [size or 0 for size in _sizes(address)]
        return Place(address, len(sizes), sum(sizes))
    files = list_sources(address).files
    return Place(address, len(files), sum(each.size for each in files))


def _sizes(address: str) -> Iterable[int]:
    actions = open_table(address).get_add_actions()
    column: Iterable[int] = actions.column("size_bytes").to_pylist()
    return column


def is_there(place: Place) -> bool:
    """Whether anything is at a place that was looked at."""
    return bool(place.files)
