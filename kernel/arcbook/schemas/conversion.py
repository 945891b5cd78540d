"""What compiling one column yields, and the SQL fragments that all types share."""

from collections.abc import Mapping
from dataclasses import dataclass

from arcbook.sql.quote import text_literal

#: Java's `String.trim` cuts these at both ends.
_BLANKS = "'" + "".join(f"\\u{code:04x}" for code in range(0x21)) + "'"
#: The zeros of all decimal digit runs in the basic plane; Java's number parsers read any of these digits.
_ZEROS = (
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50,
    0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
    0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
)  # fmt: skip
_FOREIGN_DIGITS = "".join(chr(zero + digit) for zero in _ZEROS for digit in range(10))


@dataclass(frozen=True, slots=True)
class Conversion:
    """How the text of one column becomes a value.

    Args:
        levels: named expressions, computed level after level: an expression may use names of earlier levels only, so
            that each is computed once.
        value: the final expression.
        message: the error of a text that cannot be converted; an expression.
        failed: when there is an error; by default when there was text and there is no value.
    """

    levels: tuple[Mapping[str, str], ...]
    value: str
    message: str
    failed: str | None = None


def matches(text: str, regex: str) -> str:
    """Whether the whole of `text` matches. `$` would also allow a line end on the JVM."""
    return f"{text} RLIKE {text_literal(f'^(?:{regex})' + chr(92) + 'z')}"


def trimmed(text: str) -> str:
    """`text` without characters up to U+0020 at both ends."""
    return f"trim(BOTH {_BLANKS} FROM {text})"


def ascii_digits(text: str) -> str:
    """`text` with every decimal digit of any script as 0 to 9; costs nothing for plain ASCII."""
    digits = "0123456789" * len(_ZEROS)
    changed = f"translate({text}, {text_literal(_FOREIGN_DIGITS)}, '{digits}')"
    return f"CASE WHEN octet_length({text}) = char_length({text}) THEN {text} ELSE {changed} END"


def cannot_convert(text: str, target: str, how: str) -> str:
    """Arc's error message as an expression."""
    before, after = text_literal("Unable to convert '"), text_literal(f"' to {target} {how}")
    return f"concat({before}, {text}, {after})"


def quoted_list(values: tuple[str, ...]) -> str:
    """`['a', 'b']`, as Arc's messages list settings."""
    return "[" + ", ".join(f"'{value}'" for value in values) + "]"


def one_of(text: str, values: tuple[str, ...]) -> str:
    """Whether `text` equals one of a few texts."""
    tests = [f"{text} = {text_literal(value)}" for value in dict.fromkeys(values)]
    return tests[0] if len(tests) == 1 else f"({' OR '.join(tests)})" if tests else "false"
