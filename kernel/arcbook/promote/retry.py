"""Argo's retry strategy, computed from the failure table.

Argo compares exit codes as text: `lastRetry.exitCode == 75` is false for ever, in silence. A lost pod (Spot, eviction,
deletion) has the status `Error` and no exit code, whatever its process left with; it counts as transient.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from arcbook.core.failures import FAILURES, Failure, Retry

#: The clause of each retry decision, None for no retry. `retries` is how many tries there were after the first.
#: `more-memory` waits for a pod that grows: the same size would fail the same way. `by-policy` means no, until a target
#: says otherwise.
_CLAUSES: Mapping[Retry, str | None] = MappingProxyType(
    {
        Retry.NEVER: None,
        Retry.BY_POLICY: None,
        Retry.BY_CALLER: None,
        Retry.MORE_MEMORY: None,
        Retry.BACK_OFF: "lastRetry.exitCode == '{code}'",
        Retry.ONCE_AFTER_REFRESH: "(lastRetry.exitCode == '{code}' && asInt(retries) < 1)",
    }
)
_POD_LOST = "lastRetry.status == 'Error'"


def retry_expression(failures: Iterable[Failure] = tuple(FAILURES.values())) -> str:
    """When Argo shall try again, as an expression of its expression language."""
    by_code = sorted(failures, key=lambda each: each.exit_code)
    clauses = ((_CLAUSES[failure.retry] or "").format(code=failure.exit_code) for failure in by_code)
    return " || ".join([_POD_LOST, *filter(None, clauses)])
