"""Typing of whole numbers, decimals and doubles, with and without Java number patterns.

Plain digits, the most, are cast at once. Texts with exponents or digits of other scripts go through further levels,
where the rows without such texts are null and cost next to nothing.
"""

from arcbook.schemas.conversion import Conversion, ascii_digits, cannot_convert, matches, quoted_list, trimmed
from arcbook.schemas.model import DecimalColumn, DoubleColumn, IntegerColumn, LongColumn
from arcbook.schemas.numberpattern import NumberPattern, read_number_pattern
from arcbook.sql.quote import text_literal

#: What Arc's messages show when a column has no formatters.
WHOLE_PATTERN = "#,##0;-#,##0"
FRACTION_PATTERN = "#,##0.###;-#,##0.###"

_MANTISSA = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)"
_HEX_DIGITS = 13
_DOUBLE_DIGITS = 15
#: Exponents that no type can hold are cut off here, so that no text grows without bound.
_MOST_EXPONENT = 9999

Level = dict[str, str]


def compile_whole(column: IntegerColumn | LongColumn, text: str, prefix: str) -> Conversion:
    """Integers and longs."""
    shown = quoted_list(column.formatters or (WHOLE_PATTERN,))
    message = cannot_convert(text, column.type_name, f"using formatters {shown}")
    value, plain = f"{prefix}v", f"{prefix}n"
    # A fraction of zeros only is no fraction.
    is_whole = matches(plain, r"-?[0-9]*(?:\.0*)?")
    other = f"CASE WHEN {is_whole} THEN try_cast(split_part({plain}, '.', 1) AS {column.sql_type}) END"
    if column.formatters:
        levels = _by_patterns(column.formatters, text, prefix)
        return Conversion((*levels, {value: other}), value, message)
    levels = _plain_or_exponent(text, prefix, "[+-]?[0-9]+", r"[+-]?[0-9]+", f"[+-]?{_MANTISSA}[eE][+][0-9]+")
    fast = f"CASE {prefix}k WHEN 0 THEN try_cast({text} AS {column.sql_type}) WHEN 1 THEN {other} END"
    return Conversion((*levels, {value: fast}), value, message)


def compile_decimal(column: DecimalColumn, text: str, prefix: str) -> Conversion:
    """Exact numbers, rounded half up to the column's scale."""
    shown = quoted_list(column.formatters or (FRACTION_PATTERN,))
    message = cannot_convert(text, f"decimal({column.precision}, {column.scale})", f"using formatters {shown}")
    value = f"{prefix}v"
    other = f"try_cast({prefix}n AS {column.sql_type})"
    if column.formatters:
        levels = _by_patterns(column.formatters, text, prefix)
        return Conversion((*levels, {value: other}), value, message)
    plain = f"[+-]?{_MANTISSA}"
    # Up to 15 digits survive the way through a double, which the embedded engine reads four times as fast.
    before = min(column.precision, _DOUBLE_DIGITS) - column.scale
    short = rf"[+-]?[0-9]{{1,{before}}}(?:\.[0-9]{{0,{column.scale}}})?" if before > 0 else ""
    levels = _plain_or_exponent(text, prefix, plain, plain, f"{plain}[eE][+-]?[0-9]+", short)
    way = f"WHEN 2 THEN try_cast(try_cast({text} AS DOUBLE) AS {column.sql_type}) " if short else ""
    fast = f"CASE {prefix}k {way}WHEN 0 THEN try_cast({text} AS {column.sql_type}) WHEN 1 THEN {other} END"
    return Conversion((*levels, {value: fast}), value, message)


def compile_double(column: DoubleColumn, text: str, prefix: str) -> Conversion:
    """Java's floating point texts; infinities are errors."""
    shown = quoted_list(column.formatters or (FRACTION_PATTERN,))
    message = cannot_convert(text, "double", f"using formatters {shown}")
    number, value, bare = f"{prefix}d", f"{prefix}v", f"{prefix}x"
    finite = f"CASE WHEN abs({number}) = double('Infinity') THEN NULL ELSE {number} END"
    if column.formatters:
        levels = _by_patterns(column.formatters, text, prefix)
        parsed = f"CASE WHEN {text} = 'NaN' THEN double('NaN') ELSE try_cast({prefix}n AS DOUBLE) END"
        return Conversion((*levels, {number: parsed}, {value: finite}), value, message)
    form = f"{prefix}k"
    levels = (
        {form: f"CASE WHEN {matches(text, f'[+-]?{_MANTISSA}')} THEN 0 WHEN {text} IS NOT NULL THEN 1 END"},
        {bare: f"CASE WHEN {form} = 1 THEN {trimmed(text)} END"},
        {number: f"CASE {form} WHEN 0 THEN try_cast({text} AS DOUBLE) WHEN 1 THEN {_java_double(bare)} END"},
    )
    return Conversion((*levels, {value: finite}), value, message)


