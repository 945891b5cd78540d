"""The one failure contract: class, exit code, retry decision.

    ArcbookError
    ├── DefinitionError    the job is wrong: text, keys, SQL, parameters
    │   └── CellError      all problems of one cell or job
    ├── QualityError       the data failed a gate
    ├── InputError         data is missing, empty or of another shape
    ├── AccessError        a credential or permission is missing or expired
    ├── TransientError     may work when tried again
    ├── OutOfMemoryError   may work with more memory
    ├── CancelledError     somebody stopped it
    └── InternalError      a bug of ours

Exit codes follow sysexits.h where it has a fitting entry, so that shells and other tools read them rightly; 75
(EX_TEMPFAIL) is the one that schedulers retry.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar

from arcbook.core.problem import Problem, Severity


class Retry(StrEnum):
    """What a scheduler should do after a failure."""

    NEVER = "never"
    BY_POLICY = "by-policy"
    ONCE_AFTER_REFRESH = "once-after-refresh"
    BACK_OFF = "back-off"
    MORE_MEMORY = "more-memory"
    BY_CALLER = "by-caller"


@dataclass(frozen=True, slots=True)
class Failure:
    """A row of the failure table."""

    name: str
    exit_code: int
    retry: Retry
    meaning: str


FAILURES: Mapping[str, Failure] = MappingProxyType(
    {
        failure.name: failure
        for failure in (
            Failure("definition", 64, Retry.NEVER, "the job itself is wrong: text, keys, SQL or parameters"),
            Failure("quality", 65, Retry.NEVER, "the data failed a quality gate"),
            Failure("input", 66, Retry.BY_POLICY, "data is missing, empty or of another shape than expected"),
            Failure("internal", 70, Retry.NEVER, "a bug of arcbook"),
            Failure("memory", 71, Retry.MORE_MEMORY, "the driver or an executor ran out of memory"),
            Failure("transient", 75, Retry.BACK_OFF, "a node, service or connection was lost or throttled"),
            Failure("access", 77, Retry.ONCE_AFTER_REFRESH, "a credential or permission is missing or expired"),
            Failure("cancelled", 130, Retry.BY_CALLER, "a person or the system stopped the run"),
        )
    }
)


class ArcbookError(Exception):
    """Base of every error that reaches a user.

    Args:
        message: one short paragraph: what happened, what was expected, what to do.
        problems: findings with places, when there are any.
        detail: long foreign text (an engine's trace), shown only on demand.
    """

    failure_name: ClassVar[str] = "internal"

    def __init__(self, message: str, *, problems: Iterable[Problem] = (), detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.problems = tuple(problems)
        self.detail = detail

    @property
    def failure(self) -> Failure:
        """The row of the failure table this error belongs to."""
        return FAILURES[self.failure_name]

    @property
    def exit_code(self) -> int:
        """The exit code of a command that ends with this error."""
        return self.failure.exit_code


class DefinitionError(ArcbookError):
    """The job itself is wrong; running it again cannot help."""

    failure_name = "definition"


class CellError(DefinitionError):
    """All problems of one cell or job, in the order of their places."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in found), problems=found)

    @property
    def failure(self) -> Failure:
        """`definition`, unless all problems say that something else is at fault."""
        named = {problem.failure for problem in self.problems if problem.severity is Severity.ERROR}
        return FAILURES[named.pop() if len(named) == 1 else self.failure_name]


class QualityError(ArcbookError):
    """The data failed a gate (SQLValidate, a typing threshold); `gate` is the evidence, as `core.evidence` reads it."""

    failure_name = "quality"

    def __init__(
        self,
        message: str,
        *,
        problems: Iterable[Problem] = (),
        detail: str = "",
        gate: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, problems=problems, detail=detail)
        self.gate = gate


class InputError(ArcbookError):
    """Data is missing, empty where that is not allowed, or of another shape."""

    failure_name = "input"


class AccessError(ArcbookError):
    """A credential or permission is missing or expired."""

    failure_name = "access"


class TransientError(ArcbookError):
    """A node, service or connection was lost or throttled; trying again may help."""

    failure_name = "transient"


class OutOfMemoryError(ArcbookError):
    """The driver or an executor ran out of memory."""

    failure_name = "memory"


class CancelledError(ArcbookError):
    """An interrupt or SIGTERM stopped the run."""

    failure_name = "cancelled"


class InternalError(ArcbookError):
    """A bug of arcbook; the detail holds what to report."""

    failure_name = "internal"


ERRORS_BY_NAME: Mapping[str, type[ArcbookError]] = MappingProxyType(
    {
        error.__name__: error
        for error in (
            DefinitionError, CellError, QualityError, InputError, AccessError, TransientError, OutOfMemoryError,
            CancelledError, InternalError,
        )
    }
)  # fmt: skip
