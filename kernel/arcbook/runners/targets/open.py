"""Choosing the target for an address, and the names of its notes."""

import hashlib

from arcbook.core.addresses import is_s3
from arcbook.runners.targets.base import Target
from arcbook.runners.targets.bucket import Bucket
from arcbook.runners.targets.folder import Folder


def open_target(uri: str) -> Target:
    """The target at `uri`: a local folder, or one on S3."""
    return Bucket(uri) if is_s3(uri) else Folder(uri)


def note_name(key: str) -> str:
    """The name of the notes about a write, from the key that all attempts at it share: safe in any place."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]
