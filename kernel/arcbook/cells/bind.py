"""Filling placeholders: `${name}` from an ordered list of lookups. Paths, hence places, stay valid."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from arcbook.cells.merge import concatenate, overridden, text_of
from arcbook.cells.parser import Blank
from arcbook.cells.tree import PLACEHOLDERS, Concatenation, Override, Path, Substitution, Tree
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem
from arcbook.core.suggest import did_you_mean

_NOTHING = object()

#: Values are not followed further than this; only a loop of references goes so deep.
_MAX_STEPS = 50


class Scope:
    """Ordered lookups for `${name}`: the first that knows the name wins.

    A lookup maps names to values; a dotted name is looked up as it is, then through nested mappings. Values may hold
    placeholders themselves (a job document's members do), which are filled from the same scope.
    """

    def __init__(self, *lookups: Mapping[str, Any]) -> None:
        self.lookups = lookups

    def find(self, name: str, default: Any = None) -> Any:
        """The value of `name`, or `default`."""
        for lookup in self.lookups:
            value = _nested(lookup, name)
            if value is not _NOTHING and value is not None:
                return value
        return default

    def names(self) -> Iterable[str]:
        """All names for suggestions, without the process environment's, which are rarely meant."""
        for lookup in self.lookups:
            if lookup is not os.environ:
                yield from lookup

    def inside(self, lookup: Mapping[str, Any]) -> "Scope":
        """This scope with a lookup behind all others."""
        return Scope(*self.lookups, lookup)


def _nested(lookup: Mapping[str, Any], name: str) -> Any:
    if name in lookup:
        return lookup[name]
    value: Any = lookup
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return _NOTHING
        value = value[part]
    return value


def bind(tree: Tree, scope: Scope) -> Tree:
    """The tree with every placeholder replaced. Optional ones (`${?name}`) without a value remove their key.

    Raises:
        CellError: one `unresolved-substitution` for each name that has no value.
    """
    binder = _Binder(scope)
    bound = tree.with_value(binder.value(tree.value, ()) if has_placeholders(tree.value) else tree.value)
    if binder.problems:
        raise CellError(binder.problems)
    return bound


def bind_known(tree: Tree, scope: Scope, later: Callable[[str], bool]) -> Tree:
    """The tree with those placeholders replaced that have a value; the others stay.

    `later` says whether a name may still get a value: if not, an optional placeholder removes its key now.
    """
    if not has_placeholders(tree.value):
        return tree
    return tree.with_value(_Binder(scope, later).value(tree.value, ()))


def has_placeholders(value: Any) -> bool:
    """Whether anything in `value` still waits to be bound."""
    if isinstance(value, dict):
        return any(has_placeholders(item) for item in value.values())
    if isinstance(value, list):
        return any(has_placeholders(item) for item in value)
    return isinstance(value, PLACEHOLDERS)


def unbound(tree: Tree) -> list[Substitution]:
    """The substitutions that still wait for a value, in the order of the text."""
    return list(_substitutions(tree.value))


def _substitutions(value: Any) -> Iterator[Substitution]:
    if isinstance(value, Substitution):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _substitutions(item)
    elif isinstance(value, list):
        for item in value:
            yield from _substitutions(item)
    elif isinstance(value, Concatenation):
        for part in value.parts:
            yield from _substitutions(part)
    elif isinstance(value, Override):
        yield from _substitutions(value.earlier)
        yield from _substitutions(value.later)


def without_unset(value: dict[str, Any]) -> dict[str, Any]:
    """An object without the members that are optional substitutions without a value."""
    kept: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, Override) and isinstance(item.later, Substitution) and item.later.optional:
            kept[key] = item.earlier
        elif not (isinstance(item, Substitution) and item.optional):
            kept[key] = without_unset(item) if isinstance(item, dict) else item
    return kept


class _Binder:
    def __init__(self, scope: Scope, later: Callable[[str], bool] | None = None) -> None:
        self.scope = scope
        self.later = later
        self.problems: list[Problem] = []
        self.following: list[str] = []

    def value(self, value: Any, path: Path) -> Any:
        """`value` bound; `_NOTHING` for an optional substitution without a value."""
        if isinstance(value, dict):
            bound = {key: self.value(item, (*path, key)) for key, item in value.items()}
            return {key: item for key, item in bound.items() if item is not _NOTHING}
        if isinstance(value, list):
            items = [self.value(item, (*path, position)) for position, item in enumerate(value)]
            return [item for item in items if item is not _NOTHING]
        if isinstance(value, Substitution):
            return self._substitution(value, path)
        if isinstance(value, Concatenation):
            return self._concatenation(value, path)
        if isinstance(value, Override):
            return self._override(value, path)
        return value

    def _substitution(self, wanted: Substitution, path: Path) -> Any:
        if wanted.name in self.following or len(self.following) > _MAX_STEPS:
            loop = " -> ".join((*self.following, wanted.name))
            self._problem(wanted, path, f"${{{wanted.name}}} refers to itself: {loop}", "Break the circle.")
            return ""
        found = self.scope.find(wanted.name, _NOTHING)
        if found is not _NOTHING and has_placeholders(found):
            self.following.append(wanted.name)
            found = self.value(found, path)
            self.following.pop()
        if found is not _NOTHING:
            return found
        if self.later and (not wanted.optional or self.later(wanted.name)):
            return wanted
        if not wanted.optional:
            remedy = did_you_mean(wanted.name, self.scope.names())
            self._problem(
                wanted, path, f"${{{wanted.name}}} has no value", remedy or f"Give it one: `-p {wanted.name} VALUE`."
            )
        return _NOTHING

    def _problem(self, wanted: Substitution, path: Path, message: str, remedy: str) -> None:
        key = ".".join(str(part) for part in path)
        problem = Problem("unresolved-substitution", message, wanted.span, key, remedy)
        if problem not in self.problems:
            self.problems.append(problem)

    def _concatenation(self, value: Concatenation, path: Path) -> Any:
        parts = [self.value(part, path) for part in value.parts]
        if any(isinstance(part, PLACEHOLDERS) for part in parts):
            return Concatenation(tuple(parts))
        known = [part for part in parts if part is not _NOTHING]
        if any(isinstance(part, dict | list) for part in known):
            known = [part for part in known if not isinstance(part, Blank)]
            if len({type(part) for part in known}) > 1:
                known = [text_of(part) if not isinstance(part, dict | list) else str(part) for part in known]
        if not known:
            return _NOTHING
        return known[0] if len(known) == 1 else concatenate(known)

    def _override(self, value: Override, path: Path) -> Any:
        later = self.value(value.later, path)
        if isinstance(later, dict):
            earlier = self.value(value.earlier, path)
            return later if earlier is _NOTHING else overridden(earlier, later)
        if later is _NOTHING:
            return self.value(value.earlier, path)
        return Override(value.earlier, later) if isinstance(later, PLACEHOLDERS) else later
