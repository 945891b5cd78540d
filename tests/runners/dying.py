"""A writer of files that dies at a step of its work: run in a process of its own, by tests of what it leaves."""

import os
import shutil
import signal
import uuid
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import boto3

from arcbook.core.addresses import bucket_and_key, is_s3
from arcbook.runners import placing
from arcbook.runners.targets import folder as local
from arcbook.runners.targets.bucket import Bucket
from arcbook.runners.targets.folder import Folder

#: What is done to files and objects, one by one.
STEPS: tuple[tuple[Any, str], ...] = (
    *((Bucket, name) for name in ("put", "create", "remove", "_copy", "clear")),
    *((Folder, name) for name in ("put", "create", "remove", "clear", "put_staged", "exchange")),
    (Path, "rename"), (Path, "unlink"), (Path, "mkdir"), (os, "link"), (shutil, "rmtree"),
)  # fmt: skip


def write(case: dict[str, Any], uri: str, at: int, environment: dict[str, str]) -> None:
    """Write as the case says; die before step `at`, counted from 0, or exit with 0 when there is none."""
    os.environ.update(environment)
    if case.get("two_renames"):
        local._exchanged = lambda one, other: False
    _count_steps(at)
    placing.place(
        uri, case["mode"], write_three, key=case.get("key", ""), replaced=_same_folders if case.get("dynamic") else None
    )
    os._exit(0)


def write_three(uri: str) -> None:
    """Three files of one row each, two of them below folders."""
    for part in ("", "g=1/", "g=2/"):
        put(f"{uri}/{part}part-{uuid.uuid4().hex}.txt", b"new")


def put(uri: str, content: bytes) -> None:
    """Write a file or an object."""
    if is_s3(uri):
        bucket, key = bucket_and_key(uri)
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
        return
    Path(uri).parent.mkdir(parents=True, exist_ok=True)
    Path(uri).write_bytes(content)


def _same_folders(old: Collection[str], new: Collection[str]) -> Collection[str]:
    folders = {file.rpartition("/")[0] for file in new} - {""}
    return [file for file in old if file.rpartition("/")[0] in folders]


def _count_steps(at: int) -> None:
    left = [at]

    def counted(done: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1
            return done(*arguments, **options)

        return step

    for owner, name in STEPS:
        setattr(owner, name, counted(getattr(owner, name)))
