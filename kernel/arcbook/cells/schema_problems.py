"""Findings about a schema document as problems: Arc's sentence, with the column it speaks of and what to do."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from arcbook.cells.tree import Path, Tree
from arcbook.core.problem import Problem, Severity
from arcbook.core.suggest import did_you_mean
from arcbook.schemas.model import COLUMN_TYPES, Column, Finding
from arcbook.schemas.read import attributes, dotted

_ROOT: Path = ("schema",)
_COLUMN = '{"name": "item", "type": "string", "nullable": true}'
#: What required attributes look like.
_EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "name": '"amount"', "type": '"string"', "nullable": "true", "trueValues": '["true"]',
        "falseValues": '["false"]', "precision": "10", "scale": "2", "encoding": '"base64"', "timezoneId": '"UTC"',
        "hour": "0", "minute": "0", "second": "0", "nano": "0", "fields": f"[{_COLUMN}]", "elementType": _COLUMN,
    }
)  # fmt: skip
_PATTERNS = {"date": "uuuu-MM-dd", "time": "HH:mm:ss", "timestamp": "uuuu-MM-dd HH:mm:ss"}


def schema_problems(found: Iterable[Finding], tree: Tree, severity: Severity = Severity.ERROR) -> list[Problem]:
    """The findings about a tree's schema, where they are; a document fetched from an address has its own places."""
    return [_problem((*_ROOT, *path), message, tree, severity) for path, message in found]


def _problem(path: Path, message: str, tree: Tree, severity: Severity) -> Problem:
    where = _column(path, tree)
    # Some of Arc's sentences name the attribute already.
    attribute = path[-1] if isinstance(path[-1], str) and f"'{path[-1]}'" not in message else ""
    named = f"{where}, `{attribute}`: " if where and attribute else f"{where}: " if where else ""
    remedy = _remedy(path, message, tree)
    return Problem("schema", f"{named}{message}", tree.key_span(path), dotted(path), remedy, severity)


def _column(path: Path, tree: Tree) -> str:
    """The column a path lies in, by its names from the outermost column on, else by its position."""
    names = []
    for length in range(2, len(path) + 1):
        if isinstance(path[length - 1], int) and path[length - 2] in ("schema", "fields"):
            inner = tree.at(path[:length])
            name = inner.get("name") if isinstance(inner, dict) else None
            names.append(str(name) if name is not None else f"#{int(path[length - 1]) + 1}")
    return f"column `{'.'.join(names)}`" if names else ""


def _remedy(path: Path, message: str, tree: Tree) -> str:
    column = tree.at(path[:-1])
    kind = str(column.get("type")) if isinstance(column, dict) else ""
    attribute = str(path[-1])
    if "Invalid attribute" in message:
        return did_you_mean(attribute, attributes(COLUMN_TYPES.get(kind, Column)))
    if "Missing required attribute" in message:
        patterns = f'["{_PATTERNS[kind]}"]' if attribute == "formatters" and kind in _PATTERNS else None
        example = patterns or _EXAMPLES.get(attribute)
        return f'Add it, for example `"{attribute}": {example}`.' if example else "Add it."
    if allowed := re.search(r"Valid values are \[(.*)\]", message):
        return _nearest_of(tree.at(path), re.findall(r"'([^']*)'", allowed[1]))
    return ""


def _nearest_of(value: Any, allowed: list[str]) -> str:
    return did_you_mean(value, allowed) if isinstance(value, str) else ""
