"""Case files say places by marks: `select «nam» from people`."""

import re
from pathlib import Path
from typing import Any

import yaml

_DATA = Path(__file__).parent / "data"
_MARK = re.compile("[«»]")


def cases(name: str) -> Any:
    """The content of a case file."""
    return yaml.safe_load((_DATA / name).read_text(encoding="utf-8"))


def unmarked(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The statement without its marks, and the marked stretches."""
    places: list[tuple[int, int]] = []
    start = 0
    for count, mark in enumerate(_MARK.finditer(text)):
        offset = mark.start() - count
        if mark.group() == "«":
            start = offset
        else:
            places.append((start, offset))
    return _MARK.sub("", text), places
