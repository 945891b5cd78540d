"""Typing of booleans, text and bytes."""

from arcbook.schemas.conversion import Conversion, cannot_convert, matches, one_of, quoted_list
from arcbook.schemas.model import BinaryColumn, BooleanColumn, StringColumn
from arcbook.schemas.regexes import common_dialect
from arcbook.sql.quote import text_literal

_START = "String '"


def compile_boolean(column: BooleanColumn, text: str, prefix: str) -> Conversion:
    """True texts are looked up before false ones."""
    is_true, is_false = one_of(text, column.true_values), one_of(text, column.false_values)
    how = (
        f"using provided true values: {quoted_list(column.true_values)} "
        f"or false values: {quoted_list(column.false_values)}"
    )
    value = f"CASE WHEN {is_true} THEN true WHEN {is_false} THEN false END"
    return Conversion(({f"{prefix}v": value},), f"{prefix}v", cannot_convert(text, "boolean", how))


def compile_string(column: StringColumn, text: str, prefix: str) -> Conversion:
    """Text passes unless a limit or the pattern refuses it; all refusals make one message."""
    checks = _string_checks(column, text, prefix)
    if not checks:
        return Conversion((), text, "''", failed="false")
    levels: list[dict[str, str]] = []
    if column.min_length is not None or column.max_length is not None:
        # Arc counts UTF-16 units: characters outside the basic plane count twice.
        beyond = f"char_length(regexp_replace({text}, '[\\\\x{{0}}-\\\\x{{FFFF}}]', ''))"
        plain = f"octet_length({text}) = char_length({text})"
        levels.append({f"{prefix}n": f"char_length({text}) + CASE WHEN {plain} THEN 0 ELSE {beyond} END"})
    levels.append({f"{prefix}bad": " OR ".join(f"({test})" for test, _ in checks)})
    messages = ", ".join(f"CASE WHEN {test} THEN {message} END" for test, message in checks)
    value = f"CASE WHEN NOT {prefix}bad THEN {text} END"
    return Conversion(tuple(levels), value, f"concat_ws(' ', {messages})", failed=f"{prefix}bad")


def _string_checks(column: StringColumn, text: str, prefix: str) -> list[tuple[str, str]]:
    """Pairs of a test that refuses and its message."""
    start, opening = f"{text_literal(_START)}, {text}", text_literal("' (")
    count = f"{prefix}n"
    checks = []
    for limit, sign, words in (
        (column.min_length, "<", "less than minLength"),
        (column.max_length, ">", "greater than maxLength"),
    ):
        if limit is not None:
            rest = text_literal(f" characters) is {words} ({limit}).")
            said = f"{opening}, CAST({count} AS STRING), {rest}"
            checks.append((f"{count} {sign} {limit}", f"concat({start}, {said})"))
    if column.regex is not None:
        said = text_literal(f"' does not match regex '{column.regex}'.")
        checks.append((f"NOT {matches(text, common_dialect(column.regex))}", f"concat({start}, {said})"))
    return checks


def compile_binary(column: BinaryColumn, text: str, prefix: str) -> Conversion:
    """Base64 or hexadecimal text."""
    message = cannot_convert(text, "binary", f"using '{column.encoding}' decoding.")
    return _base64(text, prefix, message) if column.encoding == "base64" else _hexadecimal(text, prefix, message)


def _base64(text: str, prefix: str, message: str) -> Conversion:
    """Decoded as far as whole bytes go: padding may be missing, blanks stand anywhere, `=` ends the text."""
    alphabet = matches(text, r"[A-Za-z0-9+/_=\- \n\r\t-]*")
    signs = f"substring_index(translate({text}, '-_ \\n\\r\\t', '+/'), '=', 1)"
    code, count = f"{prefix}c", f"char_length({prefix}c)"
    # Filled up with zero bits instead of `=`, since decoders differ in which incomplete endings they take.
    whole = f"unbase64(rpad({code}, CAST(({count} + 3) DIV 4 * 4 AS INT), 'A'))"
    decoded = f"substring({whole}, 1, CAST({count} * 6 DIV 8 AS INT))"
    value = f"CASE WHEN {code} = '' THEN CAST('' AS BINARY) ELSE {decoded} END"
    return Conversion(({code: f"CASE WHEN {alphabet} THEN {signs} END"}, {f"{prefix}v": value}), f"{prefix}v", message)


def _hexadecimal(text: str, prefix: str, message: str) -> Conversion:
    """Arc first reads the text as a signed 64-bit number; a sign passes that test and then yields nothing."""
    number = "0*[0-7]?[0-9A-Fa-f]{0,15}"
    some = "[0-9A-Fa-f]+"
    plain = f"{matches(text, number)} AND {matches(text, some)}"
    signed = matches(text, f"[+-]{number}|-0*80{{15}}") + f" AND {matches(text, f'[+-]{some}')}"
    value = f"CASE WHEN {plain} THEN unhex({text}) END"
    failed = f"({prefix}v IS NULL AND {text} IS NOT NULL AND NOT ({signed}))"
    return Conversion(({f"{prefix}v": value},), f"{prefix}v", message, failed)