def _java_double(text: str) -> str:
    """Exponents, type suffixes, NaN and hexadecimal numbers."""
    suffixed = matches(text, f"[+-]?{_MANTISSA}(?:[eE][+-]?[0-9]+)?[fFdD]?")
    hexadecimal = matches(text, r"[+-]?0[xX](?:[0-9A-Fa-f]+\.?[0-9A-Fa-f]*|\.[0-9A-Fa-f]+)[pP][+-]?[0-9]+[fFdD]?")
    lowered = f"trim(LEADING '+-' FROM lower({text}))"
    mantissa = f"substr(split_part({lowered}, 'p', 1), 3)"
    # More digits than a double holds would need rounding by hand: an error instead.
    digits = f"replace({mantissa}, '.', '')"
    fits = f"char_length({digits}) <= {_HEX_DIGITS}"
    exponent = f"try_cast(trim(TRAILING 'fd' FROM split_part({lowered}, 'p', 2)) AS INT)"
    power = f"({exponent} - 4 * char_length(split_part({mantissa}, '.', 2)))"
    sign = f"CASE WHEN {text} LIKE '-%' THEN -1.0D ELSE 1.0D END"
    # Two factors: a single power could overflow or underflow where the product does not.
    value = (
        f"{sign} * try_cast(conv({digits}, 16, 10) AS DOUBLE) * power(2.0D, CAST({power} DIV 2 AS INT)) "
        f"* power(2.0D, CAST({power} - {power} DIV 2 AS INT))"
    )
    return (
        f"CASE WHEN {suffixed} THEN try_cast(trim(TRAILING 'fFdD' FROM {text}) AS DOUBLE) "
        f"WHEN {matches(text, '[+-]?NaN')} THEN double('NaN') WHEN {hexadecimal} AND {fits} THEN {value} END"
    )


def _plain_or_exponent(
    text: str, prefix: str, fast: str, plain: str, exponent: str, short: str = ""
) -> tuple[Level, ...]:
    """Levels that tell in `<prefix>k` how to cast: 2 a `short` text, 0 a `fast` one, 1 by way of `<prefix>n`."""
    form, bare, number = f"{prefix}k", f"{prefix}x", f"{prefix}c"
    # Anything else cannot be a number and is spared the further work.
    worth = text_literal(r"[^\x00-\x7F]|[0-9.][eE]")
    allowed = matches(bare, f"{plain}|{exponent}")
    first = f"WHEN {matches(text, short)} THEN 2 " if short else ""
    return (
        {form: f"CASE {first}WHEN {matches(text, fast)} THEN 0 WHEN {text} RLIKE {worth} THEN 1 END"},
        {bare: f"CASE WHEN {form} = 1 THEN {ascii_digits(text)} END"},
        {number: f"CASE WHEN {form} = 1 AND {allowed} THEN upper({bare}) END"},
        *_expanded(number, prefix),
    )


def _expanded(number: str, prefix: str, shift: str = "") -> tuple[Level, ...]:
    """Levels that leave in `<prefix>n` the plain digits of a number that may have an exponent; null stays null.

    `shift` names what is added to the exponent.
    """
    mantissa, power, digits, point = (f"{prefix}{name}" for name in "mefp")
    there, size = f"{number} IS NOT NULL", f"char_length({digits})"
    exponent = f"replace(split_part({number}, 'E', 2), '+', '')"
    added = f"CASE WHEN instr({number}, 'E') > 0 THEN try_cast({exponent} AS INT) ELSE 0 END"
    sign = f"CASE WHEN {number} LIKE '-%' THEN '-0' ELSE '0' END"
    plain = (
        f"CASE WHEN {point} <= 0 THEN concat('.', repeat('0', -{point}), {digits}) "
        f"WHEN {point} >= {size} THEN concat({digits}, repeat('0', {point} - {size})) "
        f"ELSE concat(substr({digits}, 1, {point}), '.', substr({digits}, {point} + 1)) END"
    )
    return (
        {
            mantissa: f"CASE WHEN {there} THEN trim(LEADING '+-' FROM split_part({number}, 'E', 1)) END",
            power: f"CASE WHEN {there} THEN {added}{f' + {shift}' if shift else ''} END",
        },
        {
            digits: f"replace({mantissa}, '.', '')",
            point: f"CASE WHEN abs({power}) <= {_MOST_EXPONENT} "
            f"THEN char_length(split_part({mantissa}, '.', 1)) + {power} END",
        },
        {f"{prefix}n": f"CASE WHEN {point} IS NOT NULL THEN concat({sign}, {plain}) END"},
    )


def _by_patterns(formatters: tuple[str, ...], text: str, prefix: str) -> tuple[Level, ...]:
    """Levels that leave plain digits of the first fitting pattern in `<prefix>n`."""
    bare, form, number, shift = (f"{prefix}{name}" for name in "xkcs")
    patterns = [read_number_pattern(pattern) for pattern in formatters]
    branches = [branch for pattern in patterns for branch in _branches(pattern, bare)]
    tests = " ".join(f"WHEN {test} THEN {place}" for place, (test, _, _) in enumerate(branches))
    cores = " ".join(f"WHEN {place} THEN {core}" for place, (_, core, _) in enumerate(branches))
    shifts = " ".join(f"WHEN {place} THEN {by}" for place, (_, _, by) in enumerate(branches))
    shifted = any(pattern.shift for pattern in patterns)
    chosen = {number: f"CASE {form} {cores} END"} | ({shift: f"CASE {form} {shifts} END"} if shifted else {})
    return (
        {bare: ascii_digits(text)},
        {form: f"CASE {tests} END"},
        chosen,
        *_expanded(number, prefix, shift if shifted else ""),
    )


def _branches(pattern: NumberPattern, text: str) -> list[tuple[str, str, int]]:
    """Test, digits and shift for positive and for negative numbers of a pattern."""
    found = []
    for sign, before, after in (("", pattern.prefix, pattern.suffix), ("-", *pattern.negative)):
        start, cut = len(before) + 1, len(before) + len(after)
        core = text if not cut else f"substr({text}, {start}, char_length({text}) - {cut})"
        core = f"concat('{sign}', replace({core}, ',', ''))"
        found.append((cut, (matches(text, pattern.regex(before, after)), core, pattern.shift)))
    # The longer literals decide when both signs fit.
    return [branch for _, branch in sorted(found, key=lambda item: -item[0])]
