"""Cutting the fields of a date pattern out of a text that fits it.

Day and time become one number, written year, month, day, hour, minute, second in decimal digits, whatever the order in
the text. The year is raised by a million first, so that no number is negative.
"""

from dataclasses import dataclass

from arcbook.schemas.conversion import matches
from arcbook.schemas.datepattern import PatternError, Piece, Pieces
from arcbook.schemas.dateregex import DAYS, MONTHS, Style, full_regex, loose_regex
from arcbook.schemas.zones import region_case
from arcbook.sql.quote import text_literal

YEAR_BIAS = 1_000_000
_DATE_ORDER, _TIME_ORDER = "yMd", "Hms"
_SAME = {"u": "y", "L": "M", "D": "d", "h": "H", "K": "H", "k": "H"}


@dataclass(frozen=True, slots=True)
class Layout:
    """Which parts the packed number of a column has, the same for all its forms."""

    date: bool
    time: bool
    day_digits: int

    @property
    def time_factor(self) -> int:
        """What the date part is multiplied with."""
        return 1_000_000 if self.time else 1


@dataclass(frozen=True, slots=True)
class Fields:
    """Names of what was cut out; empty when no form of the column has it.

    `packed` is day and time, `nano` the fraction, `offset` seconds east of Greenwich, `region` a region's identifier,
    `weekday` 0 for Monday, `epoch` milliseconds since 1970. `zoned` are the forms (values of `form`) whose zone is
    text and so may be unknown.
    """

    levels: tuple[dict[str, str], ...]
    layout: Layout
    packed: str
    nano: str = ""
    offset: str = ""
    region: str = ""
    weekday: str = ""
    epoch: str = ""
    unknown_zone: str = ""


def cut(forms: tuple[Pieces, ...], layout: Layout, style: Style, text: str, prefix: str, *, zone: bool) -> Fields:
    """The fields of the first form that fits, null when none does; `zone` false leaves zones unread."""
    tests = [_test(form, style, text) for form in forms]
    slots: dict[str, dict[int, str]] = {}
    for place, form in enumerate(forms):
        for name, expression in _slots(form, layout, style, text, zone=zone).items():
            slots.setdefault(name, {})[place] = expression
    names = {name: f"{prefix}{name}" for name in slots}
    if len(slots) == 1:
        # Nothing else needs to know which form it was.
        ((name, found),) = slots.items()
        branches = " ".join(f"WHEN {test} THEN {found[place]}" for place, test in enumerate(tests))
        levels: tuple[dict[str, str], ...] = ({names[name]: f"CASE {branches} END"},)
        unknown = ""
    else:
        form_name = f"{prefix}k"
        branches = " ".join(f"WHEN {test} THEN {place}" for place, test in enumerate(tests))
        chosen = {names[name]: _chosen(form_name, found) for name, found in slots.items()}
        levels = ({form_name: f"CASE {branches} END"}, chosen)
        unknown = ""
        if "region" in slots:
            textual = ", ".join(str(place) for place in sorted(slots["region"]))
            unknown = f"{form_name} IN ({textual}) AND {names['region']} IS NULL AND {names['offset']} IS NULL"
    return Fields(
        levels, layout, names.get("packed", ""), names.get("nano", ""), names.get("offset", ""),
        names.get("region", ""), names.get("weekday", ""), names.get("epoch", ""), unknown,
    )  # fmt: skip


def _test(form: Pieces, style: Style, text: str) -> str:
    """Whether a text is of this form. Signed years are so rare that their expression is not even looked at without."""
    test = matches(text, full_regex(form, style))
    start = 1
    for piece in form:
        if piece.signed:
            return f"substr({text}, {start}, 1) IN ('+', '-') AND {test}"
        if piece.width is None:
            break
        start += piece.width
    return test


def _chosen(form: str, found: dict[int, str]) -> str:
    branches = " ".join(f"WHEN {place} THEN {expression}" for place, expression in found.items())
    return f"CASE {form} {branches} END"


def layout_of(forms: tuple[Pieces, ...], style: Style, *, date: bool, time: bool) -> Layout:
    """The layout that holds every form.

    Raises:
        PatternError: days of the year and of the month together, with smart resolution.
    """
    by_year = ["D" in {piece.letter for piece in form} for form in forms if form[0].kind != "epoch"]
    if any(by_year) and not all(by_year) and not style.strict:
        raise PatternError("D", "patterns with and without 'D' cannot be compiled together; use 'u' instead of 'y'")
    return Layout(date, time, 3 if any(by_year) else 2)


def _slots(form: Pieces, layout: Layout, style: Style, text: str, *, zone: bool) -> dict[str, str]:
    """The expressions of one form by slot."""
    if form[0].kind == "epoch":
        return {"epoch": f"try_cast({text} AS BIGINT)" + (" * 1000" if form[0].count == 10 else "")}
    cutter = _Cutter(form, style, text)
    slots = {"packed": cutter.packed(layout)}
    for place, piece in enumerate(form):
        found = cutter.piece(place)
        if piece.letter == "S" and layout.time:
            slots["nano"] = f"try_cast({found} AS BIGINT) * {10 ** (9 - piece.count)}"
        elif piece.letter == "n" and layout.time:
            slots["nano"] = f"try_cast({found} AS BIGINT)"
        elif piece.letter == "E" and layout.date:
            slots["weekday"] = _index(found, DAYS, 0)
        elif piece.kind == "zone" and zone:
            slots |= _zone_slots(piece, found, style)
    return slots


def _index(found: str, names: tuple[str, ...], first: int) -> str:
    """The number of an English name, by its first three letters."""
    row = "".join(name[:3].lower() for name in names)
    return f"(instr('{row}', lower(substr({found}, 1, 3))) + {3 * first - 1}) DIV 3"


