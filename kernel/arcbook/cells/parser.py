"""Recursive descent over tokens: objects, lists, concatenations, with a place for every path."""

from typing import Any

from arcbook.cells.includes import IncludeFormError, Includes, Statement, read_form
from arcbook.cells.keypaths import append_at, name_parts, next_position, place
from arcbook.cells.lexer import BadEscapeError, Token, tokens, unquote
from arcbook.cells.merge import MergeError, as_list, concatenate, merged
from arcbook.cells.numbers import number
from arcbook.cells.tree import BEHIND, PLACEHOLDERS, Path, Substitution, Tree
from arcbook.core.problem import Problem, Severity
from arcbook.core.span import Lines, Span

#: Deeper text is refused: it would exhaust Python's stack, and no job needs it.
MAX_DEPTH = 100

_VALUE_STARTS = frozenset({"string", "triple", "word", "substitution", "{", "["})
_SKIPPED = frozenset({"blank", "newline", "comment"})
_NAMES = {"end": "the end of the text", "newline": "the end of the line", "substitution": "a substitution"}
_CONSTANTS = {"true": True, "false": False, "null": None}


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
    """Reads values from the tokens of one text. Spans are collected in `spans` and `key_spans` as values are read.

    `includes` reads what the text includes; None: nothing can be included.
    """

    def __init__(self, text: str, lines: Lines, includes: Includes | None = None) -> None:
        self.text = text
        self.lines = lines
        self.includes = includes or Includes()
        self.tokens = tokens(text)
        self.index = 0
        self.depth = 0
        self.home: tuple[str, ...] = ()
        self.spans: dict[Path, Span] = {}
        self.key_spans: dict[Path, Span] = {}
        self.overruled: list[Problem] = []
        self.reads_stages = False
        self.composed: set[Path] = set()

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
        return _NAMES.get(token.kind) or f"`{_short(token.text)}`"

    # -- objects ------------------------------------------------------------------------------------------------------

    def tree(self) -> Tree:
        """The object at hand, a stage, as a tree of its own, with fresh spans."""
        self.reads_stages = True
        self.spans, self.key_spans, self.composed, self.depth = {}, {}, set(), 0
        start = self.token.start
        value = self.object(())
        self.spans[()] = self.lines.span(start, self.tokens[self.index - 1].end)
        return self.made(value)

    def made(self, value: dict[str, Any]) -> Tree:
        """A tree of what was read, with what was found since the last one."""
        found = (*self.includes.problems, *self.overruled)
        self.includes.problems.clear()
        self.overruled.clear()
        return Tree(value, self.spans, self.key_spans, self.includes.texts, found, frozenset(self.composed))

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
            last: Token | None = None
            if self.token.text == "include" and self.token.kind == "word":
                self._include(target, path)
            else:
                last = self._member(target, path)
            ended = self.skip()
            if self.token.kind == ",":
                self.index += 1
            elif not ended and self.token.kind not in (closing, "end"):
                raise self._after_value(last, closing)

    def _member(self, target: dict[str, Any], path: Path) -> Token | None:
        """One `key: value`; returns what `value` says of a missing comma."""
        key = self.token
        keys, key_end = self._key()
        full = (*path, *keys)
        if len(full) > MAX_DEPTH:
            raise self._too_deep(key)
        key_span = self.lines.span(key.start, key_end)
        self.skip()
        separator = self.token.kind
        if separator in (":", "=", "append"):
            self.index += 1
            self.skip()
        elif separator != "{":
            shown = _short(self.text[key.start : key_end])
            raise self.fail(
                f"expected `:` or `=` behind the key `{shown}`, found {self.describe(self.token)}",
                remedy="Put text that has blanks or special characters into double quotes.",
            )
        start = self.token.start
        appended = separator == "append"
        try:
            place_of_value = (*full, next_position(target, keys)) if appended else full
            value, last = self.value(place_of_value)
            if appended:
                names = tuple(map(str, full))
                append_at(target, keys, value, Substitution(".".join(names), key_span, True, names))
            else:
                place(target, keys, value)
        except MergeError as error:
            raise self.fail(str(error), at=key) from None
        if full in self.key_spans and not appended:
            self._note_overruled(full, key_span, value)
        span = self.lines.span(start, self.tokens[self.index - 1].end)
        self.key_spans[full], self.spans[full] = key_span, span
        if appended:
            self.spans[place_of_value] = span
        for length in range(len(path) + 1, len(full)):
            self.key_spans[full[:length]], self.spans[full[:length]] = key_span, span
        return last

    def _note_overruled(self, path: Path, later: Span, value: Any) -> None:
        """A key of a stage that a later one overrules by a plain value, which is mostly a slip.

        Beside the stages it is a habit of HOCON's, as it is where the first one comes from an included file.
        """
        earlier = self.key_spans[path]
        in_stage = self.reads_stages or any(isinstance(part, int) for part in path)
        if not in_stage or earlier.origin != later.origin or isinstance(value, (dict, *PLACEHOLDERS)):
            return
        key = ".".join(map(str, path))
        message = f"`{path[-1]}` stands here and again {_place(earlier, later)}; that one is taken"
        self.overruled.append(
            Problem("conflicting-keys", message, earlier, key, "Remove one of the two.", Severity.WARNING)
        )

    # -- includes -----------------------------------------------------------------------------------------------------

    def _include(self, target: dict[str, Any], path: Path) -> None:
        """The statement at hand: the members of the documents it names become members of `target`."""
        statement = self._statement()
        item = next((end for end, part in enumerate(path, start=1) if isinstance(part, int)), 0)
        self.composed.add(path[:item])
        for document in self.includes.documents(statement):
            lines = Lines(document.text, origin=document.origin)
            reader = Parser(document.text, lines, self.includes.inside(document.address))
            reader.spans, reader.key_spans, reader.composed = self.spans, self.key_spans, self.composed
            reader.overruled = self.overruled
            reader.depth = self.depth
            names = tuple(part for part in path if isinstance(part, str))
            reader.home = names if len(names) == len(path) else ()
            try:
                reader.document(target, path)
            except SyntaxProblemError as error:
                # Its offset is one of the other text; here reading may go on behind the statement.
                raise SyntaxProblemError(error.problem, self.token.start) from None

    def _statement(self) -> Statement:
        keyword = self.token
        self.index += 1
        words: list[str] = []
        address: Token | None = None
        while self.token.kind in ("word", "blank", "string", "triple"):
            if self.token.kind in ("string", "triple") and address is None:
                address = self.token
                words.append("")
            elif self.token.kind == "word":
                words.append(self.token.text)
            elif self.token.kind != "blank":
                break
            self.index += 1
        if address is None:
            raise self.fail(
                f"expected a quoted address behind `include`, found {self.describe(self.token)}",
                at=self.token if self.token.kind != "end" else keyword,
                remedy='Write `include "common.conf"`, or the key in quotes: `"include"`.',
            )
        position = words.index("")
        try:
            kind, required = read_form("".join(words[:position]), "".join(words[position + 1 :]))
        except IncludeFormError as error:
            raise self.fail(
                str(error),
                at=keyword,
                remedy='Write `include "a.conf"` or `include required(file("a.conf"))`; also `url(…)`, `classpath(…)`.',
            ) from None
        return Statement(self._text(address), kind, required, self.lines.span(address.start, address.end))

    def document(self, target: dict[str, Any], path: Path = ()) -> Span:
        """A whole text as members of `target`: one object, whose braces HOCON allows to leave out; its place."""
        self.skip()
        start, end = 0, len(self.text)
        if self.token.kind == "{":
            opening = self.token
            self.index += 1
            self.members(target, path, opening)
            start, end = opening.start, self.token.end
            self.index += 1
        elif self.token.kind == "[":
            raise self.fail("expected an object, found a list", remedy="Put the list under a key of an object.")
        else:
            self.members(target, path, None)
        self.at_end()
        return self.lines.span(start, end)

    def at_member(self) -> bool:
        """Whether a member of an object or an `include` begins here, as in a document without braces."""
        following = self.index + 1
        while self.tokens[following - 1].kind != "end" and self.tokens[following].kind == "blank":
            following += 1
        if self.token.kind == "word" and self.token.text == "include":
            return True
        starts = self.token.kind in ("word", "string")
        return starts and self.tokens[following].kind in (":", "=", "append", "{")

    def at_end(self) -> None:
        """Nothing may follow."""
        self.skip()
        if self.token.kind != "end":
            raise self.fail(f"expected the end of the text, found {self.describe(self.token)}")

    # -- keys ---------------------------------------------------------------------------------------------------------

    def _key(self) -> tuple[list[str], int]:
        """The key at hand split at its dots outside quotes, and where it ends."""
        first, following = self.token, self.tokens[self.index + 1].kind
        if first.kind == "string" and following in (":", "="):
            self.index += 1
            return [self._text(first)], first.end
        pieces: list[Token] = []
        while self.token.kind in ("string", "triple", "word", "blank"):
            pieces.append(self.token)
            self.index += 1
        while pieces and pieces[-1].kind == "blank":
            pieces.pop()
        if not pieces:
            raise self.fail(f"expected a key, found {self.describe(self.token)}")
        keys, quoted = [""], [False]
        for piece in pieces:
            if piece.kind == "word":
                head, *rest = piece.text.split(".")
                keys[-1] += head
                keys.extend(rest)
                quoted.extend(False for _ in rest)
            else:
                keys[-1] += piece.text if piece.kind == "blank" else self._text(piece)
                quoted[-1] |= piece.kind != "blank"
        if any(not key and not was_quoted for key, was_quoted in zip(keys, quoted, strict=True)):
            raise self.fail("a part of this dotted key is empty", at=pieces[0])
        return keys, pieces[-1].end

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
                listed = max(listed, BEHIND)
        if len(pieces) == 1:
            return self._combined(parts), None
        self.composed.add(path)
        self._not_two_stages(pieces, [part for part in parts if not isinstance(part, Blank)])
        return self._combined(parts), pieces[-1]

    def _not_two_stages(self, pieces: list[Token], parts: list[Any]) -> None:
        """Adjacent objects merge; two that both have a type were meant to be two, and one would vanish in silence."""
        typed = [piece for piece, part in zip(pieces, parts, strict=True) if isinstance(part, dict) and "type" in part]
        if len(typed) > 1:
            raise self.fail(
                "two objects that both have a `type` would become one",
                at=typed[1],
                remedy="Put a comma or a new line between them.",
            )

    def _combined(self, parts: list[Any]) -> Any:
        if len(parts) == 1:
            only = parts[0]
            return self._simple(only) if isinstance(only, Token) else only
        if not any(isinstance(part, dict | list) for part in parts):
            return concatenate([self._part(part) if isinstance(part, Token) else part for part in parts])
        kept = [part for part in parts if not isinstance(part, Blank)]
        for part in kept:
            if isinstance(part, Token) and part.kind != "substitution":
                raise self.fail(
                    f"{self.describe(part)} cannot be joined with an object or list",
                    at=part,
                    remedy="Separate two members by a comma or a new line.",
                )
        values = [self.substitution(part) if isinstance(part, Token) else part for part in kept]
        kinds = {type(as_list(value)) for value in values if isinstance(value, dict | list)}
        objects = [value for value in values if isinstance(value, dict)]
        if len(objects) == len(values):
            return merged(objects)
        if len(kinds) > 1:
            raise self.fail("an object and a list cannot be joined", remedy="Separate two values by a comma.")
        return concatenate(values)

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
            raise self._too_deep(self.token)

    def _too_deep(self, token: Token) -> SyntaxProblemError:
        return self.fail(f"objects and lists are nested more than {MAX_DEPTH} deep", at=token)

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
        try:
            parts = name_parts(inner.removeprefix("?").strip())
        except ValueError as error:  # also an escape that does not exist
            remedy = 'Write `${name}`; special characters stand in quotes: `${"a:b"}`.'
            raise self.fail(str(error), at=token, remedy=remedy) from None
        path = tuple(parts) if any("." in part for part in parts) else ()
        span = self.lines.span(token.start, token.end)
        return Substitution(".".join(parts), span, optional, path, self.home)


def _place(earlier: Span, later: Span) -> str:
    """Where the later one of two places in a text is."""
    return "on this line" if later.line == earlier.line else f"on line {later.line}"


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}…"


def _remedy_for(message: str) -> str:
    if "outside quotes" in message:
        return "Put the text into double quotes."
    if "not closed on its line" in message:
        return 'Close it with `"`; text of several lines stands between `"""` and `"""`.'
    return ""
