"""Cases of stages: one YAML file per stage type, read by one runner.

    good:   cells that check without problems
    bad:    cells with the problems that `check` finds (code, key, line)
    run:    cells that run on every engine

A run case may have `files` (written below `${BASE}` beforehand; a value is text, or `{hex: …}`), `before` (stage
objects run first), `cell`, `after`, `query` (SQL whose rows are compared instead of the view), and expects `columns`,
`rows` (in any order unless `ordered`), `metadata`, `details`, `outputs` (texts of the files in folders, sorted), or an
`error` (class and message). `parameters` are bound to `:name`. `differs` names an engine and the reason why the case
does not hold there.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "stages"


@dataclass(frozen=True)
class Case:
    """One case and the stage type it belongs to."""

    stage: str
    part: str
    data: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.stage}-{self.data['name'].replace(' ', '_')}"


def cases(part: str) -> list[Case]:
    """All cases of one part, from all files."""
    found = []
    for path in sorted(FOLDER.glob("*.yml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        found += [Case(path.stem, part, data) for data in document.get(part, ())]
    return found
