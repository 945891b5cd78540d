"""Addresses of files and objects: plain paths, `file:` and S3's schemes; and writing a file in one step."""

import os
import posixpath
import re
import uuid
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: The names under which engines know S3; all of them mean the same object.
S3_SCHEMES = ("s3", "s3a", "s3n")

_S3_ANYWHERE = re.compile(r"\bs3[an]?://", re.IGNORECASE)
_SCHEME = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]+):")


def scheme_of(uri: str) -> str:
    """The scheme in lower case; empty for a plain path (a drive letter is no scheme)."""
    found = _SCHEME.match(uri)
    return found[1].lower() if found else ""


def local_path(uri: str) -> Path:
    """The path of a plain or `file:` address on this machine."""
    return Path(unquote(urlsplit(uri).path)) if scheme_of(uri) else Path(uri)


def is_s3(uri: str) -> bool:
    """Whether `uri` is on S3, under any of its schemes in any case."""
    return scheme_of(uri) in S3_SCHEMES


def speaks_of_s3(text: str) -> bool:
    """Whether an address on S3 stands anywhere in `text`, a statement for example."""
    return _S3_ANYWHERE.search(text) is not None


def within_s3(uri: str) -> str:
    """`bucket/key` of an address on S3, as pyarrow names it."""
    return uri.partition("://")[2]


def bucket_and_key(uri: str) -> tuple[str, str]:
    """Bucket and key of an address on S3; either may be empty."""
    bucket, _, key = within_s3(uri).partition("/")
    return bucket, key


def same_scheme(uri: str) -> str:
    """`uri`, with `s3:` for all of S3's schemes."""
    return f"s3:{uri.partition(':')[2]}" if is_s3(uri) else uri


def beside(base: str, name: str) -> str:
    """The address of `name` as a document at `base` says it: relative to that document's folder, `..` taken away.

    A name with a scheme or an absolute path stays; an absolute path on a web server is one of that server.
    """
    if scheme_of(name):
        return name
    base = without_query(base)
    scheme, colon, rest = base.partition(":") if scheme_of(base) else ("", "", base)
    server = ""
    if rest.startswith("//"):
        server, _, path = rest[2:].partition("/")
        server, rest = f"//{server}", f"/{path}"
    if name.startswith("/") and scheme_of(base) not in ("http", "https"):
        return name
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(rest), name))
    return f"{scheme}{colon}{server}{joined}"


def without_query(address: str) -> str:
    """A web address without what follows its path (a signature, for example); any other address as it is."""
    return address.partition("?")[0] if scheme_of(address) in ("http", "https") else address


def folder_of(address: str) -> str:
    """The folder of a document, to read its relative addresses from; empty for the current one."""
    address = without_query(address)
    return address.rpartition("/")[0] or ("/" if address.startswith("/") else "")


def replace_file(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write a file in one step: readers see the old one or the new one, and a failure leaves the old one.

    `private` files can be read by their owner alone, from the first byte on.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
