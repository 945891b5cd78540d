"""Typing of dates, times and timestamps: a match decides, then plain arithmetic."""

from arcbook.schemas.conversion import Conversion, cannot_convert, quoted_list
from arcbook.schemas.datefields import YEAR_BIAS, Fields, cut, layout_of
from arcbook.schemas.datepattern import PatternError, Pieces, read_pattern
from arcbook.schemas.dateregex import Style
from arcbook.schemas.farfuture import moment_in, shift_levels
from arcbook.schemas.model import DateColumn, TimeColumn, TimestampColumn
from arcbook.schemas.zones import fixed_or_region
from arcbook.sql.quote import text_literal

#: Days from the first of March of the year whose raised number is 0 to 1970-01-01.
_DAY_ZERO = YEAR_BIAS // 400 * 146_097 + 719_468


def compile_date(column: DateColumn, text: str, prefix: str, strict: bool | None = None) -> Conversion:
    """A day; times in the patterns are checked and dropped."""
    message = cannot_convert(text, "date", f"using formatters {quoted_list(column.formatters)}")
    style = _style(column, strict)
    forms = _forms(column.formatters, style, date=True, time=False)
    if not forms:
        return Conversion((), "CAST(NULL AS DATE)", message)
    # Smart resolution turns 24:00 into the next day.
    late = not style.strict and any("H" in {piece.letter for piece in form} for form in forms)
    fields = cut(forms, layout_of(forms, style, date=True, time=late), style, text, prefix, zone=False)
    days, levels = _day_number(fields, style, prefix)
    extra = f" + {fields.packed} DIV 10000 % 100 DIV 24" if late else ""
    value = f"date_from_unix_date(CAST({days}{extra} AS INT))"
    return Conversion((*fields.levels, *levels, {f"{prefix}v": value}), f"{prefix}v", message)


def compile_time(column: TimeColumn, text: str, prefix: str) -> Conversion:
    """A time of day as ISO text; always smart, never minding case."""
    message = cannot_convert(text, "time", f"using formatters {quoted_list(column.formatters)}")
    style = Style(strict=False, case_sensitive=False)
    # Of patterns that Java cannot read, Arc takes notice only when each value fails.
    sound = tuple(pattern for pattern in column.formatters if not pattern_problem(pattern))
    forms = _forms(sound, style, date=False, time=True)
    if not forms:
        return Conversion((), "CAST(NULL AS STRING)", message)
    fields = cut(forms, layout_of(forms, style, date=False, time=True), style, text, prefix, zone=False)
    # 24:00 is midnight.
    digits = f"{prefix}w"
    clock = f"concat(substr({digits}, 2, 2), ':', substr({digits}, 4, 2), ':', substr({digits}, 6, 2)"
    if fields.nano:
        fraction = f"concat('.', trim(TRAILING '0' FROM lpad(CAST({fields.nano} AS STRING), 9, '0')))"
        clock += f", CASE WHEN {fields.nano} > 0 THEN {fraction} ELSE '' END"
    level = {digits: f"CAST(1000000 + {fields.packed} % 240000 AS STRING)"}
    return Conversion((*fields.levels, level, {f"{prefix}v": f"{clock})"}), f"{prefix}v", message)


def compile_timestamp(column: TimestampColumn, text: str, prefix: str, strict: bool | None = None) -> Conversion:
    """A moment. A zone in the text wins over the column's."""
    how = f"using formatters {quoted_list(column.formatters)} and timezone '{column.timezone_id}'"
    message = cannot_convert(text, "timestamp", how)
    style, given = _style(column, strict), column.time
    forms = _forms(column.formatters, style, date=True, time=given is None)
    zone = fixed_or_region(column.timezone_id)
    if not forms or zone is None:
        return Conversion((), "CAST(NULL AS TIMESTAMP)", message)
    layout = layout_of(forms, style, date=True, time=given is None)
    fields = cut(forms, layout, style, text, prefix, zone=given is None)
    levels: tuple[dict[str, str], ...] = ()
    moment = ""
    if fields.packed:
        days, levels = _day_number(fields, style, prefix)
        clock = _seconds_of_day(fields, column)
        seconds = f"{days} * 86400 + {clock}"
        if isinstance(zone, int) and zone and not fields.offset:
            seconds += f" - ({zone})"
        elif fields.offset:
            own = str(zone) if isinstance(zone, int) else "0"
            seconds += f" - CASE WHEN {fields.offset} IS NOT NULL THEN {fields.offset} {_unless_region(fields, own)}END"
        wall = f"{prefix}z"
        levels = (*levels, {wall: f"({seconds}) * 1000000" + _micros(fields, column)})
        if isinstance(zone, str) or fields.region:
            levels = (*shift_levels(_year(fields), prefix), *levels)
        moment = _in_region(wall, fields, zone, prefix)
    if fields.epoch:
        epoch = f"timestamp_micros({fields.epoch} * 1000)"
        moment = f"CASE WHEN {fields.epoch} IS NOT NULL THEN {epoch} ELSE {moment} END" if fields.packed else epoch
    if fields.unknown_zone:
        moment = f"CASE WHEN NOT ({fields.unknown_zone}) THEN {moment} END"
    return Conversion((*fields.levels, *levels, {f"{prefix}v": moment}), f"{prefix}v", message)


def _unless_region(fields: Fields, own: str) -> str:
    """The column's own fixed offset counts only where the text names no region."""
    return f"WHEN {fields.region} IS NULL THEN {own} ELSE 0 " if fields.region else f"ELSE {own} "


