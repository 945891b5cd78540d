"""A value read from text, with the place of everything in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from arcbook.core.problem import Problem
from arcbook.core.span import Span

#: Keys and list positions from the root: `("watermark", "eventTime")`, `("environments", 0)`.
Path = tuple[str | int, ...]

#: Where the positions begin of list items behind a substituted list, whose length nobody knows yet.
BEHIND = 10**9


@dataclass(frozen=True, slots=True)
class Substitution:
    """`${name}` or `${?name}`, not yet replaced.

    `path` has the parts of a name whose quotes hold dots (`${"a.b".c}`), else nothing. `home` is, until the document is
    read, where in it the file is included that this stands in: there its names may have their values. `faulty` says
    that what it refers to is wrong, for which there is a problem.
    """

    name: str
    span: Span
    optional: bool = False
    path: tuple[str, ...] = ()
    home: tuple[str, ...] = ()
    faulty: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """The keys from the document's root to what is meant."""
        return self.path or tuple(self.name.split("."))


@dataclass(frozen=True, slots=True)
class Concatenation:
    """Adjacent values that become one text (`${ROOT}"/data"`), or merge when they are objects or lists."""

    parts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Override:
    """A key written twice where binding decides: `later` wins unless it is an optional substitution without a value.

    Two objects merge, as everywhere in HOCON. With `append` (`key += item`) `later` is a list that is put behind the
    earlier one. A reference to the key inside `later` means `earlier`. `layers` counts how often the key was written.
    """

    earlier: Any
    later: Any
    append: bool = False
    layers: int = field(default=1, compare=False)


#: Values that binding replaces.
PLACEHOLDERS = (Substitution, Concatenation, Override)


@dataclass(frozen=True, slots=True)
class Tree:
    """One object: plain values (and Substitution, Concatenation before binding) with a place for every path.

    `spans` holds the place of the value at each path; `key_spans` that of the key itself. The root's path is `()`.
    `texts` has the text of each included document by its origin, `problems` what reading or binding found without
    having to stop. `composed` are the paths of list items that are not written as one object: they include something,
    or join several values. Items behind a substituted list are counted from `BEHIND`.
    """

    value: dict[str, Any]
    spans: Mapping[Path, Span] = field(default_factory=dict)
    key_spans: Mapping[Path, Span] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    problems: tuple[Problem, ...] = field(default=(), compare=False)
    composed: frozenset[Path] = field(default=frozenset(), compare=False, repr=False)

    def span(self, path: Path) -> Span | None:
        """The place of the value at `path`, or of its nearest ancestor that has one."""
        while path and path not in self.spans:
            path = path[:-1]
        return self.spans.get(path)

    def key_span(self, path: Path) -> Span | None:
        """The place of the key at `path`, else that of its value."""
        return self.key_spans.get(path) or self.span(path)

    def at(self, path: Path) -> Any:
        """The value at `path`, or None."""
        value: Any = self.value
        for part in path:
            value = member(value, part)
        return value

    def with_value(self, value: dict[str, Any]) -> "Tree":
        """The same places around another value: binding changes values, never paths."""
        # Each stage asks for several: `dataclasses.replace` would take three times as long.
        return Tree(value, self.spans, self.key_spans, self.texts, self.problems, self.composed)


def member(value: Any, part: str | int) -> Any:
    """The member of an object or the item of a list, or None where there is none."""
    if isinstance(value, dict):
        return value.get(str(part)) if isinstance(part, int) else value.get(part)
    if isinstance(value, list | tuple) and isinstance(part, int) and part < len(value):
        return value[part]
    return None
