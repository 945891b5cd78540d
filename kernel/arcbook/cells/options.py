"""The kernel's options: Arc's names, each with its environment variable and default; set by `%conf` or on a cell."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from arcbook.core.failures import CellError
from arcbook.core.problem import Problem
from arcbook.core.span import Span
from arcbook.core.suggest import nearest
from arcbook.core.truth import TRUTH

if TYPE_CHECKING:
    from arcbook.cells.model import Cell


@dataclass(frozen=True, slots=True)
class Option:
    """One option. `variable` is the environment variable that sets its default; `settable` says whether `%conf` may."""

    name: str
    default: bool | int | str
    meaning: str
    variable: str = ""
    settable: bool = True
    group: str = "display"


OPTIONS: Mapping[str, Option] = {
    option.name: option
    for option in (
        Option("streaming", False, "Read streams instead of tables.", group="arc"),
        Option("streamingDuration", 10, "Seconds a streaming result is followed.", "CONF_STREAMING_DURATION",
               group="arc"),
        Option("storageLevel", "MEMORY_AND_DISK_SER", "Where `persist` keeps rows.", "CONF_STORAGE_LEVEL",
               settable=False, group="arc"),
        Option("datasetLabels", False, "Name of the view above its rows.", "CONF_DISPLAY_DATASET_LABELS"),
        Option("extendedErrors", True, "Say where an engine's long error text can be read.",
               "CONF_DISPLAY_EXTENDED_ERRORS"),
        Option("leftAlign", False, "Values aligned to the left.", "CONF_DISPLAY_LEFT_ALIGN"),
        Option("showLog", False, "Log entry of the stage below its result.", "CONF_SHOW_LOG"),
        Option("maxNumRows", 0, "Most rows ever shown, whatever a cell asks for; 0 sets no limit.",
               "CONF_MAX_NUM_ROWS", settable=False),
        Option("maxBytes", 1_000_000, "Most characters of one table; rows beyond are left out.", "CONF_MAX_BYTES"),
        Option("monospace", False, "Values in a fixed-width font.", "CONF_DISPLAY_MONOSPACE"),
        Option("numRows", 20, "Rows shown; 0 reads none.", "CONF_NUM_ROWS"),
        Option("truncate", 50, "Characters shown of a value; 0 shows all.", "CONF_TRUNCATE"),
    )
}  # fmt: skip

#: What Arc's kernel calls the same thing, or does not need here, and what to do instead.
_ELSEWHERE = {
    "master": "The engine is chosen when the kernel starts, by the variable ARCBOOK_ENGINE.",
    "logger": "It is called `showLog`.",
}

_ASSIGNMENT = re.compile(r'(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*(?:"(?P<quoted>[^"\n]*)"|(?P<bare>[^\s",;]+))[,;]?')


class OptionError(ValueError):
    """An option does not exist or its value does not fit; `start` and `end` are its place in the text."""

    def __init__(self, message: str, remedy: str, start: int, end: int, name: str = "") -> None:
        super().__init__(message)
        self.remedy, self.start, self.end, self.name = remedy, start, end, name


@dataclass(frozen=True, slots=True)
class Options:
    """The values in force; those not set are the defaults."""

    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Options":
        """Defaults overridden by the `CONF_…` variables; a value that does not fit is passed over."""
        values: dict[str, Any] = {}
        for option in OPTIONS.values():
            written = environment.get(option.variable, "") if option.variable else ""
            parsed = _parse(option, written) if written else None
            if parsed is not None:
                values[option.name] = parsed
        return cls(values)

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name, OPTIONS[name].default)

    def with_text(self, text: str) -> "Options":
        """These options with the assignments in `text` (anywhere in it: lines or words).

        Raises:
            OptionError: the first thing that is no assignment, no option, or no fitting value.
        """
        values = dict(self.values)
        for name, written, start, end in _assignments(text):
            values[name] = _value(name, written, start, end)
        return replace(self, values=values)

    def with_cell(self, cell: "Cell") -> "Options":
        """These options with the assignments of a `%conf` cell.

        Raises:
            CellError: as `with_text`, at its place.
        """
        try:
            return self.with_text(cell.body)
        except OptionError as error:
            offset = len(cell.source) - len(cell.body)
            start, end = offset + error.start, offset + error.end
            span = Span.at(cell.source, start, end, cell=cell.number, origin=cell.origin)
            raise CellError([Problem("magic-argument", str(error), span, error.name, error.remedy)]) from None

    def with_arguments(self, arguments: Mapping[str, Any]) -> "Options":
        """These options with what a cell's first line says; arguments that are no option are the stage's."""
        values = dict(self.values)
        for name, argument in arguments.items():
            option = OPTIONS.get(name)
            if option and option.settable and (parsed := _parse(option, argument.value)) is not None:
                values[name] = parsed
        return replace(self, values=values)

    @property
    def row_cap(self) -> int:
        """How many rows a table shows at most."""
        asked = max(0, int(self["numRows"]))
        most = int(self["maxNumRows"])
        return min(asked, most) if most > 0 else asked

    def listed(self, group: str) -> list[tuple[str, str, str]]:
        """Name, value and meaning of the options of one group."""
        return [
            (option.name, _written(self[option.name]), option.meaning)
            for option in OPTIONS.values()
            if option.group == group
        ]


def _assignments(text: str) -> Iterator[tuple[str, str, int, int]]:
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        found = _ASSIGNMENT.match(text, position)
        if found is None:
            end = position + len(text[position:].split(maxsplit=1)[0])
            raise OptionError(
                f"`{text[position:end]}` is no setting", "Write `name=value`, for example `numRows=50`.", position, end
            )
        value = found["bare"] if found["quoted"] is None else found["quoted"]
        yield found["name"], value, found.start(), found.end()
        position = found.end()


def _value(name: str, written: str, start: int, end: int) -> Any:
    option = OPTIONS.get(name)
    if option is None:
        near = nearest(name, OPTIONS)
        remedy = _ELSEWHERE.get(name) or (f"Did you mean `{near}`?" if near else f"Options: {', '.join(OPTIONS)}.")
        raise OptionError(f"there is no option `{name}`", remedy, start, end, name)
    if not option.settable:
        remedy = f"Set the variable {option.variable} where the kernel is started."
        raise OptionError(f"`{name}` cannot be set in a notebook", remedy, start, end, name)
    parsed = _parse(option, written)
    if parsed is None:
        expected = "true or false" if isinstance(option.default, bool) else "a whole number"
        raise OptionError(f"`{name}` must be {expected}, not `{written}`", "", start, end, name)
    return parsed


def _parse(option: Option, written: str) -> bool | int | str | None:
    if isinstance(option.default, bool):
        return TRUTH.get(written.strip().lower())
    if isinstance(option.default, int):
        return int(written) if re.fullmatch(r"\s*-?\d{1,12}\s*", written) else None
    return written


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