def _seconds_of_day(fields: Fields, column: TimestampColumn) -> str:
    if column.time is not None:
        return str(column.time.hour * 3600 + column.time.minute * 60 + column.time.second)
    packed = fields.packed
    return f"{packed} DIV 10000 % 100 * 3600 + {packed} DIV 100 % 100 * 60 + {packed} % 100"


def _micros(fields: Fields, column: TimestampColumn) -> str:
    """Nanoseconds are cut, not rounded, to what Spark's type holds."""
    if column.time is not None:
        return f" + {column.time.nano // 1000}" if column.time.nano else ""
    return f" + coalesce({fields.nano}, 0) DIV 1000" if fields.nano else ""


def _year(fields: Fields) -> str:
    """The calendar year as a number."""
    return f"({fields.packed} DIV {10 ** (2 + fields.layout.day_digits) * fields.layout.time_factor} - {YEAR_BIAS})"


def _in_region(wall: str, fields: Fields, zone: int | str, prefix: str) -> str:
    """The moment for a wall clock: in the region the text names, else the column's, unless the text says an offset."""
    moment = f"timestamp_micros({wall})"
    own = moment_in(wall, text_literal(zone), prefix) if isinstance(zone, str) else moment
    branches = ""
    if fields.offset and isinstance(zone, str):
        branches += f" WHEN {fields.offset} IS NOT NULL THEN {moment}"
    if fields.region:
        branches += f" WHEN {fields.region} IS NOT NULL THEN {moment_in(wall, fields.region, prefix)}"
    return f"CASE{branches} ELSE {own} END" if branches else own


def _style(column: DateColumn | TimestampColumn, strict: bool | None) -> Style:
    """Java resolves strictly here unless a pattern has a year of an era and no era."""
    loose = any(map(resolves_loosely, column.formatters))
    return Style(strict=not loose if strict is None else strict, case_sensitive=column.case_sensitive)


def resolves_loosely(pattern: str) -> bool:
    """Whether a pattern has the year of an era without the era, which makes Java's resolution smart, not strict."""
    return "y" in _letters(pattern) and "G" not in _letters(pattern)


def _letters(pattern: str) -> str:
    """A pattern without its quoted parts."""
    return "".join(part for place, part in enumerate(pattern.split("'")) if place % 2 == 0)


def pattern_problem(pattern: str) -> str | None:
    """Why a pattern cannot be used, or None."""
    try:
        read_pattern(pattern)
    except PatternError as error:
        return str(error)
    return None


def never_fits(pattern: str, *, date: bool, time: bool) -> bool:
    """Whether no text can yield the parts of a moment that are needed, as `uuuu-MM` yields no day."""
    style = Style(not resolves_loosely(pattern), case_sensitive=False)
    return not _forms((pattern,), style, date=date, time=time)


def _forms(formatters: tuple[str, ...], style: Style, *, date: bool, time: bool) -> tuple[Pieces, ...]:
    """The forms that can yield what is needed."""
    return tuple(
        form
        for pattern in formatters
        for form in read_pattern(pattern)
        if form[0].kind == "epoch" or ((not date or _has_date(form, style)) and (not time or _has_time(form)))
    )


def _has_date(form: Pieces, style: Style) -> bool:
    letters = {piece.letter for piece in form}
    year = "u" in letters or ("y" in letters and (not style.strict or "G" in letters))
    return year and ("D" in letters or ("d" in letters and bool(letters & {"M", "L"})))


def _has_time(form: Pieces) -> bool:
    letters = {piece.letter for piece in form}
    hour = bool(letters & {"H", "k"}) or ("a" in letters and bool(letters & {"h", "K"}))
    minute, second, fraction = "m" in letters, "s" in letters, bool(letters & {"S", "n"})
    return hour and (minute or not (second or fraction)) and (second or not (minute and fraction))


def _day_number(fields: Fields, style: Style, prefix: str) -> tuple[str, tuple[dict[str, str], ...]]:
    """Days since 1970, counted by years that begin in March, so that a leap day ends its year."""
    levels: list[dict[str, str]] = []
    date = fields.packed
    if fields.layout.time:
        date = f"{prefix}d"
        levels.append({date: f"{fields.packed} DIV 1000000"})
    per_month = 10**fields.layout.day_digits
    months, years, days = f"{prefix}g", f"{prefix}y", f"{prefix}j"
    levels.append({months: f"{date} DIV {per_month * 100} * 12 + {date} DIV {per_month} % 100 - 3"})
    levels.append({years: f"{months} DIV 12"})
    day = f"{date} % {per_month}"
    if not style.strict and fields.layout.day_digits == 2:
        year = f"({date} DIV 10000)"
        last = (
            f"CASE {months} % 12 WHEN 11 THEN CASE WHEN {year} % 4 = 0 AND ({year} % 100 <> 0 OR {year} % 400 = 0) "
            "THEN 29 ELSE 28 END WHEN 1 THEN 30 WHEN 3 THEN 30 WHEN 6 THEN 30 WHEN 8 THEN 30 ELSE 31 END"
        )
        day = f"CASE WHEN {day} > 28 THEN least({day}, {last}) ELSE {day} END"
    past = f"{years} * 365 + {years} DIV 4 - {years} DIV 100 + {years} DIV 400 + ({months} % 12 * 153 + 2) DIV 5"
    levels.append({days: f"{past} + {day} - {_DAY_ZERO + 1}"})
    if fields.weekday:
        # 1970 began on a Thursday; the large multiple of seven keeps early days positive.
        right = f"({days} + 700000003) % 7 = {fields.weekday}"
        levels.append({f"{days}w": f"CASE WHEN {fields.weekday} IS NULL OR {right} THEN {days} END"})
        days = f"{days}w"
    return days, tuple(levels)
