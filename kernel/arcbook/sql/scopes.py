"""What names mean at a place in a query: its sources, their columns, and the queries around it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

# Names that stand without brackets for functions, or that the engine adds to a query.
SPECIAL_NAMES = frozenset(
    (
        "_metadata", "all", "current_catalog", "current_database", "current_date", "current_schema", "current_time",
        "current_timestamp", "current_user", "default", "localtime", "localtimestamp", "session_user",
        "session_window", "user", "window",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """Something columns come from. `columns` (types by name; "" for an unknown type) is None when nothing is known."""

    name: str
    columns: Mapping[str, str] | None
    starred: bool = True
    types: Mapping[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        folded = {name.lower(): type_ for name, type_ in (self.columns or {}).items()}
        object.__setattr__(self, "types", folded)

    def has(self, column: str) -> bool | None:
        """Whether the source has that column, in any case; None when nothing is known of it."""
        return None if self.columns is None else column.lower() in self.types

    def called(self, name: str) -> bool:
        """Whether `name`, perhaps qualified, means this source."""
        own, asked = self.name.lower(), name.lower()
        return own == asked or own.endswith("." + asked)


@dataclass(slots=True)
class Scope:
    """The sources of one query, and those of the queries around it."""

    sources: list[Source] = field(default_factory=list)
    outer: "Scope | None" = None

    def knows(self, parts: Sequence[str], also: Iterable[str] = ()) -> bool:
        """Whether the column `parts` may exist here. Doubt counts as yes."""
        first = parts[0].lower()
        if first in SPECIAL_NAMES or first in also:
            return True
        for source in self.sources:
            # As a column, perhaps with fields behind it.
            if source.has(parts[0]) is not False:
                return True
            # As qualifiers and a column.
            for split in range(1, len(parts)):
                if source.called(".".join(parts[:split])) and source.has(parts[split]) is not False:
                    return True
        return self.outer is not None and self.outer.knows(parts)

    def candidates(self, parts: Sequence[str]) -> tuple[str, ...]:
        """The columns that a misspelt `parts` may have meant, as it would be written."""
        for source in self.sources:
            if len(parts) > 1 and source.called(parts[0]) and source.columns is not None:
                return tuple(f"{parts[0]}.{column}" for column in source.columns)
        return tuple(dict.fromkeys(column for source in self.sources for column in source.columns or ()))
