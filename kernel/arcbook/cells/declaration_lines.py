"""Reading the lines of `%params` cells: declarations, and given values (`name = <JSON literal>`)."""

import json
import re
import warnings
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

from arcbook.cells.declarations import Declaration
from arcbook.cells.numbers import number
from arcbook.cells.parameter_types import KINDS, ParameterType, ValueProblemError
from arcbook.cells.secrets import is_address
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem
from arcbook.core.span import Span
from arcbook.core.suggest import did_you_mean

# As `:name` in SQL and the names of workflows' arguments.
_NAME = re.compile(r"([A-Za-z_]\w*)\s*:\s*", re.ASCII)
_KIND = re.compile(r"[A-Za-z]+")
_RANGE = re.compile(r"\(([^()]*?)\.\.([^()]*)\)")
# As it is, or in brackets as a range: `string(/[A-Z]+/)`.
_PATTERN = re.compile(r"(?P<open>\(\s*)?/(?P<pattern>(?:[^/\\]|\\.)+)/(?(open)\s*\))")
# A default without quotes reaches to a comment, a range or a pattern, each behind a blank.
_BARE = re.compile(r"(?:(?!\s#|\s\([^()]*\.\.|\s\(?/).)*")
_EXAMPLE = "Write `name: type = default  # help`."
_NAMES = "A name has the letters a to z, digits and `_`."


class _Line:
    """A cursor over one declaration."""

    def __init__(self, text: str, span: Span) -> None:
        self.text = text
        self.span = span
        self.position = 0

    @property
    def rest(self) -> str:
        return self.text[self.position :]

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.position)
        if found:
            self.position = found.end()
        return found

    def skip(self) -> None:
        while self.position < len(self.text) and self.text[self.position].isspace():
            self.position += 1

    def fail(self, message: str, remedy: str = _EXAMPLE, *, key: str = "", at: int | None = None) -> NoReturn:
        start = self.span.column + (self.position if at is None else at)
        end = max(start + 1, self.span.end_column)
        span = Span(self.span.line, start, self.span.line, end, self.span.cell, self.span.origin)
        raise CellError([Problem("parameter-declaration", message, span, key, remedy)])


def read_declaration(text: str, span: Span) -> Declaration:
    """The declaration on a line, stripped of blanks, that stands at `span`.

    Raises:
        CellError: what is wrong with it.
    """
    line = _Line(text, span)
    found = line.take(_NAME)
    if found is None:
        foreign = not text.isascii() and re.match(r"\w+\s*:", text)
        line.fail(f"`{text}` declares no parameter", _NAMES if foreign else _EXAMPLE)
    name = found[1]
    type_ = _type(line)
    facts: dict[str, Any] = {"required": True}
    raw: list[tuple[Any, int]] = []
    while True:
        line.skip()
        if not line.rest or line.rest.startswith("#"):
            break
        if line.rest.startswith("=") and not raw:
            line.position += 1
            line.skip()
            raw.append((_literal(line), line.position))
        elif "minimum" not in facts and (limits := line.take(_RANGE)):
            facts["minimum"], facts["maximum"] = _range(line, type_, limits)
        elif "pattern" not in facts and (pattern := line.take(_PATTERN)):
            facts["pattern"] = _regex(line, type_, pattern)
        else:
            line.fail(f"`{line.rest}` is not understood", key=name)
    comment = line.rest.lstrip("# ").strip()
    # `# required` repeats what the missing default says.
    declaration = Declaration(name, type_, help="" if comment == "required" else comment, span=span, **facts)
    if not raw:
        return declaration
    return _with_default(line, declaration, facts, raw[0][0])


def _with_default(line: _Line, declaration: Declaration, facts: Mapping[str, Any], value: Any) -> Declaration:
    default = None
    if value is not None:
        if declaration.type.kind == "secret" and not (isinstance(value, str) and is_address(value)):
            line.fail(
                "the default of a secret must be its address, not the secret",
                "Write `aws-secretsmanager://name` or `env://NAME`.",
                key=declaration.name,
                at=0,
            )
        try:
            default = declaration.read(value)
        except ValueProblemError as error:
            remedy = error.remedy if "{name}" not in error.remedy else "Put the text into double quotes."
            line.fail(
                f"the default of `{declaration.name}` must be {error.expected}", remedy, key=declaration.name, at=0
            )
    return Declaration(
        declaration.name, declaration.type, help=declaration.help, span=declaration.span,
        **{**facts, "required": False, "default": default},
    )  # fmt: skip


def _type(line: _Line) -> ParameterType:
    start = line.position
    found = line.take(_KIND)
    kind = found[0] if found else ""
    if kind not in KINDS:
        remedy = did_you_mean(kind, KINDS) or f"The types are: {', '.join(KINDS)}."
        line.fail(f"there is no parameter type `{kind or line.rest}`", remedy, at=start)
    if kind == "list":
        if not line.rest.startswith("["):
            line.fail("`list` needs the type of its items", "Write for example `list[string]`.")
        line.position += 1
        item = _type(line)
        if item.kind in ("list", "secret"):
            line.fail(f"a list of {item.kind}s is not possible", "Use a list of simple values.", at=start)
        if not line.rest.startswith("]"):
            line.fail("`list[` is not closed", "Write for example `list[string]`.")
        line.position += 1
        return ParameterType("list", item=item)
    if kind == "decimal":
        return _decimal(line)
    return _enum(line) if kind == "enum" else ParameterType(kind)


