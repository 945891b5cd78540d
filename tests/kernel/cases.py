"""Cases of stages: one YAML file per stage type, read by one runner.

    good:   cells that check without problems
    bad:    cells with the problems that `check` finds (code, key, line)
    run:    cells that run on every engine

A run case may have `files` (written below `${BASE}` beforehand; a value is text, or `{hex: …}`), `before` (stage
objects run first), `cell`, `after`, and expects `columns`, `rows` (in any order unless `ordered`), `metadata`,
`details`, `outputs` (texts of the files in folders, sorted), `printed` (what is shown beside the view), or an `error`
(`class`, by engine where they differ, and `message`). `parameters` are bound to `:name`, `settings` are choices of the
run. `differs` names an engine and the reason why the case does not hold there.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "stages"
#: The keys of a case by part; those of `error` are all required.
KEYS = {
    "good": {"name", "cell", "files"},
    "bad": {"name", "cell", "files", "problems"},
    "run": {
        "name", "files", "before", "cell", "after", "columns", "rows", "ordered", "metadata", "details", "outputs",
        "printed", "error", "parameters", "settings", "differs",
    },
    "error": {"class", "message"},
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One case and the stage type it belongs to."""

    stage: str
    part: str
    data: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.stage}-{self.data['name'].replace(' ', '_')}"

    def __post_init__(self) -> None:
        """A key that nothing reads would be an expectation that nothing proves."""
        if unknown := self.data.keys() - KEYS[self.part]:
            raise ValueError(f"{self}: unknown keys {sorted(unknown)}")
        if "error" in self.data and self.data["error"].keys() != KEYS["error"]:
            raise ValueError(f"{self}: an error needs exactly the keys {sorted(KEYS['error'])}")


def cases(part: str) -> list[Case]:
    """All cases of one part, from all files."""
    found = []
    for path in sorted(FOLDER.glob("*.yml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        found += [Case(path.stem, part, data) for data in document.get(part, ())]
    return found
