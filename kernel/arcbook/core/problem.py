"""A finding about a user's text or job."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from arcbook.core.codes import CODES
from arcbook.core.span import Span


class Severity(StrEnum):
    """Whether a finding stops the job."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: what is wrong, where, and what to do about it.

    `code` is one of `arcbook.core.codes.CODES`. `key` is the dotted path of the stage key concerned, in the user's
    spelling, or empty. `remedy` is one imperative sentence, or empty when the message says all. `failure` is the
    class of a run that is refused for it: not `definition` when a place that the job reads from is at fault.
    """

    code: str
    message: str
    span: Span | None = None
    key: str = ""
    remedy: str = ""
    severity: Severity = Severity.ERROR
    failure: str = "definition"

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"no such problem code: {self.code!r}")
        for name in ("message", "key", "remedy"):
            object.__setattr__(self, name, _encodable(getattr(self, name)))

    def placed(self, *, cell: int | None = None, origin: str = "") -> "Problem":
        """The same problem with its place completed by a cell number and a document."""
        if self.span is None:
            return self
        span = replace(self.span, cell=self.span.cell or cell, origin=self.span.origin or origin)
        return replace(self, span=span)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON output; keys without a value are None."""
        span = self.span
        return {
            "code": self.code,
            "severity": str(self.severity),
            "message": self.message,
            "key": self.key or None,
            "origin": (span.origin or None) if span else None,
            "cell": span.cell if span else None,
            "line": span.line if span else None,
            "column": span.column if span else None,
            "end_line": span.end_line if span else None,
            "end_column": span.end_column if span else None,
            "remedy": self.remedy or None,
        }

    def __str__(self) -> str:
        where = f"{self.span}: " if self.span else ""
        mark = "" if self.severity is Severity.ERROR else f"{self.severity}: "
        text = f"{where}{mark}{self.message} [{self.code}]"
        return f"{text}\n  {self.remedy}" if self.remedy else text


def _encodable(text: str) -> str:
    r"""The text with the halves of characters that JSON's `\ud83d` may leave as such escapes: no file takes them."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def errors(problems: list[Problem] | tuple[Problem, ...]) -> list[Problem]:
    """Those of `problems` that stop a job."""
    return [problem for problem in problems if problem.severity is Severity.ERROR]
