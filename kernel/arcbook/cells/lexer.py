"""Splitting HOCON and JSON text into tokens with offsets. Never fails: what is no token becomes an error token."""

import re
from itertools import islice
from typing import NamedTuple

#: More tokens are refused: with the values made of them they would take more than about 1.5 GB.
MAX_TOKENS = 4_000_000


class Token(NamedTuple):
    """A piece of text: `kind` is a group name of the pattern below, the character itself for punctuation, `error`
    (then `text` is the message) or `end`."""

    kind: str
    text: str
    start: int
    end: int


# A word lacks the characters that HOCON keeps out of unquoted text; a slash is allowed unless it starts a comment, a
# plus within a number's exponent. No alternative may scan the same text again and again: time must stay linear.
_TOKEN = re.compile(
    r"""
    (?P<blank>(?:[^\S\n]|\ufeff)+)
  | (?P<newline>\n)
  | (?P<comment>(?://|\#)[^\n]*)
  | (?P<triple>\"\"\".*?\"{3,})
  | (?P<string>"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*")
  | (?P<substitution>\$\{(?:[^{}"\n]|"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*")*\})
  | (?P<append>\+=)
  | (?P<punctuation>[{}\[\],:=])
  | (?P<word>(?:[^\s\ufeff$"{}\[\]:=,+\#`^?!@*&\\/]+|/(?!/)|(?<=[0-9][eE])\+(?=[0-9]))+)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


def tokens(text: str) -> list[Token]:
    """All tokens of `text`, with an `end` token behind the last; what is beyond `MAX_TOKENS` is an error token."""
    found: list[Token] = []
    position, length = 0, len(text)
    append, new = found.append, tuple.__new__
    while position < length:
        for hit in islice(_TOKEN.finditer(text, position), MAX_TOKENS - len(found)):
            kind, end = hit.lastgroup or "", hit.end()
            if kind == "punctuation":
                kind = text[position]
            elif kind == "other" or (kind == "string" and text.startswith('"""', position)):
                token = _error(text, position)
                append(token)
                position = token.end
                break
            # `tuple.__new__` spares half of the time of a named tuple's own constructor; this is the hottest line.
            append(new(Token, (kind, text[position:end], position, end)))
            position = end
        if len(found) >= MAX_TOKENS and position < length:
            append(Token("error", f"the text has more than {MAX_TOKENS:,} words and signs", position, position + 1))
            break
    append(Token("end", "", length, length))
    return found


def _error(text: str, position: int) -> Token:
    """The error token at `position`, reaching as far as the mistake presumably does."""
    character = text[position]
    if text.startswith('"""', position):
        return Token("error", 'the text started by `"""` is never closed', position, len(text))
    line_end = text.find("\n", position)
    line_end = len(text) if line_end < 0 else line_end
    if character == '"':
        return Token("error", "the quoted text is not closed on its line", position, line_end)
    if text.startswith("${", position):
        return Token("error", "the substitution is not closed by `}`", position, line_end)
    return Token("error", f"`{character}` cannot stand outside quotes", position, position + 1)


_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")


class BadEscapeError(ValueError):
    """A backslash sequence that JSON does not know, `start` characters into the literal."""

    def __init__(self, sequence: str, start: int) -> None:
        super().__init__(f"`{sequence}` is no escape sequence")
        self.start = start


def unquote(literal: str) -> str:
    r"""The text of a quoted literal; triple quotes keep everything as it is.

    Raises:
        BadEscapeError: for example `\d`, which must be written `\\d`.
    """
    if literal.startswith('"""'):
        return literal[3:-3]
    if "\\" not in literal:
        return literal[1:-1]
    decoded = _ESCAPE.sub(_unescape, literal[1:-1])
    if any("\ud800" <= character <= "\udfff" for character in decoded):
        # A pair of escapes stands for one character beyond U+FFFF; a lonely half is kept, as `json` does.
        decoded = decoded.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return decoded


def _unescape(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    try:
        return _ESCAPES[match[2]]
    except KeyError:
        raise BadEscapeError(match[0], match.start() + 1) from None


def literal_offsets(literal: str) -> list[int]:
    """For each character of the literal's text, where it starts in the literal; the end of the text comes last."""
    if literal.startswith('"""'):
        return list(range(3, len(literal) - 2))
    offsets: list[int] = []
    position, last = 1, len(literal) - 1
    while position < last:
        offsets.append(position)
        hit = _ESCAPE.match(literal, position)
        if hit and hit[1] and "\ud800" <= chr(int(hit[1], 16)) <= "\udbff":
            pair = _ESCAPE.match(literal, hit.end())
            hit = pair if pair and pair[1] and "\udc00" <= chr(int(pair[1], 16)) <= "\udfff" else hit
        position = hit.end() if hit else position + 1
    return [*offsets, last]
