"""The bundle: an immutable promoted job, named by the SHA-256 of what it holds.

    bundles/<hash>/
        bundle.json          format, job, parameters' JSON Schema, pins, and the hash of every other file
        source/<file>        the notebook or job file, and documents that it names by relative addresses
        documents/<hash>     documents that it names by other addresses (`s3://…`, `https://…`)

`<hash>` is the SHA-256 of bundle.json, which has the hashes of the rest: so a changed byte anywhere is found. Nothing
in it depends on the machine, the folder or the time of promotion.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from arcbook.core.failures import CellError
from arcbook.core.problem import Problem
from arcbook.promote.canonical import canonical_json

MANIFEST = "bundle.json"
SOURCE = "source/"
DOCUMENTS = "documents/"
#: Grows when the meaning of a member changes; a bundle of a later format is refused.
FORMAT = 1

NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as a value.

    `entry` is the path of the notebook or job file among `files`. `documents` has the path of each frozen document by
    the address that the job uses. `parameters` is the JSON Schema of the job's parameters, `pins` has the engine, the
    image and the versions of packages.
    """

    job: str
    entry: str
    files: Mapping[str, bytes]
    documents: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    pins: Mapping[str, Any] = field(default_factory=dict)

    def manifest(self) -> bytes:
        """The bytes of bundle.json."""
        return canonical_json(
            {
                "format": FORMAT,
                "job": self.job,
                "entry": self.entry,
                "documents": dict(self.documents),
                "files": {path: digest(content) for path, content in self.files.items()},
                "parameters": dict(self.parameters),
                "pins": dict(self.pins),
            }
        )

    @property
    def name(self) -> str:
        """The bundle's name: 64 hexadecimal digits."""
        return digest(self.manifest())

    def all_files(self) -> dict[str, bytes]:
        """Every file by path, bundle.json among them."""
        return {MANIFEST: self.manifest(), **self.files}


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def document_path(address: str, content: bytes) -> str:
    """Where a document lies in a bundle: beside the source when its address is relative and stays in the folder."""
    if address and ":" not in address and "\\" not in address:
        path = PurePosixPath(address)
        if not path.is_absolute() and ".." not in path.parts and path.parts:
            return f"{SOURCE}{path}"
    return f"{DOCUMENTS}{digest(content)}"


def read_manifest(content: bytes, name: str) -> dict[str, Any]:
    """What bundle.json says, when its bytes are those that `name` stands for.

    Raises:
        CellError: they are not, or it is no bundle of this format.
    """
    if digest(content) != name:
        raise damaged(f"{MANIFEST} is not what the bundle's name {name[:12]}… stands for")
    try:
        value = json.loads(content)
    except ValueError:
        raise damaged(f"{MANIFEST} is no JSON") from None
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        found = value.get("format") if isinstance(value, dict) else None
        raise damaged(
            f"the bundle has the format {found}, this arcbook reads format {FORMAT}",
            "Use the arcbook that the bundle's pins name, or promote again.",
        )
    for path in (value.get("entry"), *value.get("files", {})):
        if not isinstance(path, str) or PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            raise damaged(f"the bundle names a path outside itself: {path}")
    return value


def verified(name: str, manifest: bytes, files: Mapping[str, bytes]) -> Bundle:
    """The bundle of that name from the bytes that were read.

    Raises:
        CellError: a byte differs from what was promoted, or a file is missing.
    """
    value = read_manifest(manifest, name)
    for path, expected in value["files"].items():
        if path not in files:
            raise damaged(f"{path} is missing")
        if digest(files[path]) != expected:
            raise damaged(f"{path} was changed after it was promoted")
    if value["entry"] not in value["files"]:
        raise damaged(f"{value['entry']} is missing")
    bundle = Bundle(
        job=value["job"],
        entry=value["entry"],
        files={path: files[path] for path in value["files"]},
        documents=value["documents"],
        parameters=value["parameters"],
        pins=value["pins"],
    )
    if bundle.name != name:
        raise damaged(f"{MANIFEST} is not in canonical form")
    return bundle


def damaged(message: str, remedy: str = "Promote the job again, or copy the bundle anew.") -> CellError:
    """The refusal of a bundle."""
    return CellError([Problem("bundle", message, remedy=remedy)])
