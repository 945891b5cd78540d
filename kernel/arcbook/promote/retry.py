"""Argo's retry strategy, computed from the failure table, and the check of such expressions.

Argo compares exit codes as text: `lastRetry.exitCode == 75` is false for ever, in silence. A lost pod (Spot, eviction,
deletion) has the status `Error` and no exit code, whatever its process left with; it counts as transient.
"""

import re
from collections.abc import Callable, Iterable, Mapping
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


_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'[^'\\]*'|"[^"\\]*")|(?P<number>\d+)|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    |(?P<operator>\|\||&&|==|!=|<=|>=|<|>|[()]))""",
    re.VERBOSE,
)
_VARIABLES = frozenset({"retries", "lastRetry.exitCode", "lastRetry.status", "lastRetry.duration", "lastRetry.message"})
_COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">="})


def expression_fault(expression: str) -> str:
    """What is wrong with a retry expression, or an empty text.

    Knows what `retry_expression` writes: comparisons of Argo's retry variables (all of them are text) with text, or of
    `asInt(…)` with numbers, joined by `&&`, `||` and brackets.
    """
    tokens: list[tuple[str, str]] = []
    position = 0
    while expression[position:].strip():
        found = _TOKEN.match(expression, position)
        if found is None:
            return f"`{expression[position:].strip()[:20]}` is not understood"
        tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
        position = found.end()
    parser = _Parser(tokens)
    try:
        parser.alternatives()
        if parser.rest:
            return f"`{parser.rest[0][1]}` is not expected"
    except _FaultError as fault:
        return str(fault)
    return ""


class _FaultError(Exception):
    """The expression is wrong; the text says how."""


class _Parser:
    """Recursive descent over the tokens; operands yield their type."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.rest = tokens

    def alternatives(self) -> None:
        self._chain("||", lambda: self._chain("&&", self._comparison))

    def _chain(self, operator: str, part: Callable[[], None]) -> None:
        part()
        while self.rest and self.rest[0] == ("operator", operator):
            self._take()
            part()

    def _comparison(self) -> None:
        if self.rest and self.rest[0] == ("operator", "("):
            self._take()
            self.alternatives()
            self._expect(")")
            return
        left = self._operand()
        kind, operator = self._take()
        if kind != "operator" or operator not in _COMPARISONS:
            raise _FaultError(f"a comparison is expected, not `{operator}`")
        right = self._operand()
        if left != right:
            raise _FaultError(
                f"{left} is compared with {right}, which is never true: variables are text, write '75' or asInt(…)"
            )

    def _operand(self) -> str:
        kind, word = self._take()
        if kind in ("text", "number"):
            return kind
        if kind == "name" and word == "asInt":
            self._expect("(")
            if self._operand() != "text":
                raise _FaultError("asInt takes a text")
            self._expect(")")
            return "number"
        if kind == "name" and word in _VARIABLES:
            return "text"
        raise _FaultError(f"`{word}` is no variable of a retry expression")

    def _expect(self, operator: str) -> None:
        _, word = self._take()
        if word != operator:
            raise _FaultError(f"`{operator}` is expected, not `{word}`")

    def _take(self) -> tuple[str, str]:
        if not self.rest:
            raise _FaultError("it ends too early")
        first, *self.rest = self.rest
        return first
