"""Parameters: asked for and not declared, put into quotes, declared and never used."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from arcbook.cells.bind import substitutions
from arcbook.cells.model import Cell
from arcbook.cells.places import span_within
from arcbook.cells.rules.base import JobFacts, Rule, StageFacts
from arcbook.core.problem import Problem, Severity
from arcbook.core.span import Span
from arcbook.core.suggest import did_you_mean
from arcbook.sql.placeholders import named_parameters, placeholders, quoted_parameters


class NamedParameters(Rule):
    """`:name` in a statement is a declared parameter, and stands outside quotes."""

    def stage(self, facts: StageFacts) -> Iterable[Problem]:
        """Undeclared names, and names that are text."""
        if facts.rendered is None:
            return
        declarations, text = self.job.job.declarations, facts.rendered.text
        for named in named_parameters(text):
            if named.name not in declarations.by_name and declarations.complete:
                yield self._undeclared(named.name, facts.place(named.start, named.end))
        for quoted in quoted_parameters(text):
            if quoted.name in declarations.by_name:
                yield _quoted(quoted.name, facts.place(quoted.start, quoted.end))

    def _undeclared(self, name: str, span: Span | None) -> Problem:
        remedy = did_you_mean(name, self.job.job.declarations.by_name) or "Declare it in a `%params` cell."
        return Problem("sql-parameter", f"the job declares no parameter `{name}` for `:{name}`", span, "sql", remedy)


def _quoted(name: str, span: Span | None) -> Problem:
    message = f"within quotes `:{name}` is this text, not the value of the parameter"
    remedy = f"Write :{name} without quotes; the engine quotes the value by itself."
    return Problem("sql-parameter", message, span, "sql", remedy, Severity.WARNING)


class NoDefaults(Rule):
    """What follows `=` in `${name=…}` looks like a default and is none: Arc and arcbook throw it away."""

    def stage(self, facts: StageFacts) -> Iterable[Problem]:
        """Placeholders with an `=` that have a value; of those without one `sql-parameter` speaks anyway."""
        sql, params = facts.tree.value.get("sql"), facts.tree.value.get("sqlParams")
        if not isinstance(sql, str) or not isinstance(params, dict) or "=" not in sql:
            return
        for placeholder in placeholders(sql):
            equals = sql.find("=", placeholder.start, placeholder.end)
            if equals >= 0 and placeholder.name in params:
                span = span_within(facts.tree, ("sql",), facts.cell.source, equals, placeholder.end - 1)
                message = (
                    f"`{sql[equals : placeholder.end - 1]}` is no default of `{placeholder.name}`: it is thrown away"
                )
                remedy = f"Write ${{{placeholder.name}}}; a default stands in the `%params` cell."
                yield Problem("sql-parameter", message, span, "sql", remedy, Severity.WARNING)


class UnusedParameters(Rule):
    """Every declared parameter is used: by `:name` or `${name}`, or by its name in Python."""

    def __init__(self, job: JobFacts) -> None:
        super().__init__(job)
        self._unused = set(job.job.declarations.by_name) if job.job.declarations.complete else set()
        for each in job.job.files() if self._unused else ():
            if each.document is not None:
                self._named_in(each.document.value)

    def cell(self, cell: Cell) -> Iterable[Problem]:
        """Text beside the stages: Python, values of `%env`, lines of other magics."""
        if self._unused and cell.magic != "params" and cell.tree is None:  # the document was looked at as a whole
            words = re.findall(r"\w+", cell.source) if cell.magic == "python" else _names_in_text(cell.source)
            self._unused.difference_update(words)
        return ()

    def stage(self, facts: StageFacts) -> Iterable[Problem]:
        """Statements, those of files included, and values."""
        if self._unused:
            self._named_in(facts.tree.value)
            self._unused.difference_update(_named(facts))
        return ()

    def skipped(self, facts: StageFacts) -> Iterable[Problem]:
        """A stage of another environment needs its parameters too; its files are not read."""
        if facts.written.value.get("inputURI") is not None and facts.rendered is None:
            self._unused.clear()
        return self.stage(facts)

    def end(self) -> Iterable[Problem]:
        """The parameters that nothing names."""
        if self.job.lost:
            return
        for name, declaration in self.job.job.declarations.by_name.items():
            if name in self._unused:
                message = f"nothing uses the parameter `{name}`"
                remedy = f"Use it as `:{name}` in SQL or `${{{name}}}` elsewhere, or remove it."
                yield Problem("unused-parameter", message, declaration.span, name, remedy, Severity.WARNING)

    def _named_in(self, value: Any) -> None:
        for text in _texts(value):
            self._unused.difference_update(_names_in_text(text))
        self._unused.difference_update(wanted.parts[0] for wanted in substitutions(value))


_IN_TEXT = re.compile(r"\$\{\??\s*([A-Za-z_]\w*)")


def _names_in_text(text: str) -> list[str]:
    return _IN_TEXT.findall(text) if "${" in text else []


def _named(facts: StageFacts) -> Iterator[str]:
    """The names behind a colon in a statement; those within quotes are reported already."""
    text = facts.rendered.text if facts.rendered is not None else facts.tree.value.get("sql")
    if isinstance(text, str):
        yield from (each.name for each in (*named_parameters(text), *quoted_parameters(text)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
