"""Reading retry expressions as Argo does: it takes a faulty one without a word and then never retries."""

import re
from collections.abc import Callable

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
