"""Writing and reading single dates by Java's patterns, in Python: for values that are computed before any engine."""

import re
from datetime import date, timedelta

from arcbook.schemas.datepattern import PatternError, Piece, Pieces, read_pattern
from arcbook.schemas.dateregex import DAYS, MONTHS

_ERAS = ("AD", "Anno Domini")
_TEXT_LETTERS = {"M": MONTHS, "L": MONTHS, "E": DAYS}


def format_date(day: date, pattern: str) -> str:
    """`day` as `pattern` writes it; names in English.

    Raises:
        PatternError: the pattern is malformed, or has letters that a date has no value for (hours, zones).
    """
    return "".join(_written(day, piece, pattern) for piece in _form(pattern))


def parse_date(text: str, pattern: str) -> date | None:
    """The date that all of `text` says by `pattern`, or None when there is no such day.

    Raises:
        PatternError: as for `format_date`.
    """
    form = _form(pattern)
    found = re.fullmatch("".join(_readable(piece, pattern) for piece in form), text)
    if found is None:
        return None
    parts = {name: value for name, value in found.groupdict().items() if value}
    try:
        year = int(parts["year"]) + (2000 if len(parts["year"]) == 2 else 0)
        if "dayofyear" in parts:
            day = date(year, 1, 1) + timedelta(days=int(parts["dayofyear"]) - 1)
            return day if day.year == year else None
        month = int(parts["month"]) if "month" in parts else _number(parts["monthname"])
        return date(year, month, int(parts["day"]))
    except (KeyError, ValueError, OverflowError):
        return None


def _form(pattern: str) -> Pieces:
    """The pattern's pieces, with its optional sections."""
    form = read_pattern(pattern)[0]
    letters = {piece.letter for piece in form if piece.letter}
    if not letters & {"u", "y"}:
        raise PatternError(pattern, "it has no year")
    return form


def _written(day: date, piece: Piece, pattern: str) -> str:
    if piece.kind == "literal":
        return piece.text
    letter, count = piece.letter, piece.count
    if piece.kind == "number":
        if letter in "uy":
            return f"{day.year % 100:02}" if count == 2 else f"{day.year:0{count}}"
        numbers = {"M": day.month, "L": day.month, "d": day.day, "D": day.timetuple().tm_yday}
        if letter in numbers:
            return f"{numbers[letter]:0{count}}"
    if letter in _TEXT_LETTERS:
        name = _TEXT_LETTERS[letter][day.weekday() if letter == "E" else day.month - 1]
        return name if count == 4 else name[:3]
    if letter == "G":
        return _ERAS[count == 4]
    raise _no_date(letter, count, pattern)


def _readable(piece: Piece, pattern: str) -> str:
    """A regular expression for what a piece may be."""
    if piece.kind == "literal":
        return re.escape(piece.text)
    letter, count = piece.letter, piece.count
    if piece.kind == "number":
        names = {"u": "year", "y": "year", "M": "month", "L": "month", "d": "day", "D": "dayofyear"}
        if letter in names:
            return rf"(?P<{names[letter]}>\d{{{piece.width}}})" if piece.width else rf"(?P<{names[letter]}>\d+)"
    if letter in _TEXT_LETTERS:
        words = [name if count == 4 else name[:3] for name in _TEXT_LETTERS[letter]]
        return f"(?P<{'weekday' if letter == 'E' else 'monthname'}>{'|'.join(words)})"
    if letter == "G":
        return _ERAS[count == 4]
    raise _no_date(letter, count, pattern)


def _number(month: str) -> int:
    """The number of a month's name, by its first three letters."""
    return [name[:3] for name in MONTHS].index(month[:3]) + 1


def _no_date(letter: str, count: int, pattern: str) -> PatternError:
    return PatternError(pattern, f"a date has nothing for `{letter * count}`")
