"""The `%params` cell: declarations, values given for them, and what is derived from them.

run_date:  date                                    # help text; without a default a value is required
region:    enum("eu", "us") = "eu"
threshold: decimal(5,2) = 0.05 (0..1)              # limits are inclusive; either may be left out
code:      string = "A1" /[A-Z][0-9]+/             # a pattern that the whole text must match
note:      string = null                           # no value by default
"""

import re
import reprlib
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from arcbook.cells.declaration_lines import read_assignment, read_declaration
from arcbook.cells.declarations import Declaration
from arcbook.cells.lines import content_lines
from arcbook.cells.model import Cell
from arcbook.cells.parameter_schema import values_schema
from arcbook.cells.parameter_types import ParameterType, ValueProblemError
from arcbook.cells.secrets import Secret
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem
from arcbook.core.suggest import did_you_mean
from arcbook.sql.quote import Typed

#: The tag of a cell that holds the values given for a run; papermill's, so that both ways write the same notebook.
INJECTED_TAG = "injected-parameters"
#: papermill's tag of the cell that declares them, behind which it puts the other one.
PARAMETERS_TAG = "parameters"
_ASSIGNMENT = re.compile(r"\s*[A-Za-z_]\w*\s*=")


class TextOf(Mapping[str, str]):
    """The values as text; a secret is fetched when its text is asked for."""

    def __init__(self, typed: Mapping[str, Any], types: Mapping[str, ParameterType]) -> None:
        self._typed = typed
        self._types = types

    def __getitem__(self, name: str) -> str:
        value = self._typed[name]
        if value is None:
            raise KeyError(name)
        return self._types[name].text(value)

    def __contains__(self, name: object) -> bool:
        return self._typed.get(str(name)) is not None

    def __iter__(self) -> Iterator[str]:
        return (name for name, value in self._typed.items() if value is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"TextOf({', '.join(self)})"


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a job's parameters.

    `typed` has Python values (Decimal, date, list, `Secret` …, None for an optional one without value), `text` what
    `${name}` pastes, `secrets` the names of secret ones, `types` the declared types.
    """

    typed: Mapping[str, Any] = field(default_factory=dict)
    text: Mapping[str, str] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    types: Mapping[str, ParameterType] = field(default_factory=dict)

    def bound(self) -> dict[str, Any]:
        """The values as `:name` puts them into SQL: those of a declared type have it there."""
        types = {name: type_.sql for name, type_ in self.types.items()}
        return {name: Typed(value, types[name]) if name in types else value for name, value in self.typed.items()}

    def public(self) -> "Values":
        """The values without the secret ones: for checking, which must not fetch any."""
        typed = {name: value for name, value in self.typed.items() if name not in self.secrets}
        text = {name: self.text[name] for name in self.text if name not in self.secrets}
        return Values(typed, text, self.secrets, self.types)


@dataclass(frozen=True, slots=True)
class Declarations:
    """The declared parameters of a job by name, in the order of the cell.

    Not `complete` when lines could not be read: then any name may be declared.
    """

    by_name: Mapping[str, Declaration] = field(default_factory=dict)
    complete: bool = True

    def __iter__(self) -> Iterator[Declaration]:
        return iter(self.by_name.values())

    def __bool__(self) -> bool:
        return bool(self.by_name)

    def merged(self, other: "Declarations") -> "Declarations":
        """Both together.

        Raises:
            CellError: a name is declared twice, differently.
        """
        problems = [
            Problem(
                "parameter-declaration",
                f"`{name}` is declared a second time",
                declaration.span,
                name,
                "Declare a parameter once.",
            )
            for name, declaration in other.by_name.items()
            if name in self.by_name and not declaration.same(self.by_name[name])
        ]
        if problems:
            raise CellError(problems)
        return Declarations(MappingProxyType({**self.by_name, **other.by_name}), self.complete and other.complete)

    def among(self, launch: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Launch values apart: those of parameters by their names (`run-date` means `run_date`), and the others."""
        parameters, others = dict[str, str](), dict[str, str]()
        for name, value in launch.items():
            spelt = name if name in self.by_name else name.replace("-", "_")
            if spelt in self.by_name:
                parameters[spelt] = value
            else:
                others[name] = value
        return parameters, others

    def bind(self, given: Mapping[str, Any]) -> Values:
        """The values: those given (text, or JSON values), else defaults.

        Raises:
            CellError: unknown names, missing and unfitting values, all at once.
        """
        problems = [
            Problem(
                "unknown-parameter",
                f"the job has no parameter `{name}`",
                key=name,
                remedy=did_you_mean(name, self.by_name) or self._known(),
            )
            for name in given
            if name not in self.by_name and self.complete
        ]
        typed: dict[str, Any] = {}
        for name, declaration in self.by_name.items():
            if name not in given or given[name] is None:
                typed[name] = declaration.default
                if declaration.required:
                    problems.append(_missing(declaration))
                continue
            try:
                typed[name] = declaration.read(given[name])
            except ValueProblemError as error:
                problems.append(_unfitting(declaration, given[name], error))
        if problems:
            raise CellError(problems)
        return self._values(typed)

    def defaults(self) -> Values:
        """The defaults alone; a required parameter is left out."""
        return self._values({each.name: each.default for each in self if not each.required})

    def _values(self, typed: dict[str, Any]) -> Values:
        types = {each.name: each.type for each in self}
        secrets = frozenset(each.name for each in self if each.type.kind == "secret")
        return Values(MappingProxyType(typed), TextOf(typed, types), secrets, MappingProxyType(types))

    def _known(self) -> str:
        if not self.by_name:
            return "Declare it in a `%params` cell."
        return f"The parameters are: {', '.join(self.by_name)}."

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema of an object of given values."""
        return values_schema(self)


def read_declarations(cell: Cell) -> Declarations:
    """The declarations of a `%params` cell.

    Raises:
        CellError: the lines that cannot be read, all at once.
    """
    found: dict[str, Declaration] = {}
    problems: list[Problem] = []
    for line, span in content_lines(cell):
        try:
            declaration = read_declaration(line, span)
        except CellError as error:
            problems.extend(error.problems)
            continue
        if declaration.name in found:
            message = f"`{declaration.name}` is declared a second time"
            problems.append(
                Problem("parameter-declaration", message, span, declaration.name, "Declare a parameter once.")
            )
        found.setdefault(declaration.name, declaration)
    if problems:
        raise CellError(problems)
    return Declarations(MappingProxyType(found))


def is_assignments(cell: Cell) -> bool:
    """Whether a `%params` cell holds given values (`name = 1`), as papermill injects them, instead of declarations."""
    if cell.magic != "params":
        return False
    lines = [line for line, _ in content_lines(cell)]
    return INJECTED_TAG in cell.tags or (bool(lines) and all(_ASSIGNMENT.match(line) for line in lines))


def read_assignments(cell: Cell) -> dict[str, Any]:
    """The values of an injected cell: lines `name = <JSON literal>`.

    Raises:
        CellError: the lines that cannot be read, all at once.
    """
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for line, span in content_lines(cell):
        try:
            name, value = read_assignment(line, span)
            found[name] = value
        except CellError as error:
            problems.extend(error.problems)
    if problems:
        raise CellError(problems)
    return found


def _missing(declaration: Declaration) -> Problem:
    name = declaration.name
    return Problem(
        "missing-parameter",
        f"the parameter `{name}` ({declaration.type}) has no value",
        declaration.span,
        name,
        f"Give it: `-p {name} VALUE`.{_meaning(declaration)}",
    )


def _unfitting(declaration: Declaration, value: Any, error: ValueProblemError) -> Problem:
    name = declaration.name
    secret = declaration.type.kind == "secret" or isinstance(value, Secret)
    shown = "" if secret or ", not" in error.expected else f", not `{_shortened(value)}`"
    example = declaration.example()
    general = (
        f"Write for example `-p {name} {shlex.quote(example)}`." if example else f"It must be {declaration.rules()}."
    )
    remedy = error.remedy.replace("{name}", name) or f"{general}{_meaning(declaration)}"
    return Problem(
        "parameter-value",
        f"the parameter `{name}` must be {error.expected}{shown}",
        declaration.span,
        name,
        remedy,
    )


def _meaning(declaration: Declaration) -> str:
    return f" It means: {declaration.help.rstrip('.')}." if declaration.help else ""


def _shortened(value: Any) -> str:
    """The value for a message: short whatever it is, and fit to be written anywhere."""
    try:
        text = str(value) if isinstance(value, str | int | float) else reprlib.repr(value)
    except ValueError:  # Python writes no whole number of more than some thousand digits
        text = "a very long number"
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 60 else text[:57] + "…"
