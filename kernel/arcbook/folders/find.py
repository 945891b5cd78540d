"""Which files of a folder are jobs."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from arcbook.core.failures import InputError
from arcbook.core.kernelspec import KERNEL
from arcbook.core.translate import translating
from arcbook.runs.layout import RUN_ID

_JOB_FILES = (".json", ".conf", ".hocon")
#: A larger file is data, which lies beside jobs, too; reading all of it would take long.
_LARGEST_JOB_FILE = 4 << 20
#: Bundles and checkpoints are called so.
_HASH = re.compile(r"[0-9a-f]{64}")
#: A document with a key `stages`; schemas and other documents beside the jobs have none.
_STAGES = re.compile(r"""(?m)(?:^|[{,])\s*["']?stages["']?\s*[:=+\[]""")


@dataclass(frozen=True, slots=True)
class Found:
    """The jobs of a folder by name, in alphabetical order, and the notebooks left out, with the reason."""

    jobs: dict[str, Path]
    left_out: dict[str, str]


def find_jobs(folder: Path) -> Found:
    """The jobs in `folder` and below it: notebooks for the arc kernel and job files.

    Hidden files are passed over, and so are folders that hold no sources: hidden ones, those whose name begins with
    `_`, virtual environments, records and checkpoints of runs, bundles, and folders behind a symbolic link. A notebook
    that cannot be read counts as a job, so that nobody takes the folder for complete without it. A job is named by its
    path from `folder`, without the ending where that is clear.

    Raises:
        InputError: there is none.
        ArcbookError: a folder cannot be read.
    """
    paths: list[Path] = []
    left_out: dict[str, str] = {}
    for path in sorted(_files(folder)):
        suffix = path.suffix.lower()
        if suffix == ".ipynb" and (kernel := _kernel(path)) not in ("", KERNEL):
            left_out[path.relative_to(folder).as_posix()] = f"it is for the kernel `{kernel}`"
        elif suffix == ".ipynb" or (suffix in _JOB_FILES and _is_job(path)):
            paths.append(path)
    if not paths:
        hint = f" Left out: {'; '.join(f'{name}, {why}' for name, why in left_out.items())}." if left_out else ""
        raise InputError(f"There is no notebook and no job file in {folder} or below it.{hint}")
    # A stem is no clear name when it is that of several files, or the whole name of another one.
    taken = Counter([*paths, *(path.with_suffix("") for path in paths)])
    named = {path: stem if taken[stem := path.with_suffix("")] == 1 else path for path in paths}
    return Found({name.relative_to(folder).as_posix(): path for path, name in named.items()}, left_out)


def _files(folder: Path) -> Iterator[Path]:
    with translating(f"cannot read the folder {folder}"):
        for place, folders, names in os.walk(folder, onerror=_refused):
            folders[:] = [name for name in folders if _may_hold_jobs(Path(place, name))]
            paths = (Path(place, name) for name in names if not name.startswith("."))
            # A link to nothing is a file that cannot be read.
            yield from (path for path in paths if path.is_file() or not path.exists())


def _refused(error: OSError) -> None:
    """os.walk would pass over what it may not read."""
    with translating(f"cannot read the folder {error.filename}"):
        raise error


def _may_hold_jobs(folder: Path) -> bool:
    if folder.name.startswith((".", "_")) or RUN_ID.match(folder.name) or _HASH.fullmatch(folder.name):
        return False
    return not (folder / "pyvenv.cfg").exists()


def _kernel(path: Path) -> str:
    """The kernel that a notebook names; empty when it names none, or is no notebook."""
    try:
        kernel = json.loads(path.read_bytes())["metadata"]["kernelspec"]["name"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return str(kernel)


def _is_job(path: Path) -> bool:
    try:
        if path.stat().st_size > _LARGEST_JOB_FILE:
            return False
        return bool(_STAGES.search(path.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return True  # reading it as a job says what is wrong
