"""What a project demands of its jobs, as its pyproject.toml says in `[tool.arcbook.lint]`."""

import tomllib
from pathlib import Path
from typing import Any

from arcbook.core.failures import DefinitionError

_FILE = "pyproject.toml"


def demanded_environments(job: Path) -> tuple[str, ...]:
    """The environments that a stage without any shall list: `environments` of the nearest file above the job.

    Raises:
        DefinitionError: the file is no TOML, or the value is no list of names.
    """
    for folder in job.absolute().parents:
        path = folder / _FILE
        if path.is_file():
            found = _lint_table(path).get("environments", ())
            if isinstance(found, str) or not all(isinstance(name, str) and name.strip() for name in found):
                raise DefinitionError(f"{path}: `environments` of [tool.arcbook.lint] must be a list of names.")
            return tuple(found)
    return ()


def _lint_table(path: Path) -> dict[str, Any]:
    try:
        table: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(f"{path} is no TOML: {error}") from None
    for name in ("tool", "arcbook", "lint"):
        table = table.get(name)
        if not isinstance(table, dict):
            return {}
    return dict(table)
