"""Secrets written into a job: in cells, in values of stages, in defaults of parameters, in SQL files."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from arcbook.cells.lines import content_lines
from arcbook.cells.model import Cell
from arcbook.cells.rules.base import JobFacts, Rule, StageFacts
from arcbook.cells.secrets import Secret
from arcbook.cells.tree import Path, Tree
from arcbook.core.masking import find_secrets, is_reference, names_a_secret
from arcbook.core.problem import Problem, Severity
from arcbook.core.span import Lines, Span

#: Keys whose names say no secret to a machine, below `authentication`.
_KEYS_OF_STORES = frozenset({"customKey"})
#: Ends of keys that hold where a secret is, not the secret.
_POINTS_TO_ONE = re.compile(r"(?:UR[IL]|Uri|Url|Path|File|Name|I[dD]|Arn)$")


class WrittenSecrets(Rule):
    """No secret stands in the text of a job; each is reported once, however many rules of ours see it."""

    def __init__(self, job: JobFacts) -> None:
        super().__init__(job)
        self._found: list[Span] = []
        self._files: set[str] = set()
        self._read: set[str] = set()

    def cell(self, cell: Cell) -> Iterable[Problem]:
        """The text of a cell, by shapes; that of a job file, which the cells of its stages share, once."""
        if cell.tree is not None:
            if cell.source in self._read:
                return
            self._read.add(cell.source)
        lines = Lines(cell.source, origin=cell.origin, cell=cell.number)
        for start, end, kind in find_secrets(cell.source):
            yield from self._once(lines.span(start, end), kind)
        if cell.magic == "env":
            yield from self._settings(cell)

    def stage(self, facts: StageFacts) -> Iterable[Problem]:
        """Values of keys whose names say that they hold a secret, and the stage's SQL file."""
        yield from self._values(facts.written, facts.written.value, ())
        sql, span = facts.tree.value.get("sql"), facts.tree.span(("sql",))
        if isinstance(sql, str) and span is not None and span.origin not in ("", facts.cell.origin, *self._files):
            self._files.add(span.origin)
            lines = Lines(sql, origin=span.origin)
            for start, end, kind in find_secrets(sql):
                yield from self._once(lines.span(start, end), kind)

    def skipped(self, facts: StageFacts) -> Iterable[Problem]:
        """A secret is one in every environment."""
        return self.stage(facts)

    def end(self) -> Iterable[Problem]:
        """Members of a job file beside its stages, and defaults of parameters."""
        for job in self.job.job.files():
            if job.document is not None:
                yield from self._values(job.document, dict(job.values), ())
        for each in self.job.job.declarations:
            text = each.default.address or "-" if isinstance(each.default, Secret) else each.default
            secret = each.type.kind == "secret" or names_a_secret(each.name)
            if secret and isinstance(text, str) and text and not is_reference(text) and each.span is not None:
                yield from self._once(each.span, f"the default of `{each.name}`")

    def _settings(self, cell: Cell) -> Iterator[Problem]:
        for text, span in content_lines(cell):
            name, _, value = text.partition("=")
            bare = value.strip().strip("\"'")
            if bare and names_a_secret(name.strip()) and not is_reference(bare):
                start = span.column + text.index(value.strip(), len(name) + 1)
                place = Span(span.line, start, span.line, span.end_column, span.cell, span.origin)
                yield from self._once(place, f"the value of {name.strip()}")

    def _values(self, tree: Tree, value: Any, path: Path) -> Iterator[Problem]:
        for key, item in value.items() if isinstance(value, dict) else ():
            below = (*path, key)
            if isinstance(item, dict):
                yield from self._values(tree, item, below)
            elif isinstance(item, str) and _holds_secret(key, path) and item.strip() and not is_reference(item):
                span = tree.span(below)
                if span is not None:
                    yield from self._once(span, f"the value of `{key}`")

    def _once(self, span: Span, kind: str) -> Iterator[Problem]:
        if any(_overlap(span, other) for other in self._found):
            return
        self._found.append(span)
        remedy = "Declare it as `secret` in %params, or ask for it by %secret."
        message = f"this looks like a secret ({kind})"
        yield Problem("secret-in-text", message, span, remedy=remedy, severity=Severity.WARNING)


@lru_cache(maxsize=512)
def _holds_secret(key: str, path: Path) -> bool:
    if path[:1] == ("authentication",) and key in _KEYS_OF_STORES:
        return True
    return names_a_secret(key) and not _POINTS_TO_ONE.search(key)


def _overlap(one: Span, other: Span) -> bool:
    if (one.cell, one.origin) != (other.cell, other.origin):
        return False
    return (one.line, one.column) < (other.end_line, other.end_column) and (other.line, other.column) < (
        one.end_line,
        one.end_column,
    )
