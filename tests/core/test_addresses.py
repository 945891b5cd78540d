"""Addresses: what is on S3, and files that are replaced in one step."""

import stat
from pathlib import Path

import pytest

from arcbook.core.addresses import (
    beside,
    bucket_and_key,
    folder_of,
    is_s3,
    replace_file,
    same_scheme,
    scheme_of,
    speaks_of_s3,
)


@pytest.mark.parametrize(
    ("uri", "scheme", "on_s3", "same"),
    [
        ("s3://b/k", "s3", True, "s3://b/k"),
        ("s3a://b/k", "s3a", True, "s3://b/k"),
        ("S3N://b/k", "s3n", True, "s3://b/k"),
        ("s3x://b/k", "s3x", False, "s3x://b/k"),
        ("s3/files", "", False, "s3/files"),
        ("C:/files", "", False, "C:/files"),
        ("file:///s3a://b", "file", False, "file:///s3a://b"),
    ],
)
def test_what_is_on_s3(uri: str, scheme: str, on_s3: bool, same: str) -> None:
    """Three schemes in any case, and nothing that only begins like them."""
    assert (scheme_of(uri), is_s3(uri), same_scheme(uri)) == (scheme, on_s3, same)


def test_bucket_and_key() -> None:
    """Either may be empty; a key may hold any character."""
    assert bucket_and_key("s3a://b/a/b?c#d") == ("b", "a/b?c#d")
    assert bucket_and_key("s3://b") == ("b", "")


@pytest.mark.parametrize(
    ("text", "said"), [("MERGE INTO delta.`S3A://b/t`", True), ('["s3n://b"]', True), ("about s3 and css3://x", False)]
)
def test_texts_that_speak_of_s3(text: str, said: bool) -> None:
    """Anywhere in a text, as a scheme of its own."""
    assert speaks_of_s3(text) is said


def test_a_file_is_replaced_or_left(tmp_path: Path) -> None:
    """Nothing is left beside it, also when the write fails; a private file is its owner's from the start."""
    place = tmp_path / "a" / "b.txt"
    replace_file(place, b"old")
    replace_file(place, b"new", private=True)
    assert place.read_bytes() == b"new"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        replace_file(tmp_path / "folder", b"x")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b.txt", "folder"]


@pytest.mark.parametrize(
    ("base", "name", "address"),
    [
        ("", "a.conf", "a.conf"),
        ("job.conf", "conf/../a.conf", "a.conf"),
        ("jobs/job.conf", "a.conf", "jobs/a.conf"),
        ("jobs/job.conf", "../a.conf", "a.conf"),
        ("job.conf", "../a.conf", "../a.conf"),
        ("/jobs/job.conf", "a.conf", "/jobs/a.conf"),
        ("/jobs/job.conf", "/etc/a.conf", "/etc/a.conf"),
        ("jobs/job.conf", "s3://bucket/a.conf", "s3://bucket/a.conf"),
        ("s3a://bucket/jobs/job.conf", "../a.conf", "s3a://bucket/a.conf"),
        ("s3://bucket/job.conf", "../../a.conf", "s3://bucket/a.conf"),
        ("s3://bucket/job.conf", "/etc/a.conf", "/etc/a.conf"),
        ("https://host:8080/jobs/job.conf?version=3", "a.conf", "https://host:8080/jobs/a.conf"),
        ("https://host/jobs/job.conf", "/a.conf", "https://host/a.conf"),
        ("https://host", "a.conf", "https://host/a.conf"),
        ("file:///jobs/job.conf", "a.conf", "file:///jobs/a.conf"),
        ("file:/jobs/job.conf", "../a.conf", "file:/a.conf"),
        ("C:\\jobs/job.conf", "a.conf", "C:\\jobs/a.conf"),
    ],
)
def test_a_name_beside_a_document(base: str, name: str, address: str) -> None:
    """The name is looked for in the document's folder, wherever that is."""
    assert beside(base, name) == address


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("jobs/a.conf", "jobs"), ("a.conf", ""), ("/a.conf", "/"), ("s3://b/jobs/a.conf", "s3://b/jobs"),
        ("https://host/jobs/a.conf?signed=x/y", "https://host/jobs"), ("odd?/a.conf", "odd?"),
    ],
)  # fmt: skip
def test_the_folder_of_a_document(address: str, folder: str) -> None:
    """What a relative address is relative to; a signature on the web is no part of it."""
    assert folder_of(address) == folder
