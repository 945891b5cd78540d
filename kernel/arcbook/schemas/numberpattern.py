"""Java's DecimalFormat patterns, read for parsing: what stands around the digits and what is allowed among them."""

import re
from dataclasses import dataclass
from functools import cache

from arcbook.schemas.datepattern import PatternError
from arcbook.schemas.regexes import escaped

_DIGITS = set("#0,.")


@dataclass(frozen=True, slots=True)
class NumberPattern:
    """One pattern. `shift` is the power of ten that a percent or per mille sign stands for."""

    prefix: str
    suffix: str
    negative: tuple[str, str]
    grouping: bool
    shift: int

    def regex(self, before: str, after: str) -> str:
        """What a whole text looks like between the literals `before` and `after`.

        Commas may stand anywhere before the point as long as a digit follows; extra digits and exponents are allowed.
        """
        digits = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
        if self.grouping:
            digits = r"(?:(?:,*[0-9])+(?:\.[0-9]*)?|(?:,*[0-9])*,*\.[0-9]+)"
        return f"{escaped(before)}{digits}(?:E-?[0-9]+)?{escaped(after)}"


@cache
def read_number_pattern(pattern: str) -> NumberPattern:
    """Read a pattern.

    Raises:
        PatternError: the pattern is malformed, or has a sign that cannot be compiled.
    """
    halves = _halves(pattern)
    prefix, digits, suffix, shift = _half(halves[0], pattern)
    if len(halves) > 1:
        before, _, after, _ = _half(halves[1], pattern)
        negative = (before, after) if (before, after) != (prefix, suffix) else ("-" + prefix, suffix)
    else:
        negative = ("-" + prefix, suffix)
    # Scientific patterns take no grouping.
    return NumberPattern(prefix, suffix, negative, "," in digits and "E" not in digits, shift)


def _halves(pattern: str) -> list[str]:
    """The positive and perhaps a negative sub-pattern; a quoted semicolon does not part them."""
    halves, quoted = [""], False
    for sign in pattern:
        quoted ^= sign == "'"
        if sign == ";" and not quoted:
            halves.append("")
        else:
            halves[-1] += sign
    if len(halves) > 2:
        raise PatternError(pattern, f"Unquoted special character ';' in pattern \"{pattern}\"")
    return halves


def _half(text: str, pattern: str) -> tuple[str, str, str, int]:
    """Prefix, digit signs, suffix and power of ten of one sub-pattern."""
    prefix, position, shift = _literal(text, 0, pattern)
    found = re.compile(r"[#0,.]*(?:E0+)?").match(text, position)
    digits = found.group() if found else ""
    suffix, end, shift_after = _literal(text, position + len(digits), pattern)
    if end < len(text):
        raise PatternError(pattern, f'Malformed pattern "{pattern}"')
    if digits.count(".") > 1 or re.search(r"0#|,\.|,$", digits.split(".")[0] + "$" if "." in digits else digits):
        raise PatternError(pattern, f'Malformed pattern "{pattern}"')
    return prefix, digits, suffix, shift + shift_after


def _literal(text: str, position: int, pattern: str) -> tuple[str, int, int]:
    """The literal from `position`, where it ends, and the power of ten of its percent signs."""
    out, quoted, shift = "", False, 0
    while position < len(text):
        sign = text[position]
        if sign == "'":
            if text[position + 1 : position + 2] == "'":
                out += "'"
                position += 1
            else:
                quoted = not quoted
        elif not quoted and sign in _DIGITS:
            break
        elif not quoted and sign == "¤":
            raise PatternError(pattern, "the currency sign ¤ cannot be compiled; write the currency's text instead")
        else:
            shift -= 2 if sign == "%" and not quoted else 3 if sign == "‰" and not quoted else 0
            out += sign
        position += 1
    return out, position, shift