def _decimal(line: _Line) -> ParameterType:
    found = line.take(re.compile(r"\(\s*(\d{1,3})\s*(?:,\s*(\d{1,3})\s*)?\)"))
    if found is None:
        if line.rest.startswith("(") and ".." not in line.rest:
            line.fail("`decimal` takes precision and scale", "Write for example `decimal(10,2)`.")
        return ParameterType("decimal", 38, 18)
    precision, scale = int(found[1]), int(found[2] or 0)
    if not 1 <= precision <= 38 or scale > precision:
        line.fail(f"`decimal({precision},{scale})` does not exist", "The precision is 1 to 38, the scale at most that.")
    return ParameterType("decimal", precision, scale)


def _enum(line: _Line) -> ParameterType:
    start = line.position
    found = line.take(re.compile(r'\(((?:[^()"]|"(?:[^"\\]|\\.)*")*)\)'))
    parts = re.findall(r'"(?:[^"\\]|\\.)*"|[^\s,"]+', found[1] if found else "")
    try:
        choices = [json.loads(part) if part.startswith('"') else part for part in parts]
    except ValueError:
        line.fail("a value of the enum is no JSON text", 'Write for example `enum("eu", "us")`.', at=start)
    if not choices:
        line.fail("`enum` needs its values", 'Write for example `enum("eu", "us")`.')
    if len(set(choices)) < len(choices):
        line.fail("the enum names a value twice", "Name each value once.", at=start)
    return ParameterType("enum", choices=tuple(choices))


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def _literal(line: _Line) -> Any:
    """A default: JSON for text in quotes, lists and null; anything else as the text it is."""
    rest = line.rest
    if rest.startswith(('"', "[")):
        try:
            value, length = _DECODER.raw_decode(rest)
        except (ValueError, RecursionError):
            line.fail("the default is no JSON value", 'Write text in double quotes, a list as `["a", "b"]`.')
        line.position += length
        return value
    found = line.take(_BARE)
    text = found[0].strip() if found else ""
    if not text:
        line.fail("a default is missing behind `=`", "Remove the `=` when a value is required.")
    return None if text == "null" else text


def _range(line: _Line, type_: ParameterType, found: re.Match[str]) -> tuple[Any, Any]:
    try:
        low, high = (_limit(type_.item or type_, limit.strip()) for limit in found.groups())
    except ValueProblemError as error:
        line.fail(error.expected, error.remedy, at=found.start())
    if low is None and high is None:
        line.fail("the range has no limit", "Write for example `(0..1)`.", at=found.start())
    if low is not None and high is not None and low > high:
        line.fail("no value lies in the range", "Write the lower limit first.", at=found.start())
    return low, high


def _limit(type_: ParameterType, text: str) -> Any:
    if not text:
        return None
    kind = type_.kind
    if kind not in ("integer", "long", "decimal", "double", "date", "timestamp", "interval"):
        ranges = "Ranges are for numbers, dates, timestamps and intervals."
        raise ValueProblemError(f"{_article(kind)} {kind} has no range", ranges)
    try:
        # Limits are not bound to the scale of the type: (0..0.005) may limit a decimal(5,2).
        limit = Decimal(text) if kind == "decimal" else type_.read(text.strip('"'))
        if kind == "decimal" and not limit.is_finite():
            raise ArithmeticError
    except (ValueProblemError, ArithmeticError):
        raise ValueProblemError(f"the limit `{text}` is no {kind}", "Write for example `(0..1)`.") from None
    return limit


def _regex(line: _Line, type_: ParameterType, found: re.Match[str]) -> str:
    kind = (type_.item or type_).kind
    if kind not in ("string", "uri"):
        line.fail(f"{_article(kind)} {kind} has no pattern", "Patterns are for `string` and `uri`.", at=found.start())
    text = found["pattern"].replace("\\/", "/")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a later Python may read the pattern otherwise
            re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        line.fail(f"the pattern does not compile: {error}", "Mend the regular expression.", at=found.start())
    return text


#: Numbers keep their text, so that a decimal does not pass through binary floating point.
_DECODER = json.JSONDecoder(parse_float=number, parse_int=number)
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)\s*=\s*")


def read_assignment(text: str, span: Span) -> tuple[str, Any]:
    """Name and value of a line `name = <JSON literal>`.

    Raises:
        CellError: it is no such line.
    """
    line = _Line(text, span)
    found = line.take(_ASSIGNED)
    if found is None:
        line.fail(f"`{text}` gives no value", "Write `name = <JSON value>`.")
    try:
        value, length = _DECODER.raw_decode(line.rest)
    except (ValueError, RecursionError):
        line.fail(
            f"the value of `{found[1]}` is no JSON", 'Write text in double quotes: `name = "text"`.', key=found[1]
        )
    line.position += length
    line.skip()
    if line.rest and not line.rest.startswith("#"):
        line.fail(f"`{line.rest}` behind the value is not understood", "Write `name = <JSON value>`.", key=found[1])
    return found[1], value