class _Cutter:
    """Finds where each piece of a form lies in a text."""

    def __init__(self, form: Pieces, style: Style, text: str) -> None:
        self.form, self.style, self.text = form, style, text
        self.places = {_SAME.get(piece.letter, piece.letter): place for place, piece in enumerate(form) if piece.letter}

    def piece(self, place: int) -> str:
        """The text of the piece at `place`."""
        widths = [piece.width for piece in self.form]
        before, after, width = widths[:place], widths[place + 1 :], widths[place]
        tail = sum(known or 0 for known in after)
        if None not in before:
            start = sum(known or 0 for known in before) + 1
            if width is not None:
                return f"substr({self.text}, {start}, {width})"
            if None not in after:
                return f"substr({self.text}, {start}, char_length({self.text}) - {start - 1 + tail})"
        elif width is not None and None not in after:
            return f"substr({self.text}, -{width + tail}, {width})"
        return f"regexp_extract({self.text}, {text_literal(loose_regex(self.form, place))}, 1)"

    def packed(self, layout: Layout) -> str:
        """Day and time as one number."""
        wanted = (_DATE_ORDER if layout.date else "") + (_TIME_ORDER if layout.time else "")
        year = self.form[self.places["y"]] if layout.date else None
        bias = YEAR_BIAS * 10 ** (2 + layout.day_digits) * layout.time_factor
        if self._in_order(wanted, layout) and year is not None and year.count == 4:
            written = "".join(piece.text for piece in self.form)
            literals = "".join(dict.fromkeys(written + written.upper() + written.lower()))
            digits = f"translate({self.text}, {text_literal(literals)}, '')" if literals else self.text
            return f"try_cast({digits} AS BIGINT) + {bias}"
        parts = [self._field(field, layout) for field in wanted if field != "y"]
        rest = f"try_cast(concat({', '.join(parts)}) AS BIGINT)"
        if year is None:
            return rest
        century = 2000 if year.count == 2 else 0
        raised = f"try_cast({self.piece(self.places['y'])} AS BIGINT) + {YEAR_BIAS + century}"
        return f"({raised}) * {bias // YEAR_BIAS} + {rest}"

    def _in_order(self, wanted: str, layout: Layout) -> bool:
        """Whether the digits of the text, literals taken out, are the packed number as it is."""
        letters = [_SAME.get(piece.letter, piece.letter) for piece in self.form if piece.kind != "literal"]
        return (
            letters == list(wanted)
            and layout.day_digits == 2
            and all(piece.letter not in "hKkD" for piece in self.form if piece.letter)
            and all(piece.width and piece.kind in ("number", "literal") for piece in self.form)
            and not any(sign.isdigit() for piece in self.form for sign in piece.text)
        )

    def _field(self, field: str, layout: Layout) -> str:
        """The digits of a field, two of them (three for a day when days of the year occur)."""
        width = layout.day_digits if field == "d" else 2
        if field not in self.places:
            # A day of the year counts from January.
            return "'01'" if field == "M" else f"'{'0' * width}'"
        piece, found = self.form[self.places[field]], self.piece(self.places[field])
        if piece.kind == "text":
            return f"lpad(CAST({_index(found, MONTHS, 1)} AS STRING), 2, '0')"
        if piece.letter in "hKk":
            return self._hour(piece, found)
        if piece.width == width:
            return found
        return f"substr(concat('00', {found}), -{width}, {width})"

    def _hour(self, piece: Piece, found: str) -> str:
        """Clock hours as hours of the day."""
        if piece.letter == "k":
            return f"lpad(CAST(try_cast({found} AS INT) % 24 AS STRING), 2, '0')"
        half = "0"
        if "a" in self.places:
            half = f"CASE WHEN lower({self.piece(self.places['a'])}) = 'pm' THEN 12 ELSE 0 END"
        return f"lpad(CAST(try_cast({found} AS INT) % 12 + {half} AS STRING), 2, '0')"


def _zone_slots(piece: Piece, found: str, style: Style) -> dict[str, str]:
    """Offsets as seconds, names as regions."""
    seconds = _offset_seconds(found)
    if piece.letter not in "Vz":
        return {"offset": seconds}
    kinds = ("id",) if piece.letter == "V" else ("full", "id") if piece.count == 4 else ("short", "id")
    hour, minute = "(?:0[0-9]|1[0-7])", ":[0-5][0-9]"
    offset = f"(?:UTC|GMT|UT)?[+-](?:{hour}{minute}(?:{minute})?|18:00(?::00)?)|Z|UTC|GMT|UT"
    is_offset = matches(f"upper({found})" if not style.case_sensitive else found, offset)
    region = region_case(found, kinds, case_sensitive=style.case_sensitive)
    return {
        "offset": f"CASE WHEN {is_offset} THEN {seconds} END",
        "region": f"CASE WHEN NOT ({is_offset}) THEN {region} END",
    }


def _offset_seconds(found: str) -> str:
    """`+01:00`, `+010000`, `GMT+1` and the like; a text without digits is 0."""
    digits = f"translate({found}, 'GMTUCZgmtucz:+-', '')"
    # One or three digits lack the hour's leading zero.
    even = f"CASE WHEN char_length({digits}) % 2 = 1 THEN concat('0', {digits}) ELSE {digits} END"
    number = f"try_cast(rpad({even}, 6, '0') AS INT)"
    sign = f"CASE WHEN instr({found}, '-') > 0 THEN -1 ELSE 1 END"
    return f"{sign} * ({number} DIV 10000 * 3600 + {number} DIV 100 % 100 * 60 + {number} % 100)"
