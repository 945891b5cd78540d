"""Reading small documents (SQL files, schemas, jobs) by address."""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from arcbook.core.addresses import beside, bucket_and_key, is_s3, local_path, scheme_of
from arcbook.core.addresses import folder_of as folder_of
from arcbook.core.failures import DefinitionError, InputError, TransientError
from arcbook.core.translate import translating

Fetch = Callable[[str], str]

#: Larger documents are refused: jobs, schemas and statements are text that somebody wrote.
MAX_BYTES = 40_000_000

_TIMEOUT_SECONDS = 30
#: How often an answer of S3 that broke off is asked for again, and how long the first wait is.
_ATTEMPTS = 5
_SECONDS_BETWEEN_ATTEMPTS = 0.2


def fetch_text(uri: str) -> str:
    """The text of a document, read as UTF-8 without its byte order mark.

    Raises:
        InputError: nothing is there, it is no text, or it is larger than `MAX_BYTES`.
        AccessError: it may not be read.
        DefinitionError: the address cannot be understood.
        TransientError: the server failed; trying again may help.
    """
    try:
        return fetch_bytes(uri, at_most=MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{uri} is not UTF-8 text (byte {error.start})") from error


def fetch_bytes(uri: str, *, at_most: int | None = None) -> bytes:
    """The bytes of a document at a local path, `file:`, `http(s):`, `s3:` or `s3a:`. Errors as for `fetch_text`.

    A document of more than `at_most` bytes is an InputError, and is not read.
    """
    scheme = scheme_of(uri)
    limit = -1 if at_most is None else at_most + 1
    with translating(f"cannot read {uri}"):
        if scheme in ("", "file"):
            content = _local(uri, limit)
        elif scheme in ("http", "https"):
            content = _http(uri, limit)
        elif is_s3(uri):
            content = _s3(uri, limit)
        else:
            raise DefinitionError(f"cannot read {uri}: use a path, file://, http(s):// or s3://, not {scheme}:")
    if at_most is not None and len(content) > at_most:
        raise InputError(f"{uri} is larger than {at_most // 1_000_000} MB, which is no job, statement or schema")
    return content


def read_object(client: Any, bucket: str, key: str, *, limit: int = -1) -> bytes:
    """The content of an object on S3, or its first `limit` bytes.

    boto3 tries again until an answer begins; one that breaks off in the middle is asked for anew here.

    Raises:
        ArcbookError: it cannot be read, however often it is tried.
    """
    for attempt in range(_ATTEMPTS):
        with translating():
            answer = client.get_object(Bucket=bucket, Key=key)
        try:
            with translating():
                content: bytes = answer["Body"].read(limit) if limit > 0 else answer["Body"].read()
            wanted = answer["ContentLength"] if limit < 0 else min(limit, answer["ContentLength"])
            if len(content) == wanted:
                return content
            raise TransientError(f"the answer broke off after {len(content)} of {wanted} bytes")
        except TransientError:
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(_SECONDS_BETWEEN_ATTEMPTS * 2**attempt)
    raise AssertionError


def objects_below(client: Any, bucket: str, prefix: str) -> Iterator[Any]:
    """What S3 tells of every object whose key begins with `prefix`, in the order of their keys.

    Raises:
        botocore.exceptions.BotoCoreError, ClientError: whatever boto3 raises, for the caller to translate.
    """
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", ())


def relative_to(folder: str, fetch: Fetch = fetch_text) -> Fetch:
    """A `fetch` that reads plain relative addresses from `folder`: a local path or any of the schemes."""

    def from_folder(uri: str) -> str:
        if not folder or scheme_of(uri) or Path(uri).is_absolute():
            return fetch(uri)
        return fetch(beside(f"{folder.rstrip('/')}/", uri) if scheme_of(folder) else str(Path(folder) / uri))

    return from_folder


def frozen(documents: Mapping[str, str], fetch: Fetch = fetch_text) -> Fetch:
    """A `fetch` that reads the kept copy of each address in `documents` (address to path) instead of the original."""

    def from_copy(uri: str) -> str:
        return fetch_text(documents[uri]) if uri in documents else fetch(uri)

    return from_copy


def _local(uri: str, limit: int) -> bytes:
    try:
        with local_path(uri).open("rb") as stream:
            return stream.read(limit)
    except ValueError as error:  # a zero byte
        raise DefinitionError(f"cannot read {uri}: {error}") from error


def _http(uri: str, limit: int) -> bytes:
    import urllib.request

    try:
        with urllib.request.urlopen(uri, timeout=_TIMEOUT_SECONDS) as answer:
            content: bytes = answer.read(limit) if limit > 0 else answer.read()
            return content
    except ValueError as error:
        raise DefinitionError(f"cannot read {uri}: {error}") from error


def _s3(uri: str, limit: int) -> bytes:
    bucket, key = bucket_and_key(uri)
    if not bucket or not key:
        raise DefinitionError(f"cannot read {uri}: expected s3://bucket/key")
    import boto3

    return read_object(boto3.client("s3"), bucket, key, limit=limit)
