"""Regular expressions that accept exactly the texts a date pattern accepts: ranges, month lengths, leap years included.

With the calendar inside the expression, deciding whether a text fits costs one match, and the arithmetic that follows
cannot fail.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from arcbook.schemas.datepattern import Piece, Pieces
from arcbook.schemas.regexes import escaped

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LONG_MONTHS = (1, 3, 5, 7, 8, 10, 12)
_ALL_MONTHS = range(1, 13)
#: Years Spark's types hold: six digits for dates, five for moments (microseconds in 64 bits).
_YEAR_DIGITS = 6

#: For each number letter the values it takes; years and fractions are apart.
_RANGES: Mapping[str, range] = {
    "M": range(1, 13), "L": range(1, 13), "d": range(1, 32), "D": range(1, 367), "H": range(24), "h": range(1, 13),
    "K": range(12), "k": range(1, 25), "m": range(60), "s": range(60),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Style:
    """How a pattern is read: strict or smart resolution, whether case counts."""

    strict: bool
    case_sensitive: bool


def full_regex(pieces: Pieces, style: Style) -> str:
    """The whole text of a form, as alternatives of which at most one fits."""
    letters = {piece.letter for piece in pieces}
    alternatives = [
        "".join(_piece(piece, style, dates | times) for piece in pieces)
        for dates in _date_choices(letters, style)
        for times in _time_choices(letters, style)
    ]
    return "|".join(alternatives)


def loose_regex(pieces: Pieces, wanted: int) -> str:
    """A shorter expression for texts already accepted, with the piece at `wanted` as its group."""
    parts = []
    for place, piece in enumerate(pieces):
        if piece.kind == "literal":
            part = escaped(piece.text)
        elif piece.kind == "number":
            part = f"[+-]?[0-9]{{{piece.width}}}" if piece.width else "[+-]?[0-9]+"
        elif piece.kind == "zone":
            part = ".+?"
        else:
            part = "[A-Za-z ]+"
        parts.append(f"({part})" if place == wanted else f"(?:{part})")
    return "^" + "".join(parts) + r"\z"


def _date_choices(letters: set[str], style: Style) -> list[dict[str, object]]:
    """Which days go with which months and years, as values allowed for letters."""
    year = "u" if "u" in letters else "y"
    if "D" in letters and year in letters:
        return [{"D": range(1, 366)}, {"D": (366,), year: "leap"}]
    month = "L" if "L" in letters else "M"
    if not style.strict or not {year, month, "d"} <= letters:
        return [{}]
    not_february = [number for number in _ALL_MONTHS if number != 2]
    return [
        {"d": range(1, 29)},
        {"d": (29, 30), month: not_february},
        {"d": (31,), month: _LONG_MONTHS},
        {"d": (29,), month: (2,), year: "leap"},
    ]


def _time_choices(letters: set[str], style: Style) -> list[dict[str, object]]:
    """Smart resolution also takes 24:00 exactly."""
    if style.strict or "H" not in letters:
        return [{}]
    return [{}, {"H": (24,), "m": (0,), "s": (0,), "S": "zero", "n": "zero"}]


def _piece(piece: Piece, style: Style, choices: Mapping[str, object]) -> str:
    if piece.kind == "literal":
        return escaped(piece.text) if style.case_sensitive else any_case(piece.text)
    if piece.kind == "epoch":
        return f"[0-9]{{{piece.count}}}"
    if piece.kind == "zone":
        return zone_regex(piece, style)
    allowed = choices.get(piece.letter)
    if piece.kind == "text":
        return _text(piece, style, allowed)
    if piece.letter in "uy":
        return _year(piece, leap=allowed == "leap")
    if piece.letter in "Sn":
        return _fraction(piece, zero=allowed == "zero")
    values = _RANGES[piece.letter] if allowed is None else allowed
    if not style.strict and piece.letter in "hk" and allowed is None:
        # Smart resolution reads clock hour 0 as 12 or 24.
        values = range(_RANGES[piece.letter].stop)
    assert isinstance(values, Iterable)
    return values_regex([int(value) for value in values], piece.width, piece.count)


def _fraction(piece: Piece, *, zero: bool) -> str:
    digit = "0" if zero else "[0-9]"
    if piece.letter == "S":
        return f"{digit}{{{piece.count}}}"
    # Nanoseconds may have leading zeros beyond nine digits.
    least = max(piece.count - 9, 0)
    return f"0{{{least},10}}{digit}{{{min(piece.count, 9)},9}}"


def _text(piece: Piece, style: Style, allowed: object) -> str:
    names: tuple[str, ...]
    if piece.letter in "ML":
        wanted = set(allowed) if isinstance(allowed, Iterable) else set(_ALL_MONTHS)
        names = tuple(name for number, name in enumerate(MONTHS, 1) if number in wanted)
    elif piece.letter == "E":
        names = DAYS
    elif piece.letter == "a":
        names = ("AM", "PM")
    else:
        names = ("Anno Domini",) if piece.count == 4 else ("AD",)
    if piece.letter in "MLE" and piece.count < 4:
        names = tuple(name[:3] for name in names)
    shown = [escaped(name) if style.case_sensitive else any_case(name) for name in names]
    return shown[0] if len(shown) == 1 else f"(?:{'|'.join(shown)})"


_LEAP_PAIR = "(?:0[48]|[2468][048]|[13579][26])"
_LEAP_HUNDREDS = "(?:[02468][048]|[13579][26])"
#: Leap years by how many of the year's last digits are looked at.
_LEAP = {
    1: "[048]",
    2: f"(?:{_LEAP_PAIR}|00)",
    3: f"(?:[0-9]{_LEAP_PAIR}|[048]00)",
    4: f"(?:[0-9]{{2}}{_LEAP_PAIR}|{_LEAP_HUNDREDS}00)",
}
#: Four digits without year 0, all years and leap years: an era has no year 0, and no year is minus zero.
_POSITIVE = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_POSITIVE_LEAP = f"(?:[0-9]{{2}}{_LEAP_PAIR}|(?:0[48]|[2468][048]|[13579][26])00)"


def _year(piece: Piece, *, leap: bool) -> str:
    count = piece.count
    if count == 2:
        # Two digits are of the years 2000 to 2099.
        return _LEAP[2] if leap else "[0-9]{2}"
    if count in (1, 3):
        fewer = "" if count == 3 else f"|{_LEAP[2]}|{_LEAP[1]}"
        return f"(?:[0-9]{{0,2}}{_LEAP[4]}|{_LEAP[3]}{fewer})" if leap else f"[0-9]{{{count},{_YEAR_DIGITS}}}"
    tail = _LEAP[4] if leap else "[0-9]{4}"
    positive = _POSITIVE_LEAP if leap else _POSITIVE
    if not piece.signed:
        if count == 4:
            return positive if piece.letter == "y" else tail
        return f"[0-9]{{{count - 4}}}{tail}"
    if piece.letter == "y":
        return rf"\+[1-9][0-9]{{{count - 4},1}}{tail}"
    plus = rf"\+[0-9]{{{count - 3},2}}{tail}"
    minus = f"[1-9][0-9]?{tail}" + (f"|{positive}" if count == 4 else "")
    return f"(?:{plus}|-(?:{minus}))"


def values_regex(values: list[int], width: int | None, count: int) -> str:
    """Exactly `values`: of fixed width with leading zeros, or of any width with any number of them."""
    if width is not None:
        return _alternatives([f"{value:0{width}}" for value in values])
    least = f"0{{0,17}}{_alternatives([str(value) for value in values])}"
    if count == 1:
        return least
    # `DD`: two or three digits.
    return _alternatives([f"{value:02}" for value in values] + [f"{value:03}" for value in values if value < 100])


def _alternatives(texts: list[str]) -> str:
    """Texts of digits as alternatives, those that differ in the last digit put together."""
    heads: dict[str, list[str]] = {}
    for text in texts:
        heads.setdefault(text[:-1], []).append(text[-1])
    tails: dict[str, list[str]] = {}
    for head, lasts in heads.items():
        tails.setdefault(_class(lasts), []).append(head)
    parts = [f"{_heads(found)}{last}" for last, found in tails.items()]
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"


def _heads(heads: list[str]) -> str:
    if len(heads) == 1:
        return heads[0]
    if all(len(head) == 1 for head in heads):
        return _class(heads)
    return _alternatives(heads) if all(heads) else "(?:" + "|".join(heads) + ")"


def _class(digits: list[str]) -> str:
    found = sorted(set(digits))
    if len(found) == 1:
        return found[0]
    numbers = [int(digit) for digit in found]
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"[{found[0]}-{found[-1]}]"
    return f"[{''.join(found)}]"


def zone_regex(piece: Piece, style: Style) -> str:
    """What a zone or offset looks like; region names are looked up afterwards."""
    hour, minute = "(?:0[0-9]|1[0-7])", "[0-5][0-9]"
    zulu = "Z" if style.case_sensitive else "[Zz]"
    forms = {
        1: f"{hour}(?:{minute})?",
        2: f"{hour}{minute}",
        3: f"{hour}:{minute}",
        4: f"{hour}{minute}(?:{minute})?",
        5: f"{hour}:{minute}(?::{minute})?",
    }
    # Eighteen hours is as far as Java goes.
    most = {1: "18(?:00)?", 2: "1800", 3: "18:00", 4: "1800(?:00)?", 5: "18:00(?::00)?"}
    letter, count = piece.letter, piece.count
    if letter == "Z":
        letter, count = ("x", 2) if count < 4 else ("O", 4) if count == 4 else ("X", 5)
    if letter in "Xx":
        offset = f"[+-](?:{forms[count]}|{most[count]})"
        return f"(?:{offset}|{zulu})" if letter == "X" else offset
    if letter == "O":
        gmt = "GMT" if style.case_sensitive else any_case("GMT")
        short = rf"(?:0?[0-9]|1[0-7])(?::{minute}(?::{minute})?)?|18(?::00(?::00)?)?"
        return f"{gmt}(?:[+-](?:{forms[5] + '|' + most[5] if count == 4 else short}))?"
    return "[A-Za-z+-][A-Za-z0-9 ()'&.,/_:+-]*"


def any_case(text: str) -> str:
    """`text` with ASCII letters in either case."""
    return "".join(
        f"[{sign.upper()}{sign.lower()}]" if sign.isascii() and sign.isalpha() else escaped(sign) for sign in text
    )
