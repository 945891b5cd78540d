"""Reading small documents (SQL files, schemas, jobs) by address."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from arcbook.core.failures import AccessError, DefinitionError, InputError, TransientError

Fetch = Callable[[str], str]

_SCHEME = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]+):")
_TIMEOUT_SECONDS = 30


def scheme_of(uri: str) -> str:
    """The scheme in lower case; empty for a plain path (a drive letter is no scheme)."""
    found = _SCHEME.match(uri)
    return found[1].lower() if found else ""


def fetch_text(uri: str) -> str:
    """The text of a document, read as UTF-8 without its byte order mark.

    Raises:
        InputError: nothing is there, or it is no text.
        AccessError: it may not be read.
        DefinitionError: the address cannot be understood.
        TransientError: the server failed; trying again may help.
    """
    try:
        return fetch_bytes(uri).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{uri} is not UTF-8 text (byte {error.start})") from None


def fetch_bytes(uri: str) -> bytes:
    """The bytes of a document at a local path, `file:`, `http(s):`, `s3:` or `s3a:`. Errors as for `fetch_text`."""
    scheme = scheme_of(uri)
    if scheme == "":
        return _local(uri, Path(uri))
    if scheme == "file":
        return _local(uri, Path(unquote(urlsplit(uri).path)))
    if scheme in ("http", "https"):
        return _http(uri)
    if scheme in ("s3", "s3a", "s3n"):
        return _s3(uri)
    raise DefinitionError(f"cannot read {uri}: use a path, file://, http(s):// or s3://, not {scheme}:")


def relative_to(folder: str, fetch: Fetch = fetch_text) -> Fetch:
    """A `fetch` that reads plain relative addresses from `folder`: a local path or any of the schemes."""

    def from_folder(uri: str) -> str:
        if not folder or scheme_of(uri) or Path(uri).is_absolute():
            return fetch(uri)
        return fetch(f"{folder.rstrip('/')}/{uri}" if scheme_of(folder) else str(Path(folder) / uri))

    return from_folder


def frozen(documents: Mapping[str, str], fetch: Fetch = fetch_text) -> Fetch:
    """A `fetch` that reads the kept copy of each address in `documents` (address to path) instead of the original."""

    def from_copy(uri: str) -> str:
        return fetch_text(documents[uri]) if uri in documents else fetch(uri)

    return from_copy


def folder_of(address: str) -> str:
    """The folder of a document, to read its relative addresses from; empty for the current one."""
    return address.rpartition("/")[0] or ("/" if address.startswith("/") else "")


def _local(uri: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"no file at {uri}") from None
    except IsADirectoryError:
        raise InputError(f"{uri} is a folder, not a file") from None
    except PermissionError:
        raise AccessError(f"no permission to read {uri}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {uri}: {error}") from None


def _http(uri: str) -> bytes:
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(uri, timeout=_TIMEOUT_SECONDS) as answer:
            content: bytes = answer.read()
            return content
    except urllib.error.HTTPError as error:
        message = f"GET {uri} was answered by {error.code} ({error.reason})"
        if error.code in (401, 403):
            raise AccessError(message) from None
        if error.code in (408, 425, 429) or error.code >= 500:
            raise TransientError(message) from None
        raise InputError(message) from None
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise TransientError(f"GET {uri} failed: {getattr(error, 'reason', error)}") from None
    except ValueError as error:
        raise DefinitionError(f"cannot read {uri}: {error}") from None


def _s3(uri: str) -> bytes:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    parts = urlsplit(uri)
    bucket, key = parts.netloc, uri.split("://", 1)[1].partition("/")[2]
    if not bucket or not key:
        raise DefinitionError(f"cannot read {uri}: expected s3://bucket/key")
    try:
        answer: dict[str, Any] = boto3.client("s3").get_object(Bucket=bucket, Key=key)
        content: bytes = answer["Body"].read()
        return content
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in ("NoSuchKey", "NoSuchBucket", "404"):
            raise InputError(f"nothing at {uri} ({code})") from None
        if code in ("AccessDenied", "403", "ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch"):
            raise AccessError(f"no access to {uri} ({code})") from None
        raise TransientError(f"cannot read {uri}: {code or error}") from None
    except NoCredentialsError:
        raise AccessError(f"no credentials to read {uri}: set up AWS credentials") from None
    except BotoCoreError as error:
        raise TransientError(f"cannot read {uri}: {error}") from None
