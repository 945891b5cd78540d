"""Java's DateTimeFormatter patterns, read for parsing.

Only what can be compiled without guessing is accepted; everything else is a problem of the schema, found before a run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

#: What a letter stands for, and how often it may be repeated.
_NUMBERS: Mapping[str, tuple[int, ...]] = {
    "u": tuple(range(1, 10)), "y": tuple(range(1, 10)), "M": (1, 2), "L": (1, 2), "d": (1, 2), "D": (1, 2, 3),
    "H": (1, 2), "h": (1, 2), "K": (1, 2), "k": (1, 2), "m": (1, 2), "s": (1, 2), "S": tuple(range(1, 10)),
    "n": tuple(range(1, 20)),
}  # fmt: skip
_TEXTS: Mapping[str, tuple[int, ...]] = {
    "M": (3, 4), "L": (3, 4), "E": (1, 2, 3, 4), "a": (1,), "G": (1, 2, 3, 4),
}  # fmt: skip
_ZONES: Mapping[str, tuple[int, ...]] = {
    "V": (2,), "z": (1, 2, 3, 4), "O": (1, 4), "X": (1, 2, 3, 4, 5), "x": (1, 2, 3, 4, 5), "Z": (1, 2, 3, 4, 5),
}  # fmt: skip
#: Java letters that mean something we do not compile.
_OTHER_LETTERS = "YQqwWecFgABNpvl"
_MOST = {"S": 9, "V": 2, "a": 1, "n": 19, "D": 3, "u": 19, "y": 19, "A": 19, "N": 19, "Y": 19, "p": 99, "v": 4}
_OPTIONAL_LIMIT = 4


class PatternError(ValueError):
    """A pattern that Java cannot read (`malformed`) or that cannot be compiled."""

    def __init__(self, pattern: str, reason: str, *, malformed: bool = False) -> None:
        super().__init__(reason)
        self.pattern = pattern
        self.malformed = malformed


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a pattern: a literal (no letter), a number, a text or a zone.

    `width` is the number of characters it takes, None when that varies.
    """

    kind: str
    letter: str = ""
    count: int = 0
    text: str = ""
    width: int | None = None
    signed: bool = False


Pieces = tuple[Piece, ...]


@cache
def read_pattern(pattern: str) -> tuple[Pieces, ...]:
    """The forms a pattern allows, in the order they are tried: optional sections present first, signed years last.

    Raises:
        PatternError: the pattern is malformed, or has a letter that cannot be compiled.
    """
    if pattern in ("s" * 10, "s" * 13):
        return ((Piece("epoch", "s", len(pattern), width=len(pattern)),),)
    nested, end = _section(pattern, 0, 0)
    if end != len(pattern):
        raise PatternError(pattern, "Pattern invalid as it contains ] without previous [", malformed=True)
    forms = []
    for flat in _expanded(nested):
        pieces = _merged(flat)
        _check_neighbours(pattern, pieces)
        forms.append(pieces)
    if len(forms) > 2**_OPTIONAL_LIMIT:
        raise PatternError(pattern, "more than four optional sections cannot be compiled; list patterns instead")
    signed = [form for pieces in forms for form in _with_signed_year(pieces)]
    return (*forms, *signed)


def _section(pattern: str, position: int, depth: int) -> tuple[list[object], int]:
    """Pieces and nested lists (optional sections) from `position` to the end of this section."""
    items: list[object] = []
    while position < len(pattern):
        sign = pattern[position]
        if sign == "[":
            inner, position = _section(pattern, position + 1, depth + 1)
            items.append(inner)
        elif sign == "]":
            if not depth:
                raise PatternError(pattern, "Pattern invalid as it contains ] without previous [", malformed=True)
            return items, position + 1
        elif sign == "'":
            text, position = _quoted(pattern, position)
            items.append(_literal(text))
        elif sign.isascii() and sign.isalpha():
            count = len(pattern) - position - len(pattern[position:].lstrip(sign))
            items.append(_lettered(pattern, sign, count))
            position += count
        elif sign in "{}#":
            raise PatternError(pattern, f"Pattern includes reserved character: '{sign}'", malformed=True)
        else:
            items.append(_literal(sign))
            position += 1
    # Java closes sections left open at the end by itself.
    return items, position


