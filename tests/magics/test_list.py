"""`%list`: the addresses it takes and the errors it gives."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arcbook.core.failures import AccessError, ArcbookError, InputError
from arcbook_magics.workbench import Workbench


@pytest.fixture
def bench() -> Iterator[Workbench]:
    """A workbench that publishes nothing."""
    made = Workbench(publish=lambda shown: None)
    yield made
    made.close()


def listed(bench: Workbench, place: str) -> str:
    """What `%list` shows."""
    return repr(bench.run(f"%list\n{place}"))


def test_a_folder_under_any_address(bench: Workbench, tmp_path: Path) -> None:
    """A path and its `file:` address, whose blanks are quoted, are the same folder."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "orders.csv").write_text("x")
    assert "orders.csv" in listed(bench, str(folder))
    assert listed(bench, folder.as_uri()) == listed(bench, str(folder))
    assert listed(bench, folder.as_uri().replace("file:", "FILE:")) == listed(bench, str(folder))


@pytest.mark.parametrize("scheme", ["s3", "s3a", "s3n"])
def test_a_prefix_under_any_scheme(bench: Workbench, scheme: str, s3_bucket: str) -> None:
    """Engines know S3 by three names."""
    import boto3

    boto3.client("s3").put_object(Bucket=s3_bucket, Key="in/orders.csv", Body=b"x")
    assert "orders.csv" in listed(bench, f"{scheme}://{s3_bucket}/in")


@pytest.mark.parametrize(
    ("place", "expected"),
    [("gs://bucket/x", InputError), ("nowhere", InputError), ("s3://no-such-bucket-here/x", InputError)],
)
def test_what_cannot_be_listed(bench: Workbench, place: str, expected: type[ArcbookError], moto_server: str) -> None:
    """The failure is one of input."""
    with pytest.raises(expected, match=r"cannot list|nowhere"):
        listed(bench, place)


def test_a_folder_without_permission(bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the data but the right to it is missing."""

    def denied(self: Path) -> Any:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "iterdir", denied)
    with pytest.raises(AccessError):
        listed(bench, str(tmp_path))
