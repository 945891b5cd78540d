"""Regular expressions in the dialect that the JVM and Rust read alike; Java's own are brought to it."""

import re

#: Java's classes know ASCII only; Rust's know all scripts.
_CLASSES = {
    "d": "0-9",
    "w": "A-Za-z0-9_",
    "s": r" \t\n\x0B\f\r",
}
_PLAIN = {"h": r"[ \t\x{A0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}]", "Z": r"\n?\z", "e": r"\x1B"}
_ANY = r"[^\n\r\x{85}\x{2028}\x{2029}]"


def escaped(text: str) -> str:
    """`text` taken literally; a class for blanks keeps the expression readable in SQL."""
    return re.sub(r"([^A-Za-z0-9 \x80-\U0010ffff])", r"\\\1", text)


def common_dialect(pattern: str) -> str:
    """`pattern` with the same meaning for both engines.

    Raises:
        ValueError: the pattern does not compile, or uses what cannot be translated.
    """
    _check(pattern)
    out: list[str] = []
    position, depth, first = 0, 0, -1
    while position < len(pattern):
        sign = pattern[position]
        if sign == "\\":
            text, position = _escape(pattern, position, in_class=depth > 0)
            out.append(text)
            continue
        if sign == "[":
            depth += 1
            # A `]` here, directly behind the opening, is a member of the class.
            first = position + (2 if pattern.startswith("[^", position) else 1)
        elif sign == "]" and depth and position != first:
            depth -= 1
        elif sign == "." and not depth:
            sign = _ANY
        out.append(sign)
        position += 1
    return "".join(out)


def _escape(pattern: str, position: int, *, in_class: bool) -> tuple[str, int]:
    """The translation of the escape at `position`, and where the text goes on."""
    letter = pattern[position + 1]
    after = position + 2
    if letter == "Q":
        end = pattern.find("\\E", after)
        quoted = pattern[after:] if end < 0 else pattern[after:end]
        return re.sub(r"([^\w\s])", r"\\\1", quoted, flags=re.ASCII), len(pattern) if end < 0 else end + 2
    if letter.lower() in _CLASSES:
        members = _CLASSES[letter.lower()]
        if letter.islower():
            return (members if in_class else f"[{members}]"), after
        return f"[^{members}]", after
    if letter in _PLAIN and not in_class:
        return _PLAIN[letter], after
    if letter == "u":
        return f"\\x{{{pattern[after : after + 4]}}}", after + 4
    return pattern[position:after], after


_JAVA_WORDS = (
    ("unterminated character set", "Unclosed character class"),
    ("missing ), unterminated subpattern", "Unclosed group"),
    ("unbalanced parenthesis", "Unmatched closing ')'"),
    ("nothing to repeat", "Dangling meta character '*'"),
    ("multiple repeat", "Dangling meta character '*'"),
    ("bad escape (end of pattern)", "Unexpected internal error"),
)


def _check(pattern: str) -> None:
    """Python's reader finds what does not compile; forms it lacks are taken out first."""
    probe = re.sub(r"\\Q.*?(?:\\E|$)", "q", pattern, flags=re.DOTALL)
    probe = re.sub(r"\\[pP](?:\{\w+=?\w*\}|\w)", "p", probe)
    probe = re.sub(r"\\x\{[0-9A-Fa-f]+\}", "x", probe)
    probe = re.sub(r"\\[hHvVRXzZGeE]", "x", probe)
    probe = re.sub(r"\(\?<(?=\w)", "(?P<", probe).replace("\\k<", "(?P=").replace("&&", "")
    probe = re.sub(r"^\(\?[idmsuxU-]+\)", "", probe)
    try:
        re.compile(probe)
    except re.error as error:
        for python, java in _JAVA_WORDS:
            if python in str(error):
                raise ValueError(f"{java} near index {max(len(pattern) - 1, 0)}: {pattern}") from error
        raise ValueError(f"The regular expression does not compile: {error}: {pattern}") from error


def needs_java_regex(pattern: str) -> bool:
    """Whether a pattern looks around or back, which the embedded engine's regular expressions cannot."""
    plain = re.sub(r"\\\\", "", pattern)
    return bool(re.search(r"\(\?(?:[=!>]|<[=!])|\\[1-9]|\\k<|[*+?}]\+", plain))
