"""Reading bundles from a folder or object storage, verified; laying them out for a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from arcbook.cells.fetch import fetch_bytes
from arcbook.core.addresses import scheme_of
from arcbook.core.failures import DefinitionError, InputError
from arcbook.promote.bundle import MANIFEST, NAME, Bundle, damaged, read_manifest, verified


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A verified bundle in a private folder.

    `entry` is the notebook or job file to run (in its own folder, so that relative addresses find what the bundle
    holds), `documents` has the frozen copy of each other document by the address that the job uses.
    """

    bundle: Bundle
    entry: Path
    documents: dict[str, Path]


def is_bundle(address: str) -> bool:
    """Whether an address names a bundle: its last part is a hash."""
    return NAME.fullmatch(_last(address)) is not None


def load_bundle(address: str) -> Bundle:
    """The bundle in a folder or below an `s3://` prefix whose last part is the bundle's name; every byte is verified.

    Raises:
        CellError: it is damaged.
        ArcbookError: it cannot be read.
    """
    name = _last(address)
    if not NAME.fullmatch(name):
        raise DefinitionError(
            f"{address} names no bundle: the last part must be a bundle's name of 64 hexadecimal digits."
        )
    base = address.rstrip("/")
    manifest = fetch_bytes(_join(base, MANIFEST))
    files: dict[str, bytes] = {}
    for path in read_manifest(manifest, name)["files"]:
        try:
            files[path] = fetch_bytes(_join(base, path))
        except InputError as error:
            raise damaged(f"{path} is missing: {error.message}") from error
    return verified(name, manifest, files)


def lay_out(bundle: Bundle, folder: Path) -> LaidOut:
    """Write the bundle's files into `folder`, which should be new and nobody else's."""
    for path, content in bundle.all_files().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    documents = {address: folder / path for address, path in bundle.documents.items()}
    return LaidOut(bundle, folder / bundle.entry, documents)


@contextmanager
def opened_bundle(address: str) -> Iterator[LaidOut]:
    """A verified copy of a bundle for one run, removed afterwards.

    The run works on the copy, so nobody can change a file between verifying and reading it, and what a job writes
    beside itself does not damage the bundle. Errors as `load_bundle`.
    """
    import tempfile

    bundle = load_bundle(address)
    with tempfile.TemporaryDirectory(prefix="arcbook-bundle-") as folder:
        yield lay_out(bundle, Path(folder))


def _last(address: str) -> str:
    return address.rstrip("/").rpartition("/")[2]


def _join(base: str, path: str) -> str:
    return f"{base}/{path}" if scheme_of(base) else str(Path(base) / path)
