"""Recursive descent over tokens: objects, lists, concatenations, with a place for every path."""

import re
from typing import Any

from arcbook.cells.lexer import BadEscapeError, Token, tokens, unquote
from arcbook.cells.merge import concatenate, overridden, without_self
from arcbook.cells.numbers import number
from arcbook.cells.tree import Path, Substitution, Tree
from arcbook.core.problem import Problem
from arcbook.core.span import Lines, Span

#: Deeper text is refused: it would exhaust Python's stack, and no job needs it.
MAX_DEPTH = 100

_VALUE_STARTS = frozenset({"string", "triple", "word", "substitution", "{", "["})
_SKIPPED = frozenset({"blank", "newline", "comment"})
_NAMES = {"end": "the end of the text", "newline": "the end of the line", "substitution": "a substitution"}
_CONSTANTS = {"true": True, "false": False, "null": None}
_PATH_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[^."]+')


class SyntaxProblemError(Exception):
    """Stops the parser at a mistake; `offset` is where."""

    def __init__(self, problem: Problem, offset: int) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.offset = offset


class Blank(str):
    """Blanks between adjacent values: part of a text, nothing between lists or objects."""

    __slots__ = ()


class Parser:
    """Reads values from the tokens of one text. Spans are collected in `spans` and `key_spans` as values are read."""

    def __init__(self, text: str, lines: Lines) -> None:
        self.text = text
        self.lines = lines
        self.tokens = tokens(text)
        self.index = 0
        self.depth = 0
        self.spans: dict[Path, Span] = {}
        self.key_spans: dict[Path, Span] = {}

    # -- moving -------------------------------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        """The token at hand."""
        return self.tokens[self.index]

    def skip(self) -> bool:
        """Pass blanks, comments and line ends; whether a line ended."""
        ended = False
        while (kind := self.tokens[self.index].kind) in _SKIPPED:
            ended = ended or kind == "newline"
            self.index += 1
        return ended

    def fail(self, message: str, *, at: Token | None = None, remedy: str = "", inside: int = 0) -> SyntaxProblemError:
        """The error to raise at a token (`inside` characters into it); an error token speaks for itself."""
        token = at or self.token
        if token.kind == "error":
            message, remedy = token.text, _remedy_for(token.text)
        start = token.start + inside
        # An unclosed text may reach to the end of the cell: its first line is enough to point at.
        line_end = self.text.find("\n", start, token.end)
        end = max(start + 1, token.end if line_end < 0 else line_end)
        span = self.lines.span(start, min(end, max(start, len(self.text))))
        return SyntaxProblemError(Problem("syntax", message, span, remedy=remedy), start)

    def describe(self, token: Token) -> str:
        """A token as error messages name it."""
        return _NAMES.get(token.kind) or f"`{token.text}`"

    # -- objects ------------------------------------------------------------------------------------------------------

    def tree(self) -> Tree:
        """The object at hand as a tree of its own, with fresh spans."""
        self.spans, self.key_spans, self.depth = {}, {}, 0
        start = self.token.start
        value = self.object(())
        self.spans[()] = self.lines.span(start, self.tokens[self.index - 1].end)
        return Tree(value, self.spans, self.key_spans)

    def object(self, path: Path) -> dict[str, Any]:
        """The object whose `{` is at hand."""
        opening = self.token
        self._deeper()
        self.index += 1
        value: dict[str, Any] = {}
        self.members(value, path, opening)
        self.index += 1
        self.depth -= 1
        return value

    def members(self, target: dict[str, Any], path: Path, opening: Token | None) -> None:
        """Members up to the closing brace (the end of the text when `opening` is None), which stays at hand."""
        closing = "}" if opening else "end"
        while True:
            self.skip()
            if self.token.kind == closing:
                return
            if self.token.kind == "end" and opening:
                raise self.fail("this `{` is never closed", at=opening, remedy="Add the missing `}`.")
            last = self._member(target, path)
            ended = self.skip()
            if self.token.kind == ",":
                self.index += 1
            elif not ended and self.token.kind not in (closing, "end"):
                raise self._after_value(last, closing)

    def _member(self, target: dict[str, Any], path: Path) -> Token | None:
        """One `key: value`; returns what `value` says of a missing comma."""
        keys, key_start, key_end = self._key()
        full = (*path, *keys)
        key_span = self.lines.span(key_start, key_end)
        self.skip()
        separator = self.token.kind
        if separator in (":", "=", "append"):
            self.index += 1
            self.skip()
        elif separator != "{":
            shown = self.text[key_start:key_end]
            raise self.fail(
                f"expected `:` or `=` behind the key `{shown}`, found {self.describe(self.token)}",
                remedy="Put text that has blanks or special characters into double quotes.",
            )
        for length in range(len(path) + 1, len(full) + 1):
            self.key_spans[full[:length]] = key_span
        start = self.index
        value, last = self.value((*full, 0) if separator == "append" else full)
        span = self.lines.span(self.tokens[start].start, self.tokens[self.index - 1].end)
        for length in range(len(path) + 1, len(full) + 1):
            self.spans[full[:length]] = span
        holder = target
        for key in keys[:-1]:
            inner = holder.get(key)
            if not isinstance(inner, dict):
                inner = holder[key] = {}
            holder = inner
        missing = object()
        before = holder.get(keys[-1], missing)
        value = without_self(value, ".".join(map(str, full)), None if before is missing else before)
        if separator == "append":
            value = [value] if before is missing or before is None else concatenate([before, [value]])
        elif before is not missing:
            value = overridden(before, value)
        holder[keys[-1]] = value
        return last

    def _key(self) -> tuple[list[str], int, int]:
        """The key at hand split at its dots outside quotes, with its offsets."""
        start = self.token.start
        pieces: list[Token] = []
        while self.token.kind in ("string", "triple", "word", "blank"):
            pieces.append(self.token)
            self.index += 1
        while pieces and pieces[-1].kind == "blank":
            pieces.pop()
        if not pieces:
            raise self.fail(f"expected a key, found {self.describe(self.token)}")
        if pieces[0].text == "include" and len(pieces) > 1 and pieces[-1].kind == "string":
            raise self.fail("include is not supported", at=pieces[0], remedy="Write the included text here.")
        keys = [""]
        for piece in pieces:
            if piece.kind == "word":
                first, *rest = piece.text.split(".")
                keys[-1] += first
                keys.extend(rest)
            else:
                keys[-1] += piece.text if piece.kind == "blank" else self._text(piece)
        if "" in keys and not any(piece.kind in ("string", "triple") for piece in pieces):
            raise self.fail("a part of this dotted key is empty", at=pieces[0])
        return keys, start, pieces[-1].end

    def _after_value(self, last: Token | None, closing: str) -> SyntaxProblemError:
        found = self.token
        if last and found.kind in (":", "=") and last.kind in ("string", "word"):
            return self.fail(
                f"a comma is missing in front of {self.describe(last)}",
                at=last,
                remedy="Separate two members by a comma or a new line.",
            )
        expected = "`,` or a new line" if closing == "end" else f"`,`, a new line or `{closing}`"
        return self.fail(
            f"expected {expected} behind the value, found {self.describe(found)}",
            remedy="Put text that has special characters into double quotes." if found.kind in (":", "=") else "",
        )

    # -- values -------------------------------------------------------------------------------------------------------

    def value(self, path: Path) -> tuple[Any, Token | None]:
        """The value at hand; adjacent parts on one line are joined.

        Returns it with the last of several parts: when a `:` follows, that part is the next key and a comma is missing
        in front of it.
        """
        first = self.token
        if first.kind not in _VALUE_STARTS:
            raise self.fail(f"expected a value, found {self.describe(first)}")
        kind = self.tokens[self.index + 1].kind
        if kind not in _VALUE_STARTS and kind != "blank" and first.kind not in ("{", "["):
            self.index += 1
            return self._simple(first), None
        return self._joined(path)

    def _joined(self, path: Path) -> tuple[Any, Token | None]:
        parts: list[Any] = []
        pieces: list[Token] = []
        listed = 0
        while True:
            token = self.token
            if token.kind == "blank" and self.tokens[self.index + 1].kind in _VALUE_STARTS:
                parts.append(Blank(token.text))
                self.index += 1
                continue
            if token.kind not in _VALUE_STARTS:
                break
            pieces.append(token)
            if token.kind == "{":
                parts.append(self.object(path))
            elif token.kind == "[":
                items = self.list(path, listed)
                listed += len(items)
                parts.append(items)
            else:
                self.index += 1
                parts.append(token)
        return self._combined(parts), pieces[-1] if len(pieces) > 1 else None

    def _combined(self, parts: list[Any]) -> Any:
        if len(parts) == 1:
            only = parts[0]
            return self._simple(only) if isinstance(only, Token) else only
        if any(isinstance(part, dict | list) for part in parts):
            kept = [part for part in parts if not isinstance(part, Blank)]
            for part in kept:
                if isinstance(part, Token) and part.kind != "substitution":
                    raise self.fail(
                        f"{self.describe(part)} cannot be joined with an object or list",
                        at=part,
                        remedy="Separate two members by a comma or a new line.",
                    )
            values = [self._simple(part) if isinstance(part, Token) else part for part in kept]
            if len({type(value) for value in values if isinstance(value, dict | list)}) > 1:
                raise self.fail("an object and a list cannot be joined", remedy="Separate two values by a comma.")
            return concatenate(values)
        return concatenate([self._part(part) if isinstance(part, Token) else part for part in parts])

    def list(self, path: Path, base: int) -> list[Any]:
        """The list whose `[` is at hand; its items' positions start at `base`."""
        opening = self.token
        self._deeper()
        self.index += 1
        items: list[Any] = []
        while True:
            self.skip()
            if self.token.kind == "]":
                break
            if self.token.kind == "end":
                raise self.fail("this `[` is never closed", at=opening, remedy="Add the missing `]`.")
            start = self.token.start
            here = (*path, base + len(items))
            value, last = self.value(here)
            items.append(value)
            self.spans[here] = self.lines.span(start, self.tokens[self.index - 1].end)
            ended = self.skip()
            if self.token.kind == ",":
                self.index += 1
            elif not ended and self.token.kind not in ("]", "end"):
                raise self._after_value(last, "]")
        self.index += 1
        self.depth -= 1
        return items

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(f"objects and lists are nested more than {MAX_DEPTH} deep")

    def _simple(self, token: Token) -> Any:
        """The value of a token that stands alone: words may be numbers or constants."""
        if token.kind != "word":
            return self._part(token)
        if token.text in _CONSTANTS:
            return _CONSTANTS[token.text]
        return number(token.text)

    def _part(self, token: Token) -> Any:
        """The value of a token among others: words are text."""
        if token.kind == "substitution":
            return self.substitution(token)
        return token.text if token.kind == "word" else self._text(token)

    def _text(self, token: Token) -> str:
        try:
            return unquote(token.text)
        except BadEscapeError as error:
            raise self.fail(
                str(error), at=token, inside=error.start, remedy="Write a backslash as `\\\\`, or use triple quotes."
            ) from None

    def substitution(self, token: Token) -> Substitution:
        """`${name}` or `${?name}`; quotes around parts of the name are removed."""
        inner = token.text[2:-1]
        optional = inner.startswith("?")
        inner = inner.removeprefix("?").strip()
        parts = [unquote(part) if part.startswith('"') else part for part in _PATH_PART.findall(inner)]
        if not parts:
            raise self.fail("a substitution needs a name", at=token, remedy="Write `${name}`.")
        return Substitution(".".join(parts), self.lines.span(token.start, token.end), optional)


def _remedy_for(message: str) -> str:
    if "outside quotes" in message:
        return "Put the text into double quotes."
    if "not closed on its line" in message:
        return 'Close it with `"`; text of several lines stands between `"""` and `"""`.'
    return ""
