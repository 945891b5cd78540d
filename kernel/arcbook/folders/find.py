"""Which files of a folder are jobs."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from arcbook.core.failures import InputError
from arcbook.core.kernelspec import KERNEL

_JOB_FILES = (".json", ".conf", ".hocon")
#: A document with a key `stages`; schemas and other documents beside the jobs have none.
_STAGES = re.compile(r"""(?m)(?:^|[{,])\s*["']?stages["']?\s*[:=+\[]""")


@dataclass(frozen=True, slots=True)
class Found:
    """The jobs of a folder by name, in alphabetical order, and the notebooks left out, with the reason."""

    jobs: dict[str, Path]
    left_out: dict[str, str]


def find_jobs(folder: Path) -> Found:
    """The jobs that lie in `folder` itself: notebooks for the arc kernel and job files; hidden files are passed over.

    A notebook that cannot be read counts as a job, so that nobody takes the folder for complete without it. A job is
    named by its file, without the ending where that is clear.

    Raises:
        InputError: there is none.
    """
    paths: list[Path] = []
    left_out: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not path.is_file():
            continue
        suffix = path.suffix.lower()
        if suffix == ".ipynb" and (kernel := _kernel(path)) not in ("", KERNEL):
            left_out[path.name] = f"it is for the kernel `{kernel}`"
        elif suffix == ".ipynb" or (suffix in _JOB_FILES and _is_job(path)):
            paths.append(path)
    if not paths:
        hint = f" Left out: {'; '.join(f'{name}, {why}' for name, why in left_out.items())}." if left_out else ""
        raise InputError(f"There is no notebook and no job file in {folder}.{hint}")
    stems = [path.stem for path in paths]
    return Found({path.stem if stems.count(path.stem) == 1 else path.name: path for path in paths}, left_out)


def _kernel(path: Path) -> str:
    """The kernel that a notebook names; empty when it names none, or is no notebook."""
    try:
        kernel = json.loads(path.read_bytes())["metadata"]["kernelspec"]["name"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return str(kernel)


def _is_job(path: Path) -> bool:
    try:
        return bool(_STAGES.search(path.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return True  # reading it as a job says what is wrong
