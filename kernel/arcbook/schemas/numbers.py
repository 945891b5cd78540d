"""Typing of whole numbers, decimals and doubles, with and without Java number patterns."""

from arcbook.schemas.conversion import Conversion, ascii_digits, bound, cannot_convert, matches, quoted_list, trimmed
from arcbook.schemas.model import DecimalColumn, DoubleColumn, IntegerColumn, LongColumn
from arcbook.schemas.numberpattern import NumberPattern, read_number_pattern

#: What Arc's messages show when a column has no formatters.
WHOLE_PATTERN = "#,##0;-#,##0"
FRACTION_PATTERN = "#,##0.###;-#,##0.###"

_MANTISSA = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)"
_HEX_DIGITS = 13


def expanded(text: str, exponent_sign: str, shift: int = 0) -> str:
    """Plain digits for a number that may have an exponent; `shift` is added to the exponent.

    Only for texts known to be numbers; exponents of more than four digits give null.
    """
    parts = (
        f"named_struct('m', trim(LEADING '+-' FROM split_part(x, '{exponent_sign}', 1)), 's', substr(x, 1, 1), "
        f"'e', try_cast(concat('0', replace(replace(split_part(x, '{exponent_sign}', 2), '+', ''), '-', '')) AS INT), "
        f"'n', instr(split_part(x, '{exponent_sign}', 2), '-'))"
    )
    digits = (
        "named_struct('d', replace(x.m, '.', ''), 's', CASE WHEN x.s = '-' THEN '-' ELSE '' END, 'p', "
        "CASE WHEN x.e < 10000 THEN char_length(split_part(x.m, '.', 1)) "
        f"+ CASE WHEN x.n > 0 THEN -x.e ELSE x.e END + {shift} END)"
    )
    size = "char_length(x.d)"
    plain = (
        "concat(x.s, '0', CASE "
        "WHEN x.p <= 0 THEN concat('.', repeat('0', -x.p), x.d) "
        f"WHEN x.p >= {size} THEN concat(x.d, repeat('0', x.p - {size})) "
        f"WHEN x.p < {size} THEN concat(substr(x.d, 1, x.p), '.', substr(x.d, x.p + 1)) END)"
    )
    return f"element_at(transform(transform(transform(array({text}), x -> {parts}), x -> {digits}), x -> {plain}), 1)"


def compile_whole(column: IntegerColumn | LongColumn, text: str, prefix: str) -> Conversion:
    """Integers and longs."""
    message = cannot_convert(
        text, column.type_name, f"using formatters {quoted_list(column.formatters or (WHOLE_PATTERN,))}"
    )
    value = f"{prefix}v"
    if column.formatters:
        levels = _by_patterns(column.formatters, text, prefix)
        return Conversion((*levels, {value: whole(f"{prefix}n", column.sql_type)}), value, message)
    other = bound(
        ascii_digits(text),
        lambda x: (
            f"CASE WHEN {matches(x, '[+-]?[0-9]+')} THEN try_cast({x} AS {column.sql_type}) "
            f"WHEN {matches(x, f'[+-]?{_MANTISSA}[eE][+][0-9]+')} "
            f"THEN {bound(expanded(f'upper({x})', 'E'), lambda y: whole(y, column.sql_type))} END"
        ),
    )
    fast = f"CASE WHEN {matches(text, '[+-]?[0-9]+')} THEN try_cast({text} AS {column.sql_type}) ELSE {other} END"
    return Conversion(({value: fast},), value, message)


def whole(plain: str, sql_type: str) -> str:
    """The whole number in the plain digits named `plain`, null when it has a fraction or does not fit."""
    test = matches(plain, r"-?[0-9]*(?:\.0*)?")
    return f"CASE WHEN {test} THEN try_cast(split_part({plain}, '.', 1) AS {sql_type}) END"


def compile_decimal(column: DecimalColumn, text: str, prefix: str) -> Conversion:
    """Exact numbers, rounded half up to the column's scale."""
    shown = quoted_list(column.formatters or (FRACTION_PATTERN,))
    message = cannot_convert(text, f"decimal({column.precision}, {column.scale})", f"using formatters {shown}")
    value = f"{prefix}v"
    if column.formatters:
        levels = _by_patterns(column.formatters, text, prefix)
        return Conversion((*levels, {value: f"try_cast({prefix}n AS {column.sql_type})"}), value, message)
    other = bound(
        ascii_digits(text),
        lambda x: (
            f"CASE WHEN {matches(x, f'[+-]?{_MANTISSA}')} THEN try_cast({x} AS {column.sql_type}) "
            f"WHEN {matches(x, f'[+-]?{_MANTISSA}[eE][+-]?[0-9]+')} "
            f"THEN try_cast({expanded(f'upper({x})', 'E')} AS {column.sql_type}) END"
        ),
    )
    plain = f"WHEN {matches(text, f'[+-]?{_MANTISSA}')} THEN try_cast({text} AS {column.sql_type})"
    return Conversion(({value: f"CASE {plain} ELSE {other} END"},), value, message)


