"""Finding the files behind a path or pattern, as Hadoop and Spark do, locally and on S3."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from arcbook.cells.fetch import objects_below
from arcbook.core.addresses import S3_SCHEMES, bucket_and_key, is_s3, replace_file, scheme_of
from arcbook.core.failures import InputError
from arcbook.core.translate import translating

_WILD = re.compile(r"[*?\[{]")
_PARTITION = re.compile(r"([^=/]+)=([^/]*)\Z")


@dataclass(frozen=True, slots=True)
class Source:
    """One file. `uri` is what `_filename` shows; `partitions` are the `key=value` folders above it, outermost first.

    `version` is another text whenever the file has been written: its times on a disk, its ETag on S3.
    """

    uri: str
    size: int
    partitions: tuple[tuple[str, str], ...] = ()
    version: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Listing:
    """What a pattern matched; `exists` is false when not even an empty folder was there."""

    files: tuple[Source, ...]
    exists: bool


def can_list(uri: str) -> bool:
    """Whether we can look at this place without an engine."""
    return scheme_of(uri) in ("", "file", *S3_SCHEMES)


def list_sources(uri: str, base_path: str | None = None) -> Listing:
    """The files at `uri` in the order of their names; hidden ones (`.`, `_`) are left out, empty ones are not.

    Of the folders below a match only partitions (`key=value`) are looked into, as Spark does.

    Raises:
        AccessError: the place may not be listed.
        InputError: the place cannot be listed for another reason.
    """
    if is_s3(uri):
        return _list_s3(uri, base_path)
    return _list_local(uri, base_path)


def remove(uri: str) -> None:
    """Delete one file."""
    if not is_s3(uri):
        Path(local_path(uri)).unlink(missing_ok=True)
        return
    import boto3

    bucket, key = bucket_and_key(uri)
    boto3.client("s3").delete_object(Bucket=bucket, Key=key)


def write_text(uri: str, text: str) -> None:
    """Write one small file; readers see the old one or the new one."""
    if not is_s3(uri):
        replace_file(Path(local_path(uri)), text.encode())
        return
    import boto3

    bucket, key = bucket_and_key(uri)
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode())


def without_pattern(uri: str) -> str:
    """The address itself, or the folder in which a pattern begins."""
    wild = _WILD.search(uri)
    return uri[: uri.rfind("/", 0, wild.start())] if wild and "/" in uri[: wild.start()] else "" if wild else uri


def absolute(uri: str) -> str:
    """`uri` as an engine in another process means it: its working directory is not ours."""
    return uri if scheme_of(uri) else os.path.abspath(uri)  # noqa: PTH100  # a pattern, which is no Path


def local_path(uri: str) -> str:
    """The path of a plain path or a `file:` address."""
    return unquote(urlsplit(uri).path) if uri.lower().startswith("file:") else uri


def _list_local(uri: str, base_path: str | None) -> Listing:
    # An absolute path: relative ones would mean another folder in the engine's process.
    pattern = str(Path(local_path(uri)).absolute())
    matched = [path for path in _candidates(pattern) if glob_regex(pattern).fullmatch(path)]
    base = str(Path(local_path(base_path)).absolute()) if base_path else ""
    found: list[Source] = []
    for path in sorted(matched):
        root = base or (str(Path(path).parent) if Path(path).is_file() else path)
        files = [(file, about) for file, about in _walk(path) if not hidden(Path(file).name)]
        found += [
            Source(_file_uri(file), about.st_size, _partitions(file, root), f"{about.st_mtime_ns}-{about.st_ctime_ns}")
            for file, about in files
        ]
    return Listing(tuple(found), exists=bool(matched))


def _candidates(pattern: str) -> Iterator[str]:
    """Existing paths that may match, by walking only as deep as the pattern is."""
    wild = _WILD.search(pattern)
    if wild is None:
        if Path(pattern).exists():
            yield pattern
        return
    start = pattern[: pattern.rfind("/", 0, wild.start()) + 1] or "/"
    # A brace may hold slashes; then the deepest alternative decides.
    depth = pattern[len(start) :].count("/")
    yield from _descend(start.rstrip("/") or "/", depth + 1)


def _descend(folder: str, depth: int) -> Iterator[str]:
    try:
        with translating(f"cannot list {folder}"):
            names = sorted(entry.name for entry in Path(folder).iterdir())
    except InputError:
        return  # no folder
    for name in names:
        path = f"{folder.rstrip('/')}/{name}"
        yield path
        if depth > 1 and Path(path).is_dir():
            yield from _descend(path, depth - 1)


def _walk(path: str) -> Iterator[tuple[str, os.stat_result]]:
    """The data files of a file or folder; of folders below it only partitions, as Spark does."""
    place = Path(path)
    if place.is_file():
        yield path, place.stat()
        return
    with translating(f"cannot list {path}"):
        entries = sorted(entry.name for entry in place.iterdir())
    for name in entries:
        below = place / name
        if hidden(name):
            continue
        if below.is_file():
            yield str(below), below.stat()
        elif _PARTITION.fullmatch(name):
            yield from _walk(str(below))


def hidden(name: str) -> bool:
    """Whether Spark passes over a file or folder of that name."""
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


def _partitions(file: str, root: str) -> tuple[tuple[str, str], ...]:
    inner = file[len(root) :].strip("/").split("/")[:-1] if file.startswith(root.rstrip("/") + "/") else []
    pairs = (_PARTITION.fullmatch(part) for part in inner)
    return tuple((unquote(pair[1]), unquote(pair[2])) for pair in pairs if pair)


def _file_uri(path: str) -> str:
    return "file://" + quote(path, safe="/=+,:;@!$&'()*~-._")


def _list_s3(uri: str, base_path: str | None) -> Listing:
    scheme = uri.partition("://")[0]
    bucket, key = bucket_and_key(uri)
    key = key.strip("/")
    wild = _WILD.search(key)
    prefix = key[: wild.start()] if wild else key
    # The folder itself, or whatever lies below a match of the pattern.
    wanted = re.compile(f"(?P<root>{glob_regex(key).pattern})(?P<below>/.*)?", re.S) if key else None
    base = bucket_and_key(base_path)[1].strip("/") if base_path else None
    found: list[Source] = []
    exists = False
    for name, size, etag in _objects(bucket, prefix, uri):
        match = wanted.fullmatch(name) if wanted else None
        if wanted and match is None:
            continue
        exists = True
        below = (match["below"] or "") if match else f"/{name}"
        folders = below.strip("/").split("/")
        if name.endswith("/") or any(hidden(part) for part in (*folders, name.rpartition("/")[2]) if part):
            continue
        if below and not all(_PARTITION.fullmatch(part) for part in folders[:-1]):
            continue
        root = base if base is not None else match["root"] if match and below else name.rpartition("/")[0]
        pairs = _partitions(name, root) if root else ()
        found.append(Source(f"{scheme}://{bucket}/{name}", size, pairs, etag))
    return Listing(tuple(sorted(found, key=lambda source: source.uri)), exists)


def _objects(bucket: str, prefix: str, uri: str) -> Iterable[tuple[str, int, str]]:
    import boto3
    from botocore.exceptions import ClientError

    with translating(f"cannot list {uri}"):
        try:
            for item in objects_below(boto3.client("s3"), bucket, prefix):
                yield item["Key"], int(item["Size"]), str(item.get("ETag", "")).strip('"')
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "NoSuchBucket":
                raise


def glob_regex(pattern: str) -> re.Pattern[str]:
    """Hadoop's pattern (`*`, `?`, `[abc]`, `[^a]`, `{x,y}`) as a regular expression for the whole path."""
    text, depth, position = "", 0, 0
    while position < len(pattern):
        character = pattern[position]
        if character == "[" and (end := pattern.find("]", position + 2)) > 0:
            inner = pattern[position + 1 : end].replace("\\", "\\\\")
            text += f"[{'^' + inner[1:] if inner[0] in '^!' else inner}]"
            position = end + 1
            continue
        if character == "\\" and position + 1 < len(pattern):
            position += 1
            text += re.escape(pattern[position])
        elif character == "{":
            text, depth = text + "(?:", depth + 1
        elif character == "}" and depth:
            text, depth = text + ")", depth - 1
        elif character == "," and depth:
            text += "|"
        else:
            text += {"*": "[^/]*", "?": "[^/]"}.get(character) or re.escape(character)
        position += 1
    return re.compile(text + ")" * depth, re.S)


def covers(read: str, written: str) -> bool:
    """Whether reading the address or pattern `read` yields what was written to the folder `written`."""
    if read == written or read.startswith(written + "/"):
        return True
    return bool(glob_regex(read).fullmatch(written)) or bool(glob_regex(read).fullmatch(written + "/part-0"))
