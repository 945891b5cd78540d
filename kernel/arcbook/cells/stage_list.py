"""The stages and plugins of a job file: lists of objects, however they are put together, with the places of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from arcbook.cells.merge import numbered, overridden
from arcbook.cells.parser import Blank
from arcbook.cells.tree import BEHIND, PLACEHOLDERS, Concatenation, Override, Path, Substitution, Tree, member
from arcbook.core.span import Span

#: References between lists and objects of stages are not followed further; only a circle goes so deep.
_MAX_STEPS = 50

Item = tuple[Any, Path]


@dataclass(frozen=True, slots=True)
class Listed:
    """One element of such a list. `tree` is None when it is no object; `plain` says that its text is one object."""

    span: Span | None
    tree: Tree | None
    plain: bool


def listed_objects(document: Tree, path: Path) -> list[Listed] | None:
    """The elements of the list at `path` (`stages`, or a list of plugins) in their order, or None when it is none.

    Lists may be substituted and joined (`${common.stages} [ … ]`), be appended to, and have numbers as keys; an element
    may be an object merged with a substituted one. These references mean the document alone; within a stage all stay
    unfilled.
    """
    items = _items(document.value, document.at(path), path)
    if items is None:
        return None
    below = _Below(document, path)
    return [_listed(document, below, value, place) for value, place in items]


def _listed(document: Tree, below: "_Below", value: Any, path: Path) -> Listed:
    span = document.span(path)
    known, sources = _object(document.value, value, path)
    if not isinstance(known, dict):
        return Listed(span, None, False)
    spans: dict[Path, Span] = {}
    key_spans: dict[Path, Span] = {}
    for source in sources:
        spans |= below.spans(source)
        key_spans |= below.key_spans(source)
    if span is not None:
        spans[()] = span
    return Listed(span, Tree(known, spans, key_spans, document.texts), known is value and path not in document.composed)


def _items(root: dict[str, Any], value: Any, path: Path, steps: int = 0) -> list[Item] | None:
    """The elements of what may become a list, each with its path in the document."""
    if steps > _MAX_STEPS:
        return None
    if isinstance(value, list):
        return [(item, (*path, position)) for position, item in enumerate(value)]
    if isinstance(value, dict):
        return [(value[key], (*path, key)) for key in numbered(value)] or None
    if isinstance(value, Substitution):
        found = _at(root, value.parts)
        if found is None:
            return [] if value.optional else None
        return _items(root, found, value.parts, steps + 1)
    if isinstance(value, Override):
        later = _items(root, value.later, path, steps + 1)
        if not value.append:
            optional = isinstance(value.later, Substitution) and value.later.optional
            return later or _items(root, value.earlier, path, steps + 1) if optional else later
        earlier = _items(root, value.earlier, path, steps + 1)
        return None if earlier is None or later is None else [*earlier, *_moved(later, BEHIND)]
    return _joined(root, value, path, steps) if isinstance(value, Concatenation) else None


def _joined(root: dict[str, Any], value: Concatenation, path: Path, steps: int) -> list[Item] | None:
    items: list[Item] = []
    behind = 0
    for part in value.parts:
        if isinstance(part, Blank):
            continue
        found = _items(root, part, path, steps + 1)
        if found is None:
            return None
        if isinstance(part, list):
            items += _moved(found, behind)
            behind += len(found)
        else:
            items += found
            behind = max(behind, BEHIND)
    return items


def _moved(items: list[Item], by: int) -> list[Item]:
    """Elements whose places were counted from `by` on."""
    return [(value, (*path[:-1], path[-1] + by if isinstance(path[-1], int) else path[-1])) for value, path in items]


def _object(root: dict[str, Any], value: Any, path: Path, steps: int = 0) -> tuple[Any, list[Path]]:
    """What an element is, and the paths from which its keys come, the last of which wins."""
    if not isinstance(value, PLACEHOLDERS) or steps > _MAX_STEPS:
        return value, [path]
    if isinstance(value, Substitution):
        found = _at(root, value.parts)
        if found is None:
            return ({} if value.optional else None), []
        return _object(root, found, value.parts, steps + 1)
    if isinstance(value, Override):
        parts = [value.earlier, value.later]
    else:
        parts = [part for part in value.parts if not isinstance(part, Blank)]
    known: Any = {}
    sources: list[Path] = []
    for part in parts:
        found, paths = _object(root, part, path, steps + 1)
        if not isinstance(found, dict):
            return None, []
        known = overridden(known, found)
        sources += paths
    return known, sources


def _at(root: dict[str, Any], parts: tuple[str, ...]) -> Any:
    value: Any = root
    for part in parts:
        value = member(value, part)
    return value


class _Below:
    """The places below a path, gathered once for all elements of the list, and once for each other path."""

    def __init__(self, document: Tree, listed: Path) -> None:
        depth = len(listed)
        self._maps = (document.spans, document.key_spans)
        self._found: dict[tuple[int, Path], dict[Path, Span]] = {}
        for kind, places in enumerate(self._maps):
            for path, span in places.items():
                if len(path) > depth and path[:depth] == listed:
                    self._found.setdefault((kind, path[: depth + 1]), {})[path[depth + 1 :]] = span

    def spans(self, path: Path) -> dict[Path, Span]:
        """The places of the values below `path`, by their paths from there."""
        return self._below(0, path)

    def key_spans(self, path: Path) -> dict[Path, Span]:
        """The places of the keys."""
        return self._below(1, path)

    def _below(self, kind: int, path: Path) -> dict[Path, Span]:
        found = self._found.get((kind, path))
        if found is None:
            found = self._found[kind, path] = dict(self._search(kind, path))
        return found

    def _search(self, kind: int, path: Path) -> Iterator[tuple[Path, Span]]:
        length = len(path)
        return ((each[length:], span) for each, span in self._maps[kind].items() if each[:length] == path)
