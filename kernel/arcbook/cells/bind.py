"""Filling placeholders: `${name}` from an ordered list of lookups. Paths, hence places, stay valid."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from arcbook.cells.merge import MergeError, concatenate, extended, overridden
from arcbook.cells.parser import Blank
from arcbook.cells.tree import PLACEHOLDERS, Concatenation, Override, Path, Substitution, Tree
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem
from arcbook.core.suggest import did_you_mean

_NOTHING = object()

#: Values that may hold placeholders, or are some.
_OPEN = (dict, list, *PLACEHOLDERS)

#: Values nested deeper, by themselves or through references, are not followed.
_MAX_DEPTH = 180
#: What references may add to one stage: values, and characters of glued text.
MAX_EXPANSION = 100_000
MAX_TEXT = 10_000_000


class Scope:
    """Ordered lookups for `${name}`: the first that knows the name wins.

    A lookup maps names to values; a dotted name is looked up through nested mappings, then as it is. Values may hold
    placeholders themselves (a job document's members do), which are filled from the same scope. A value of None is
    one: it hides those of later lookups.
    """

    def __init__(self, *lookups: Mapping[str, Any]) -> None:
        self.lookups = lookups

    def names(self) -> Iterable[str]:
        """All names for suggestions, without the process environment's, which are rarely meant."""
        for lookup in self.lookups:
            if lookup is not os.environ:
                yield from lookup

    def inside(self, lookup: Mapping[str, Any]) -> "Scope":
        """This scope with a lookup behind all others."""
        return Scope(*self.lookups, lookup)


def bind(tree: Tree, scope: Scope) -> Tree:
    """The tree with every placeholder replaced. Optional ones (`${?name}`) without a value remove their key.

    Raises:
        CellError: one `unresolved-substitution` for each name that has no value, `wrong-value` for values that cannot
            be joined or become too large.
    """
    if not has_placeholders(tree.value):
        return tree
    binder = _Binder(scope)
    bound = tree.with_value(binder.whole(tree.value))
    if binder.problems:
        raise CellError(binder.problems)
    return bound


def bind_known(tree: Tree, scope: Scope, later: Callable[[str], bool]) -> Tree:
    """The tree with those placeholders replaced that have a value; the others stay.

    `later` says whether a name may still get a value: if not, an optional placeholder removes its key now. What no
    value can mend (circles, values that cannot be joined) is in the tree's problems.
    """
    if not has_placeholders(tree.value):
        return tree
    binder = _Binder(scope, later)
    value = binder.whole(tree.value)
    return replace(tree, value=value, problems=(*tree.problems, *binder.problems))


def has_placeholders(value: Any) -> bool:
    """Whether anything in `value` still waits to be bound."""
    if isinstance(value, dict):
        return any(has_placeholders(item) for item in value.values())
    if isinstance(value, list):
        return any(has_placeholders(item) for item in value)
    return isinstance(value, PLACEHOLDERS)


def unbound(tree: Tree) -> list[Substitution]:
    """The substitutions that still wait for a value, in the order of the text; not those that a problem is about."""
    return [wanted for wanted in substitutions(tree.value) if not wanted.faulty]


def substitutions(value: Any) -> Iterator[Substitution]:
    """All substitutions in a value, in the order of the text."""
    if isinstance(value, Substitution):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from substitutions(item)
    elif isinstance(value, list):
        for item in value:
            yield from substitutions(item)
    elif isinstance(value, Concatenation):
        for part in value.parts:
            yield from substitutions(part)
    elif isinstance(value, Override):
        yield from substitutions(value.earlier)
        yield from substitutions(value.later)


def without_unset(value: dict[str, Any]) -> dict[str, Any]:
    """An object without the members that are optional substitutions without a value."""
    kept: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, Override) and isinstance(item.later, Substitution) and item.later.optional:
            kept[key] = item.earlier
        elif not (isinstance(item, Substitution) and item.optional):
            kept[key] = without_unset(item) if isinstance(item, dict) else item
    return kept


class _TooLargeError(Exception):
    """Stops the binding of a tree that references make too large or too deep."""


def how_to_give(name: str, known: Iterable[str]) -> str:
    """What to do about a name that has no value, among those that are `known`."""
    near = did_you_mean(name, known)
    return f"{near} Or give a value: `-p {name} VALUE`." if near else f"Give it one: `-p {name} VALUE`."


