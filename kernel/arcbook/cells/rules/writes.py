"""Writes that take more away than their author may have meant."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from arcbook.cells.places import span_within
from arcbook.cells.rules.base import JobFacts, Rule, StageFacts
from arcbook.core.problem import Problem, Severity
from arcbook.core.span import Span
from arcbook.sql.shape import Removal, removals
from arcbook.stages.keys import Role

#: A quick look, so that the text of other statements is not split up.
_MAY_REMOVE = re.compile(r"\b(?:delete|update|truncate|drop)\b", re.IGNORECASE)
_CREATES = re.compile(r"\s*create\b.*?\btable\s+(?:if\s+not\s+exists\s+)?((?:[\w.]|`[^`]*`)+)", re.I | re.S)
_PATTERN = re.compile(r"/[^/]*[*?\[{].*$")


class Removals(Rule):
    """DELETE, UPDATE, TRUNCATE, DROP and MERGE say which rows they mean.

    A table that the job creates again after dropping it is rebuilt, not lost.
    """

    def __init__(self, job: JobFacts) -> None:
        super().__init__(job)
        self._found: list[tuple[Removal, Problem]] = []
        self._made: set[str] = set()

    def stage(self, facts: StageFacts) -> Iterable[Problem]:
        """Note removals, and what is made again."""
        self._made.update(_plain(name) for name in facts.creates())
        text = facts.rendered.text if facts.rendered is not None else facts.tree.value.get("sql")
        if not isinstance(text, str):
            return ()
        if created := _CREATES.match(text):
            self._made.add(_plain(created[1]))
        if _MAY_REMOVE.search(text):
            for removal in removals(text):
                span = facts.place(removal.start, removal.end) if facts.rendered is not None else None
                span = span or span_within(facts.tree, ("sql",), facts.cell.source, removal.start, removal.end)
                self._found.append((removal, _problem(removal, span)))
                self._made.discard(_plain(removal.table))
        return ()

    def end(self) -> Iterable[Problem]:
        """The removals after which nothing was made anew."""
        for removal, problem in self._found:
            rebuilt = removal.what.startswith("DROP TABLE") and _plain(removal.table) in self._made
            if not rebuilt:
                yield problem


def _problem(removal: Removal, span: Span | None) -> Problem:
    conditional = removal.what.startswith(("DELETE", "UPDATE"))
    remedy = (
        "Add WHERE with the rows that are meant, or `WHERE TRUE` if all are."
        if conditional
        else "Add a condition (`AND …`) with the rows that are meant."
        if removal.what.startswith("MERGE")
        else "Make sure that nobody needs it any more; DELETE with WHERE takes rows away."
    )
    return Problem("destructive-write", removal.what, span, "sql", remedy, Severity.WARNING)


def _plain(name: str) -> str:
    return name.replace("`", "").lower()


class OverwrittenInputs(Rule):
    """What an earlier stage reads is not overwritten: a second run would read what the first one wrote."""

    def __init__(self, job: JobFacts) -> None:
        super().__init__(job)
        self._read: dict[str, str] = {}

    def stage(self, facts: StageFacts) -> Iterable[Problem]:
        """A load over a place that was read, or a statement over the table it reads."""
        value = facts.tree.value
        for _, place in facts.values(Role.READS_PLACE):
            if isinstance(place, str):
                self._read.setdefault(_folder(place), str(value.get("name")))
        for key, place in facts.values(Role.WRITES_PLACE):
            reader = self._read.get(_folder(place)) if isinstance(place, str) else None
            if reader is not None and _replaces(value):
                message = f"this overwrites what the stage `{reader}` reads: a rerun would start from another state"
                yield _overwrites(message, facts.tree.span((key,)), key)
        yield from self._statement(facts)

    def _statement(self, facts: StageFacts) -> Iterator[Problem]:
        statement = facts.statement
        if statement is None or facts.rendered is None or not _REPLACING.match(facts.rendered.text):
            return
        reads = {each.name.lower(): each for each in statement.reads}
        for target in statement.writes:
            if source := reads.get(target.name.lower()):
                message = f"this overwrites `{target.name}`, which the same statement reads"
                yield _overwrites(message, facts.place(source.start, source.end), "sql")


_REPLACING = re.compile(r"\s*(?:insert\s+overwrite|create\s+or\s+replace\s+table)\b", re.IGNORECASE)


def _overwrites(message: str, span: Any, key: str) -> Problem:
    remedy = "Write to another place, or change only the rows that are meant (`replaceWhere`, MERGE)."
    return Problem("overwrites-input", message, span, key, remedy, Severity.WARNING)


def _replaces(value: dict[str, Any]) -> bool:
    options = value.get("options")
    some = value.get("replaceWhere") or (isinstance(options, dict) and options.get("replaceWhere"))
    some = some or value.get("partitionOverwriteMode") == "dynamic"
    return value.get("saveMode", "Overwrite") == "Overwrite" and not some


def _folder(place: str) -> str:
    """The folder that a path or pattern means, the same for all spellings of S3's scheme."""
    folder = _PATTERN.sub("", place).rstrip("/")
    return re.sub(r"^s3[an]?://", "s3://", re.sub(r"^file:/+", "/", folder))
