"""Parameters in SQL text: Arc's `${name}`, replaced by text, and `:name`, bound by the engine.

Arc's rules (docs/sql.md) with these differences: values are pasted as they are (`$` and `\\` mean nothing in them), all
replacements happen at once (a value cannot bring in another placeholder), every placeholder left over is an error, and
a value that would end the quotes or comment its placeholder stands in is refused.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from arcbook.core.suggest import did_you_mean
from arcbook.sql.errors import SqlError
from arcbook.sql.lexical import Region, code_only, regions, stays_inside
from arcbook.sql.offsets import Rendered, Replacement, render

_PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")
# `${hiveconf:x}`, `${env:X}`: variables that the engine itself replaces.
_ENGINE_VARIABLE = re.compile(r"\s*\w+:")
_NAMED = re.compile(r"(?<![:\w\])}]):(?!:)([A-Za-z_]\w*)|(\w+):(?!:)([A-Za-z_]\w*)", re.ASCII)
_QUOTED = re.compile(r"(['\"])\s*:([A-Za-z_]\w*)\s*\1", re.ASCII)
_STRUCT_TYPE = re.compile(r"\bstruct\s*<", re.IGNORECASE)
# Words that a parameter may follow without a blank; after any other word a colon opens a path into a value.
_BEFORE_PARAMETER = frozenset(
    (
        "and", "as", "between", "by", "case", "else", "escape", "from", "having", "in", "interval", "is", "like",
        "limit", "not", "of", "offset", "on", "or", "regexp", "rlike", "select", "then", "when", "where",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `${name}` of a statement; `sql[start:end]` is all of it. `inside` is the text or comment around it."""

    name: str
    start: int
    end: int
    inside: Region | None = None


@dataclass(frozen=True, slots=True)
class NamedParameter:
    """One `:name` of a statement; `sql[start:end]` includes the colon."""

    name: str
    start: int
    end: int


def placeholders(sql: str) -> Iterator[Placeholder]:
    """Every `${name}` of `sql`, also inside text and comments, but no variable of the engine (`${hiveconf:x}`)."""
    if "${" not in sql:
        return
    surroundings = regions(sql)
    index = 0
    for found in _PLACEHOLDER.finditer(sql):
        if _ENGINE_VARIABLE.match(found.group(1)):
            continue
        while index < len(surroundings) and surroundings[index].end <= found.start():
            index += 1
        around = surroundings[index] if index < len(surroundings) else None
        inside = around if around is not None and around.start < found.start() else None
        yield Placeholder(found.group(1).partition("=")[0].strip(), found.start(), found.end(), inside)


def parameter_errors(sql: str, names: Collection[str]) -> list[SqlError]:
    """What keeps values called `names` from filling `sql`: values without placeholder, placeholders without value."""
    found = list(placeholders(sql))
    known = {placeholder.name for placeholder in found}
    errors = [
        SqlError(
            f"`{name}` has a value, but the statement has no placeholder ${{{name}}}.",
            0,
            0,
            code="sql-parameter",
            remedy=did_you_mean(name, known) or f"Use ${{{name}}} in the statement, or remove the value.",
        )
        for name in names
        if name not in known
    ]
    errors.extend(
        SqlError(
            f"{sql[placeholder.start : placeholder.end]} has no value.",
            placeholder.start,
            placeholder.end,
            code="sql-parameter",
            remedy=did_you_mean(placeholder.name, names) or _how_to_give(placeholder, sql),
        )
        for placeholder in found
        if placeholder.name not in names
    )
    return errors


def _how_to_give(placeholder: Placeholder, sql: str) -> str:
    remedy = f"Give it in sqlParams: `{placeholder.name or 'name'}=…`."
    if "=" in sql[placeholder.start : placeholder.end]:
        remedy += " What follows `=` in a placeholder is no default."
    return remedy


def substitute(sql: str, params: Mapping[str, str]) -> Rendered:
    """`sql` with every `${name}` replaced by its value, as text.

    Raises:
        SqlError: a value without placeholder, a placeholder without value, or a value that would end the quotes or the
            comment around its placeholder.
    """
    errors = parameter_errors(sql, params)
    if errors:
        raise errors[0]
    return fill(sql, params)


def fill(sql: str, params: Mapping[str, str]) -> Rendered:
    """As `substitute`, but placeholders without value stay, and values without placeholder do not matter."""
    changes = []
    for placeholder in placeholders(sql):
        value = params.get(placeholder.name)
        if value is None:
            continue
        if placeholder.inside is not None and not stays_inside(value, placeholder.inside, sql):
            raise SqlError(
                f"The value of `{placeholder.name}` would end the quotes or comment around its placeholder.",
                placeholder.start,
                placeholder.end,
                code="sql-parameter",
                remedy=f"Write :{placeholder.name} without quotes, so that the value is bound and not pasted.",
            )
        changes.append(Replacement(placeholder.start, placeholder.end, value))
    return render(sql, changes)


def named_parameters(sql: str) -> list[NamedParameter]:
    """Every `:name` that the engine binds: outside text, quoted names and comments, no cast, path or struct type."""
    if ":" not in sql:
        return []
    code = _PLACEHOLDER.sub(lambda found: "_" * len(found.group()), code_only(sql))
    struct_types = list(_struct_types(code))
    parameters = []
    for found in _NAMED.finditer(code):
        word, name = found.group(2), found.group(1) or found.group(3)
        if word is not None and word.lower() not in _BEFORE_PARAMETER:
            continue
        start = found.start() if word is None else found.end(2)
        if sql[start - 1 : start] in ("`", "'", '"') or any(begin < start < end for begin, end in struct_types):
            continue
        parameters.append(NamedParameter(name, start, found.end()))
    return parameters


def quoted_parameters(sql: str) -> Iterator[NamedParameter]:
    """Every text that is a `:name` and nothing else, with its quotes: the engine puts no value there."""
    for region in regions(sql) if ":" in sql else ():
        found = _QUOTED.fullmatch(sql, region.start, region.end)
        if found and region.kind == "text":
            yield NamedParameter(found[2], region.start, region.end)


def _struct_types(code: str) -> Iterator[tuple[int, int]]:
    """The stretches between the angle brackets of struct types, whose `name:type` are no parameters."""
    for found in _STRUCT_TYPE.finditer(code):
        depth = 0
        for position in range(found.end() - 1, len(code)):
            depth += {"<": 1, ">": -1}.get(code[position], 0)
            if depth == 0:
                yield found.end(), position
                break