def _quoted(pattern: str, start: int) -> tuple[str, int]:
    """The literal whose quote opens at `start`, and where the pattern goes on."""
    out, position = "", start + 1
    while position < len(pattern):
        if pattern[position] == "'":
            if pattern[position + 1 : position + 2] != "'":
                return out or "'", position + 1
            position += 1
        out += pattern[position]
        position += 1
    raise PatternError(pattern, f"Pattern ends with an incomplete string literal: {pattern}", malformed=True)


def _literal(text: str) -> Piece:
    return Piece("literal", text=text, width=len(text))


def _lettered(pattern: str, letter: str, count: int) -> Piece:
    if count in _NUMBERS.get(letter, ()):
        return Piece("number", letter, count, width=_number_width(letter, count))
    if count in _TEXTS.get(letter, ()):
        return Piece("text", letter, count, width=_text_width(letter, count))
    if count in _ZONES.get(letter, ()):
        return Piece("zone", letter, count)
    if letter == "V":
        raise PatternError(pattern, "Pattern letter count must be 2: V", malformed=True)
    known = letter in _NUMBERS or letter in _TEXTS or letter in _ZONES or letter in _OTHER_LETTERS
    if not known:
        raise PatternError(pattern, f"Unknown pattern letter: {letter}", malformed=True)
    if count > _MOST.get(letter, 5 if letter in "MLEGOXxZQqec" else 4 if letter == "z" else 2):
        raise PatternError(pattern, f"Too many pattern letters: {letter}", malformed=True)
    raise PatternError(
        pattern,
        f"'{letter * count}' cannot be compiled; read the column as text and convert it in a SQLTransform",
    )


def _number_width(letter: str, count: int) -> int | None:
    if letter in "uy":
        return None if count in (1, 3) else count
    if letter == "S":
        return count
    if letter == "n":
        return None
    if letter == "D":
        return 3 if count == 3 else None
    return 2 if count == 2 else None


def _text_width(letter: str, count: int) -> int | None:
    if letter in "MLE":
        return 3 if count < 4 else None
    return None if count == 4 else 2


def _expanded(items: list[object]) -> list[list[Piece]]:
    """Every choice of optional sections, those with more first."""
    choices: list[list[list[Piece]]] = []
    for item in items:
        if isinstance(item, Piece):
            choices.append([[item]])
        elif isinstance(item, list):
            choices.append([*_expanded(item), []])
    return [[piece for part in choice for piece in part] for choice in product(*choices)]


def _merged(pieces: list[Piece]) -> Pieces:
    """Neighbouring literals as one."""
    out: list[Piece] = []
    for piece in pieces:
        if piece.kind == "literal" and out and out[-1].kind == "literal":
            out[-1] = _literal(out[-1].text + piece.text)
        else:
            out.append(piece)
    return tuple(out)


def _check_neighbours(pattern: str, pieces: Pieces) -> None:
    """Java gives a run of digits to the first number and leaves nothing for a second of open width."""
    seen: set[str] = set()
    for before, piece in zip((None, *pieces), pieces, strict=False):
        if before and before.kind == piece.kind == "number" and piece.width is None:
            raise PatternError(
                pattern,
                f"'{before.letter * before.count}' runs into '{piece.letter * piece.count}', whose width is open; "
                f"put a separator between them or write '{piece.letter * 2}'",
            )
        field = {"L": "M", "y": "u", "n": "S", "k": "H", "K": "h"}.get(piece.letter, piece.letter)
        if piece.kind != "literal" and field in seen:
            raise PatternError(pattern, f"'{piece.letter}' occurs twice, which cannot be compiled; keep one of them")
        seen.add(field)
    if "G" in seen and "u" in {piece.letter for piece in pieces}:
        raise PatternError(pattern, "'G' with 'u' cannot be compiled; write 'y' for the year of an era")
    if {"D", "M"} <= seen or {"D", "d"} <= seen or {"H", "h"} <= seen:
        raise PatternError(pattern, "two ways of saying the same cannot be compiled; keep one of them")


def _with_signed_year(pieces: Pieces) -> list[Pieces]:
    """The form for years of more digits than the pattern has letters, which Java reads when they carry a sign."""
    return [
        (*pieces[:place], replace(piece, width=None, signed=True), *pieces[place + 1 :])
        for place, piece in enumerate(pieces)
        if piece.letter and piece.letter in "uy" and piece.count in (4, 5)
    ]
