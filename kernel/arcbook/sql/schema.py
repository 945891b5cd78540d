"""Static columns: what a query yields, and which columns it names that do not exist."""

from collections.abc import Mapping
from dataclasses import dataclass

from arcbook.sql.errors import SqlError
from arcbook.sql.parse import parse


@dataclass(frozen=True, slots=True)
class UnknownColumn:
    """A column at `sql[start:end]` that none of its sources has; `known` are the names there are."""

    name: str
    start: int
    end: int
    known: tuple[str, ...]


def unknown_columns(sql: str, schemas: Mapping[str, Mapping[str, str]]) -> list[UnknownColumn]:
    """Placeholder until the resolver lands."""
    return []