class _Binder:
    """Fills one tree. Placeholders being filled are `active`, so that a circle is seen and a key's earlier value found.

    Of an Override that is active, `active` says which side is being filled: a reference to the key then means what
    stands below.
    """

    def __init__(self, scope: Scope, later: Callable[[str], bool] | None = None) -> None:
        self.scope = scope
        self.later = later
        self.problems: list[Problem] = []
        self.following: list[Substitution] = []
        self.active: dict[int, str] = {}
        self.own: list[tuple[Path, Override]] = []
        self.known_members: dict[tuple[int, str], tuple[Any, Any]] = {}
        self.said = 0
        self.circles = 0
        self.depth = 0
        self.values = 0
        self.characters = 0

    def whole(self, value: dict[str, Any]) -> dict[str, Any]:
        """A tree's value bound, as far as it can be."""
        try:
            bound: dict[str, Any] = self.value(value, ())
        except _TooLargeError as error:
            self._say_too_large(error, next(substitutions(value)), ())
            return value
        return bound

    def value(self, value: Any, path: Path) -> Any:
        """`value` bound; `_NOTHING` for an optional substitution without a value."""
        if not isinstance(value, _OPEN):
            return value
        if self.depth >= _MAX_DEPTH:
            raise _TooLargeError("the references lead to values that are nested too deeply")
        if self.following:
            self._spend(len(value) + 1 if isinstance(value, dict | list) else 1)
        self.depth += 1
        try:
            if isinstance(value, dict):
                return self._members(value, path)
            if isinstance(value, list):
                items = [self.value(item, (*path, position)) for position, item in enumerate(value)]
                return [item for item in items if item is not _NOTHING]
            return self._placeholder(value, path)
        finally:
            self.depth -= 1

    def _members(self, value: dict[str, Any], path: Path) -> dict[str, Any]:
        bound: dict[str, Any] = {}
        for key, item in value.items():
            if isinstance(item, _OPEN):
                item = self.value(item, (*path, key))
                if item is _NOTHING:
                    continue
            bound[key] = item
        return bound

    def _spend(self, values: int, characters: int = 0) -> None:
        self.values += values
        self.characters += characters
        if self.values > MAX_EXPANSION or self.characters > MAX_TEXT:
            limit = f"{MAX_EXPANSION:,} values or {MAX_TEXT:,} characters"
            raise _TooLargeError(f"the references make the stage larger than {limit}")

    def _placeholder(self, value: Any, path: Path) -> Any:
        if id(value) in self.active:
            return self._again(value, path)
        self.active[id(value)] = "later"
        try:
            if isinstance(value, Substitution):
                return self._substitution(value, path)
            if isinstance(value, Concatenation):
                return self._concatenation(value, path)
            return self._override(value, path)
        finally:
            del self.active[id(value)]

    def _again(self, value: Any, path: Path) -> Any:
        """A placeholder reached while it is being filled: a reference of a key to itself means what it held before."""
        below = value
        while isinstance(below, Override) and (state := self.active.get(id(below))):
            if state == "earlier" and id(below.earlier) not in self.active:
                break
            below = below.earlier
        if id(below) not in self.active:
            return self.value(below, path)
        self.circles += 1
        if isinstance(value, Substitution) and not value.optional:
            self._missing(value, path, circular=True)
        return _NOTHING

    # -- substitutions ------------------------------------------------------------------------------------------------

    def _substitution(self, wanted: Substitution, path: Path) -> Any:
        said, circles = self.said, self.circles
        self.following.append(wanted)
        try:
            found = self._found(wanted, path)
        except _TooLargeError as error:
            if len(self.following) > 1:
                raise
            self._say_too_large(error, wanted, path)
            return replace(wanted, faulty=True)
        finally:
            self.following.pop()
        if found is not _NOTHING:
            return found
        if self.said > said:
            return replace(wanted, faulty=True) if self.later else _NOTHING
        circular = self.circles > circles
        if self.later and (self.later(wanted.name) or not (wanted.optional or circular)):
            return wanted
        if not wanted.optional:
            self._missing(wanted, path, circular=circular)
        return _NOTHING

    def _found(self, wanted: Substitution, path: Path) -> Any:
        for lookup in self.scope.lookups:
            found = self._looked_up(lookup, wanted.parts, path)
            found = found if found is _NOTHING else self.value(found, path)
            if found is not _NOTHING:
                return found
        for own, override in reversed(self.own):
            # A stage has no name by which the document could refer to its keys, so `${key}` may mean its own one.
            if own == wanted.parts and self.active.get(id(override)) == "later":
                return self.value(override.earlier, path)
        return _NOTHING

    def _looked_up(self, lookup: Mapping[str, Any], parts: tuple[str, ...], path: Path) -> Any:
        value: Any = lookup
        for part in parts:
            value = self._member(value, part, path)
            if value is _NOTHING:
                name = ".".join(parts)
                return lookup[name] if len(parts) > 1 and name in lookup else _NOTHING
        return value

    def _member(self, value: Any, part: str, path: Path) -> Any:
        """The member of a value that may still be a placeholder; no more of it is filled than is needed."""
        if isinstance(value, Override) and self.active.get(id(value)) == "earlier":
            return self._member(value.earlier, part, path)
        if isinstance(value, Override) and isinstance(value.later, dict):
            known = self.known_members.get((id(value), part))
            if known is None:
                later = value.later.get(part, _NOTHING)
                earlier = self._member(value.earlier, part, path)
                joined = later if earlier is _NOTHING else earlier if later is _NOTHING else overridden(earlier, later)
                known = self.known_members[id(value), part] = (value, joined)
            return known[1]
        if isinstance(value, PLACEHOLDERS):
            value = self.value(value, path)
        if isinstance(value, Mapping):
            return value.get(part, _NOTHING)
        return _NOTHING

    def _missing(self, wanted: Substitution, path: Path, *, circular: bool) -> None:
        if circular:
            names = [each.name for each in self.following]
            loop = " -> ".join((*names[names.index(wanted.name) if wanted.name in names else 0 :], wanted.name))
            self._problem(wanted, path, f"${{{wanted.name}}} refers to itself: {loop}", "Break the circle.")
            return
        self._problem(wanted, path, f"${{{wanted.name}}} has no value", how_to_give(wanted.name, self.scope.names()))

    def _problem(self, wanted: Substitution, path: Path, message: str, remedy: str) -> None:
        key = ".".join(str(part) for part in path)
        self._say(Problem("unresolved-substitution", message, wanted.span, key, remedy))

    def _say(self, problem: Problem) -> None:
        self.said += 1
        if problem not in self.problems:
            self.problems.append(problem)

    # -- values that meet ---------------------------------------------------------------------------------------------

    def _concatenation(self, value: Concatenation, path: Path) -> Any:
        parts = [self.value(part, path) for part in value.parts]
        if any(isinstance(part, PLACEHOLDERS) for part in parts):
            return Concatenation(tuple(part for part in parts if part is not _NOTHING))
        known = [part for part in parts if part is not _NOTHING]
        if any(isinstance(part, dict | list) for part in known):
            known = [part for part in known if not isinstance(part, Blank)]
        if not known:
            return _NOTHING
        if len(known) == 1:
            return str(known[0]) if isinstance(known[0], Blank) else known[0]
        try:
            joined = concatenate(known)
        except MergeError as error:
            return self._unjoined(error, value, path)
        if isinstance(joined, str | list):
            self._spend(0, len(joined))
        return joined

    def _override(self, value: Override, path: Path) -> Any:
        if not self.following:
            self.own.append((path, value))
        later = self.value(value.later, path)
        if not (value.append or isinstance(later, dict) or later is _NOTHING):
            return Override(value.earlier, later) if isinstance(later, PLACEHOLDERS) else later
        self.active[id(value)] = "earlier"
        earlier = self.value(value.earlier, path)
        if earlier is _NOTHING or later is _NOTHING:
            return later if earlier is _NOTHING else earlier
        if not value.append:
            return overridden(earlier, later)
        if isinstance(earlier, PLACEHOLDERS):
            return Override(earlier, later, append=True)
        try:
            return later if earlier is None else extended(earlier, later)
        except MergeError as error:
            return self._unjoined(error, value, path)

    def _say_too_large(self, error: Exception, wanted: Substitution, path: Path) -> None:
        key = ".".join(str(part) for part in path)
        remedy = "Refer to fewer values, or write them where they are needed."
        self._say(Problem("wrong-value", str(error), wanted.span, key, remedy))

    def _unjoined(self, error: MergeError, value: Any, path: Path) -> Any:
        place = next((each.span for each in substitutions(value)), None)
        key = ".".join(str(part) for part in path)
        remedy = "Only text joins text, a list a list, and an object an object."
        self._say(Problem("wrong-value", str(error), place, key, remedy))
        return _NOTHING
