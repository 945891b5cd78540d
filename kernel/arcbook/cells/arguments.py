r"""The arguments on a magic's first line: words `key=value`, separated by blanks.

Arc's grammar with its bugs mended: double or single quotes group a whole value or a part of it (`name="my stage"`,
`sqlParams=a="x y",b=1`); `\"` inside double quotes is a quote; a single quote inside a word is a character (`it's`).
What Arc drops in silence (a word without `=`, a blank behind `=`) is a problem. A key given twice: the last one wins.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from arcbook.cells.model import Argument
from arcbook.core.problem import Problem
from arcbook.core.span import Span

# An `=` directly followed by another one belongs to the key, as in Arc.
_KEY = re.compile(r"([^\s=\"']+?=*)=(?!=)")
_PIECE = re.compile(
    r"""
    "(?P<double>(?:[^"\\]|\\.)*)"
  | (?P<text>[^\s"]+)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Line:
    """What a first line holds: arguments by name, those that a later one of their name overrules, words, problems."""

    arguments: Mapping[str, Argument] = field(default_factory=dict)
    overruled: tuple[tuple[str, Argument], ...] = ()
    words: tuple[Argument, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_arguments(
    source: str, start: int, end: int, *, number: int | None = None, origin: str = "", positional: bool = False
) -> Line:
    """The arguments in `source[start:end]`. `positional` allows words without `=`."""
    arguments: dict[str, Argument] = {}
    overruled: list[tuple[str, Argument]] = []
    words: list[Argument] = []
    problems: list[Problem] = []

    def span(first: int, last: int) -> Span:
        return Span.at(source, first, last, cell=number, origin=origin)

    position = start
    while True:
        while position < end and source[position].isspace():
            position += 1
        if position >= end:
            break
        key = _KEY.match(source, position, end)
        first = key.end() if key else position
        value, stop, closed, offsets = _value(source, first, end)
        if not closed:
            problems.append(
                Problem(
                    "magic-argument", "the quoted value is not closed", span(first, end), remedy='Close it with `"`.'
                )
            )
            break
        if key is None:
            word = Argument(value, span(first, stop))
            words.append(word)
            if not positional:
                problems.append(_not_an_argument(word))
        elif first == stop:
            problems.append(_empty(key[1], span(position, stop)))
            following = re.compile(r"\s+[^\s=]+(?=\s|$)").match(source, stop, end)
            stop = following.end() if following else stop  # the word that was meant as the value
        else:
            if key[1] in arguments:
                overruled.append((key[1], arguments[key[1]]))
            arguments[key[1]] = Argument(value, span(first, stop), span(position, key.end(1)), offsets)
        position = max(stop, position + 1)
    return Line(arguments, tuple(overruled), tuple(words), tuple(problems))


def _value(source: str, position: int, end: int) -> tuple[str, int, bool, tuple[int, ...]]:
    """The value that starts at `position`, its end, whether its quotes are closed, and its characters' offsets."""
    start = position
    if source.startswith("'", position):
        # Single quotes group only a whole value: inside a word an apostrophe is a character.
        closing = re.compile(r"'(?=\s|$)").search(source, position + 1, end)
        if closing:
            value = source[position + 1 : closing.start()]
            return value, closing.end(), True, tuple(range(1, len(value) + 2))
    pieces: list[tuple[str, bool]] = []
    while position < end and not source[position].isspace():
        found = _PIECE.match(source, position, end)
        if found is None:
            return "", end, False, ()
        quoted = found["double"] is not None
        pieces.append((found[0], quoted))
        position = found.end()
    if len(pieces) == 1 and pieces[0][1]:
        value, offsets = _unescaped_with_offsets(pieces[0][0][1:-1])
        return value, position, True, tuple(offset + 1 for offset in offsets)
    # Quotes around a part stay: whoever splits the value (`sqlParams`) needs them; other values lose them there.
    return source[start:position], position, True, tuple(range(position - start + 1))


def _unescaped(text: str) -> str:
    return re.sub(r'\\(["\\])', r"\1", text)


def _unescaped_with_offsets(text: str) -> tuple[str, list[int]]:
    """A text without its escapes, and the offset in `text` of each of its characters and of its end."""
    starts = [found.start() for found in re.finditer(r'\\["\\]|.', text, re.DOTALL)]
    return _unescaped(text), [*starts, len(text)]


def split_items(value: str) -> list[tuple[str, int, int]]:
    """The items of a list argument, separated by commas outside quotes: text without quotes, and offsets in `value`."""
    items = []
    for found in re.finditer(r'(?:"(?:[^"\\]|\\.)*"|\$\{[^}]*\}|[^,"])+', value):
        text = found[0].strip()
        if text:
            start = found.start() + found[0].index(text)
            items.append((unquoted(text), start, start + len(text)))
    return items


def split_pairs(value: str) -> list[tuple[str, str, int, int]]:
    """The `name=value` pairs of a map argument, separated by commas or blanks outside quotes.

    Yields name, value without its quotes, and the offsets of the pair in `value`. A part without `=` has the name "".
    """
    pairs = []
    for found in re.finditer(r'(?:"(?:[^"\\]|\\.)*"|\$\{[^}]*\}|[^\s,"])+', value):
        text = found[0]
        key = _KEY.match(text)
        if key is None:
            pairs.append(("", text, found.start(), found.end()))
            continue
        pairs.append((key[1], unquoted(text[key.end() :]), found.start(), found.end()))
    return pairs


def unquoted(text: str) -> str:
    """A value without double quotes around it."""
    if len(text) > 1 and text.startswith('"') and text.endswith('"'):
        return _unescaped(text[1:-1])
    return text


def _not_an_argument(word: Argument) -> Problem:
    return Problem(
        "magic-argument",
        f"`{word.value}` is no argument: expected `key=value`",
        word.span,
        remedy="Put a value that has blanks into double quotes, and the body on the next line.",
    )


def _empty(name: str, span: Span) -> Problem:
    return Problem(
        "magic-argument",
        f"`{name}=` has no value",
        span,
        name,
        f'Write the value directly behind the `=`, or `{name}=""` for an empty text.',
    )