def compile_double(column: DoubleColumn, text: str, prefix: str) -> Conversion:
    """Java's floating point texts; infinities are errors."""
    shown = quoted_list(column.formatters or (FRACTION_PATTERN,))
    message = cannot_convert(text, "double", f"using formatters {shown}")
    number, value = f"{prefix}d", f"{prefix}v"
    finite = f"CASE WHEN abs({number}) = double('Infinity') THEN NULL ELSE {number} END"
    if column.formatters:
        levels = _by_patterns(column.formatters, text, prefix)
        parsed = f"CASE WHEN {text} = 'NaN' THEN double('NaN') ELSE try_cast({prefix}n AS DOUBLE) END"
        return Conversion((*levels, {number: parsed}, {value: finite}), value, message)
    other = bound(trimmed(text), _java_double)
    fast = f"WHEN {matches(text, f'[+-]?{_MANTISSA}')} THEN try_cast({text} AS DOUBLE)"
    return Conversion(({number: f"CASE {fast} ELSE {other} END"}, {value: finite}), value, message)


def _java_double(text: str) -> str:
    """Exponents, type suffixes, NaN and hexadecimal numbers."""
    suffixed = matches(text, f"[+-]?{_MANTISSA}(?:[eE][+-]?[0-9]+)?[fFdD]?")
    hexadecimal = matches(text, r"[+-]?0[xX](?:[0-9A-Fa-f]+\.?[0-9A-Fa-f]*|\.[0-9A-Fa-f]+)[pP][+-]?[0-9]+[fFdD]?")
    lowered = f"trim(LEADING '+-' FROM lower({text}))"
    mantissa = f"substr(split_part({lowered}, 'p', 1), 3)"
    fraction = f"char_length(split_part({mantissa}, '.', 2))"
    # More digits than a double holds would need rounding by hand: an error instead.
    digits = f"replace({mantissa}, '.', '')"
    fits = f"char_length({digits}) <= {_HEX_DIGITS}"
    exponent = f"try_cast(trim(TRAILING 'fd' FROM split_part({lowered}, 'p', 2)) AS INT)"
    sign = f"CASE WHEN {text} LIKE '-%' THEN -1.0D ELSE 1.0D END"
    # Two factors: a single power could overflow or underflow where the product does not.
    power = f"({exponent} - 4 * {fraction})"
    value = (
        f"{sign} * try_cast(conv({digits}, 16, 10) AS DOUBLE) * power(2.0D, CAST({power} DIV 2 AS INT)) "
        f"* power(2.0D, CAST({power} - {power} DIV 2 AS INT))"
    )
    return (
        f"CASE WHEN {suffixed} THEN try_cast(trim(TRAILING 'fFdD' FROM {text}) AS DOUBLE) "
        f"WHEN {matches(text, '[+-]?NaN')} THEN double('NaN') WHEN {hexadecimal} AND {fits} THEN {value} END"
    )


def _by_patterns(formatters: tuple[str, ...], text: str, prefix: str) -> tuple[dict[str, str], ...]:
    """Levels that leave plain digits of the first fitting pattern in `<prefix>n`."""
    source = f"{prefix}x"
    cases = [case for pattern in formatters for case in _cases(read_number_pattern(pattern), source)]
    return ({source: ascii_digits(text)}, {f"{prefix}n": f"CASE {' '.join(cases)} END"})


def _cases(pattern: NumberPattern, text: str) -> list[str]:
    """One branch for positive and one for negative numbers of a pattern."""
    branches = []
    for sign, before, after in (("", pattern.prefix, pattern.suffix), ("-", *pattern.negative)):
        start, cut = len(before) + 1, len(before) + len(after)
        core = text if not cut else f"substr({text}, {start}, char_length({text}) - {cut})"
        core = f"concat('{sign}0', replace({core}, ',', ''))"
        plain = expanded(core, "E", pattern.shift)
        if not pattern.shift:
            plain = f"CASE WHEN instr({text}, 'E') > 0 THEN {plain} ELSE {core} END"
        branches.append((len(before) + len(after), f"WHEN {matches(text, pattern.regex(before, after))} THEN {plain}"))
    # The longer literals decide when both signs fit.
    return [branch for _, branch in sorted(branches, key=lambda item: -item[0])]
