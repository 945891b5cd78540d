"""What is wrong with a statement, and where."""

from arcbook.core.failures import DefinitionError
from arcbook.core.problem import Problem
from arcbook.core.span import Span


class SqlError(DefinitionError):
    """A statement that cannot be run: its syntax or its parameters are wrong.

    `start` and `end` are offsets in code points in the statement as its author wrote it; `code` is a problem code.
    """

    def __init__(self, message: str, start: int, end: int, *, code: str = "sql-syntax", remedy: str = "") -> None:
        super().__init__(message)
        self.start = start
        self.end = end
        self.code = code
        self.remedy = remedy

    def problem(self, sql: str) -> Problem:
        """The error as a finding whose span counts from the start of `sql`."""
        return Problem(self.code, self.message, Span.at(sql, self.start, max(self.start, self.end)), remedy=self.remedy)
