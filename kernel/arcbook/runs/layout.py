"""Where a run's record lies and what its parts are called. Imports neither engines nor Jupyter.

    <root>/<job>/<run-id>/
        record.json      what was run, how it ended: `arcbook.runs.record.Record`
        journal.jsonl    one line before and after each cell, outputs between: `arcbook.runs.journal`
        notebook.ipynb   the executed notebook, rendered from the journal
        MANIFEST         SHA-256 of the three, in the form that `sha256sum -c MANIFEST` reads

While a run goes on only `record.json` and the journal are there; on `s3://` the journal is then a row of numbered
segments (`journal/000001.jsonl` …) that are joined at the end. The root is a folder or an `s3://bucket/prefix`.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath

RECORD = "record.json"
JOURNAL = "journal.jsonl"
NOTEBOOK = "notebook.ipynb"
MANIFEST = "MANIFEST"
SEGMENTS = "journal/"

#: Above the names of folders, so that no job's name stands for a folder, and the record of a folder's run.
FOLDERS = "_folders"
FOLDER_RECORD = "folder.json"

#: Where records go when nothing says otherwise, and the variable that says otherwise.
DEFAULT_ROOT = "runs"
ROOT_VARIABLE = "ARCBOOK_RECORD"

RUN_ID = re.compile(r"^\d{8}T\d{9}Z-[0-9a-z]{6}$")

_LETTERS = "0123456789abcdefghijkmnpqrstuvwxyz"


def new_run_id(now: datetime | None = None) -> str:
    """A run's identifier: its start in UTC to the millisecond, then six random letters; sorts by time."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    tail = "".join(secrets.choice(_LETTERS) for _ in range(6))
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}Z-{tail}"


def job_name(address: str) -> str:
    """The job's name, from the address of its notebook or job file: the last part without ending, safe for paths."""
    stem = PurePosixPath(address.split("?", 1)[0].split("#", 1)[0].rstrip("/")).name
    stem = re.sub(r"\.(ipynb|json|conf|hocon)$", "", stem, flags=re.IGNORECASE)
    name = re.sub(r"[^\w.-]+", "-", stem).strip("-.")
    return name[:100] or "notebook"


def is_job(name: str, said: str) -> bool:
    """Whether somebody who `said` this means the job, or folder, whose records bear this name: `my job` is `my-job`."""
    return name in (said, job_name(said))


def segment(number: int) -> str:
    """The name of a journal segment, counted from 1."""
    return f"{SEGMENTS}{number:06d}.jsonl"


def manifest(files: Mapping[str, bytes]) -> str:
    """The manifest's text for `files` by name, in the order of their names."""
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))


def read_manifest(text: str) -> dict[str, str]:
    """Hash by file name.

    Raises:
        ValueError: a line is not a hash, two blanks and a name.
    """
    hashes: dict[str, str] = {}
    for line in text.splitlines():
        found = re.fullmatch(r"([0-9a-f]{64})  (.+)", line)
        if not found:
            raise ValueError(f"not a line of a manifest: {line!r}")
        hashes[found[2]] = found[1]
    return hashes
