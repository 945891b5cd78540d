"""What is wrong or doubtful in a column beyond its attributes: patterns, zones, regular expressions, precision."""

from collections.abc import Iterator

from arcbook.schemas.datepattern import PatternError, read_pattern
from arcbook.schemas.model import (
    Column,
    DateColumn,
    DecimalColumn,
    DoubleColumn,
    IntegerColumn,
    LongColumn,
    Path,
    StringColumn,
    TimeColumn,
    TimestampColumn,
)
from arcbook.schemas.moments import never_fits, resolves_loosely
from arcbook.schemas.numberpattern import read_number_pattern
from arcbook.schemas.regexes import common_dialect, needs_java_regex
from arcbook.schemas.zones import fixed_or_region

#: Where, what, and whether it stops the job.
Judgement = tuple[Path, str, bool]


def judge(column: Column, path: Path) -> Iterator[Judgement]:
    """The findings about a column whose attributes are sound."""
    match column:
        case DateColumn():
            yield from _moments(column, path, date=True, time=False)
        case TimestampColumn():
            yield from _moments(column, path, date=True, time=column.time is None)
            if fixed_or_region(column.timezone_id) is None:
                text = f"'{column.timezone_id}' is no time zone that Java knows: every value will fail to convert."
                yield (*path, "timezoneId"), text, False
        case TimeColumn():
            yield from _moments(column, path, date=False, time=True)
        case IntegerColumn() | LongColumn() | DoubleColumn() | DecimalColumn():
            yield from _numbers(column, path)
        case StringColumn(regex=str(regex)):
            try:
                common_dialect(regex)
            except ValueError as error:
                yield (*path, "regex"), str(error), True


def _moments(
    column: DateColumn | TimeColumn | TimestampColumn, path: Path, *, date: bool, time: bool
) -> Iterator[Judgement]:
    for place, pattern in enumerate(column.formatters):
        where = (*path, "formatters", place)
        try:
            read_pattern(pattern)
        except PatternError as error:
            # Arc never looks at the patterns of a time column; those Java cannot read fail for each value.
            lenient = error.malformed and isinstance(column, TimeColumn)
            note = ": every value will fail to convert." if lenient else ""
            yield where, f"{error} (pattern '{pattern}'){note}", not lenient
            continue
        if never_fits(pattern, date=date, time=time):
            needed = "a day and a time of day" if date and time else "a day" if date else "a time of day"
            yield where, f"'{pattern}' does not say {needed}: it will never fit.", False
        elif date and resolves_loosely(pattern):
            text = (
                f"'{pattern}' uses the year of an era ('y'), so impossible days move to the end of the month; "
                "write 'u' to refuse them."
            )
            yield where, text, False


def _numbers(column: IntegerColumn | LongColumn | DoubleColumn | DecimalColumn, path: Path) -> Iterator[Judgement]:
    for place, pattern in enumerate(column.formatters):
        try:
            read_number_pattern(pattern)
        except PatternError as error:
            yield (*path, "formatters", place), f"{error} (pattern '{pattern}')", True
    if isinstance(column, DecimalColumn) and column.scale > column.precision:
        yield (*path, "scale"), f"'scale' {column.scale} must be at most 'precision' {column.precision}.", True


def needs(columns: tuple[Column, ...]) -> frozenset[str]:
    """What typing these columns needs of an engine (names in `arcbook.core.capabilities`)."""
    patterns = [column.regex for column in columns if isinstance(column, StringColumn) and column.regex]
    return frozenset({"java-regex"}) if any(map(needs_java_regex, patterns)) else frozenset()
