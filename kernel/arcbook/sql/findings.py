"""What is questionable in a statement that would run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from arcbook.sql.lexical import code_only
from arcbook.sql.placeholders import Placeholder, placeholders

# Statements whose text the engine binds parameters in.
_BINDS = frozenset(("select", "with", "from", "values", "merge", "insert", "update", "delete"))
# Chance, and the clock where no run's time can stand in for it; other readings of the clock repeat (sql/clock.py).
_UNREPEATABLE = re.compile(
    r"(?<![\w.`])(?:(?:rand|randn|random|uuid|shuffle|randstr|uniform|current_time)\s*\(|current_time\b)",
    re.IGNORECASE,
)
_NAMED_SO = re.compile(r"\bas\s*$", re.IGNORECASE)
_TYPED = re.compile(r"\b(date|timestamp|timestamp_ntz|timestamp_ltz)\s*$", re.IGNORECASE)
# Places where the grammar wants a text literal and takes no parameter.
_LITERAL_ONLY = re.compile(r"\b(?:location|interval|escape|comment|options\s*\([^)]*|x|r)\s*$", re.IGNORECASE)

# What stands in front of a value.
_OPERAND = re.compile(
    r"(?:[=<>]|\b(?:like|rlike|limit|offset|between|between\s+\S+\s+and)\s|\bin\s*\()\s*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One questionable stretch of a statement; `code` is a problem code, offsets count from the statement's start."""

    code: str
    message: str
    start: int
    end: int
    remedy: str


def findings(sql: str, first_word: str) -> list[Finding]:
    """Questionable places of a statement that parses, in order.

    Args:
        sql: the statement with its placeholders still in it.
        first_word: the word that says what kind of statement it is, as `Parsed` has it.
    """
    found = [*_unrepeatable(sql)]
    if first_word in _BINDS:
        found.extend(_unsafe(sql))
    return sorted(found, key=lambda each: each.start)


def _unrepeatable(sql: str) -> Iterator[Finding]:
    code = code_only(sql)
    for match in _UNREPEATABLE.finditer(code):
        name = match.group().rstrip("( \t\r\n")
        called = match.group().endswith("(")
        # `shuffle(column)` is by chance whatever it is given.
        seeded = name.lower() in ("rand", "randn", "random") and re.match(r"\s*\d+\s*\)", code[match.end() :])
        if seeded or (not called and _NAMED_SO.search(code[: match.start()])):
            continue
        yield Finding(
            "unrepeatable",
            f"`{name}` gives another result when the job is run again.",
            match.start(),
            match.start() + len(name),
            "Take a parameter, or a value computed from the rows, so that a rerun writes the same rows.",
        )


def _unsafe(sql: str) -> Iterator[Finding]:
    for placeholder in placeholders(sql):
        inside = placeholder.inside
        if inside is None and _is_operand(sql, placeholder):
            yield Finding(
                "unsafe-substitution",
                f"The value of `{placeholder.name}` is pasted where a value stands: anything in it would become SQL.",
                placeholder.start,
                placeholder.end,
                f"Declare it in %params and write :{placeholder.name}.",
            )
        if inside is None or inside.kind != "text" or _LITERAL_ONLY.search(sql[: inside.start]):
            continue
        yield Finding(
            "unsafe-substitution",
            f"The value of `{placeholder.name}` is pasted into text: a quote in it would become SQL.",
            placeholder.start,
            placeholder.end,
            _bound_instead(sql, placeholder),
        )


def _is_operand(sql: str, placeholder: Placeholder) -> bool:
    """Whether a placeholder in the code stands for a whole value, and not for a name or a piece of the statement."""
    behind = sql[placeholder.end : placeholder.end + 1]
    joined = behind.isalnum() or behind in ("_", ".", "`", "(", "$")
    return not (behind and joined) and _OPERAND.search(sql[: placeholder.start]) is not None


def _bound_instead(sql: str, placeholder: Placeholder) -> str:
    inside = placeholder.inside
    whole = inside is not None and (inside.start + 1, inside.end - 1) == (placeholder.start, placeholder.end)
    if not whole or inside is None:
        return f"Declare it in %params and join the parts: concat('…', :{placeholder.name})."
    typed = _TYPED.search(sql[: inside.start])
    if typed:
        return f"Declare it in %params and write CAST(:{placeholder.name} AS {typed.group(1).upper()})."
    return f"Declare it in %params and write :{placeholder.name} without quotes."
