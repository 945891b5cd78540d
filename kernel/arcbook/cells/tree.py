"""A value read from text, with the place of everything in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from arcbook.core.span import Span

#: Keys and list positions from the root: `("watermark", "eventTime")`, `("environments", 0)`.
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Substitution:
    """`${name}` or `${?name}`, not yet replaced."""

    name: str
    span: Span
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Concatenation:
    """Adjacent values that become one text (`${ROOT}"/data"`), or merge when they are objects or lists."""

    parts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Override:
    """A key written twice where binding decides: `later` wins unless it is an optional substitution without a value.

    Two objects merge, as everywhere in HOCON.
    """

    earlier: Any
    later: Any


#: Values that binding replaces.
PLACEHOLDERS = (Substitution, Concatenation, Override)


@dataclass(frozen=True, slots=True)
class Tree:
    """One object: plain values (and Substitution, Concatenation before binding) with a place for every path.

    `spans` holds the place of the value at each path; `key_spans` that of the key itself. The root's path is `()`.
    """

    value: dict[str, Any]
    spans: Mapping[Path, Span] = field(default_factory=dict)
    key_spans: Mapping[Path, Span] = field(default_factory=dict)

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
        return replace(self, value=value)


def member(value: Any, part: str | int) -> Any:
    """The member of an object or the item of a list, or None where there is none."""
    if isinstance(value, dict):
        return value.get(str(part)) if isinstance(part, int) else value.get(part)
    if isinstance(value, list | tuple) and isinstance(part, int) and part < len(value):
        return value[part]
    return None
