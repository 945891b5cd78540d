"""Columns: those that a statement's views do not have, and those whose order nobody knows."""

from collections.abc import Iterable

from arcbook.cells.rules.base import JobFacts, Rule, StageFacts, names_in
from arcbook.core.problem import Problem, Severity
from arcbook.core.suggest import did_you_mean
from arcbook.sql.shape import first_star


class UnknownColumns(Rule):
    """A statement names only columns that its views have."""

    def stage(self, facts: StageFacts) -> Iterable[Problem]:
        """The columns that cannot be there."""
        for column in facts.resolution.unknown:
            listed = f"There are: {', '.join(column.known[:12])}." if column.known else "The statement has no FROM."
            remedy = did_you_mean(column.name, column.known) or listed
            message = f"the statement's views have no column `{column.name}`"
            yield Problem("unknown-column", message, facts.place(column.start, column.end), "sql", remedy)


class Positions(Rule):
    """What is taken by position must not come out of `*`: a new column at the source would shift all behind it."""

    def __init__(self, job: JobFacts) -> None:
        super().__init__(job)
        self._starred: dict[str, Problem] = {}

    def stage(self, facts: StageFacts) -> Iterable[Problem]:
        """A stage that takes a view's columns by position; then, the views with a star that this stage makes."""
        found = []
        for key in facts.stage_type.by_position if facts.stage_type else ():
            for name in names_in(facts.tree.value.get(key)):
                starred = self._starred.get(name.lower())
                if starred is not None and self.job.columns.get(name.lower()) is None:
                    found.append(starred)
        self._note(facts)
        return found

    def _note(self, facts: StageFacts) -> None:
        for use in facts.makes:
            self._starred.pop(use.name.lower(), None)
            if facts.statement is None or facts.rendered is None or (star := first_star(facts.rendered.text)) is None:
                continue
            self._starred[use.name.lower()] = Problem(
                "positional-star",
                f"the view `{use.name}` is typed by position, and `*` leaves the order of its columns to the source",
                facts.place(star, star + 1),
                "sql",
                "Name the columns, in the order of the schema.",
                Severity.WARNING,
            )
