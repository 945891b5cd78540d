"""The magics of the language, and reading a cell's first line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from arcbook.cells.arguments import read_arguments
from arcbook.cells.model import Argument, Cell
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem
from arcbook.core.span import Span
from arcbook.core.suggest import nearest
from arcbook.core.truth import TRUTH

ArgumentKind = Literal["text", "flag", "count", "list", "map"]
#: What the text behind the magic is: `sql`, stage `objects`, declarations (`params`), `assignments` (`KEY=value`
#: lines), `names`, one `view`, one `place`, `python`, `environment`, a `document`, or nothing.
BodyKind = Literal[
    "sql", "objects", "params", "assignments", "names", "view", "place", "python", "environment", "document", ""
]


@dataclass(frozen=True, slots=True)
class ArgumentSpec:
    """An argument a magic takes besides the keys of the stage it makes."""

    name: str
    kind: ArgumentKind
    summary: str


@dataclass(frozen=True, slots=True)
class MagicSpec:
    """One magic: what its arguments and its body mean.

    `makes_stage` is the type of the stage the cell becomes; that type's keys are arguments too. Arguments
    `without_effect` are those that Arc takes and ignores.
    """

    name: str
    summary: str
    arguments: tuple[ArgumentSpec, ...] = ()
    body: BodyKind = ""
    makes_stage: str | None = None
    without_effect: tuple[str, ...] = ()

    @property
    def takes_line(self) -> bool:
        """Whether the rest of the first line belongs to the body instead of being `key=value` arguments."""
        return self.body in ("params", "assignments", "names", "python", "environment", "document")

    def argument(self, name: str) -> ArgumentSpec | None:
        """The display argument of that name."""
        return next((argument for argument in self.arguments if argument.name == name), None)


_DISPLAY = (
    ArgumentSpec("numRows", "count", "Rows shown."),
    ArgumentSpec("truncate", "count", "Characters shown of a value; 0 shows all."),
    ArgumentSpec("monospace", "flag", "Show values in a fixed-width font."),
    ArgumentSpec("leftAlign", "flag", "Align values to the left."),
    ArgumentSpec("datasetLabels", "flag", "Show the view's name above its rows."),
    ArgumentSpec("streamingDuration", "count", "Seconds for which a streaming result is followed."),
    ArgumentSpec("showLog", "flag", "Show the stage's log entry below the result."),
)
_VIEW = (
    ArgumentSpec("outputView", "text", "Keep the result as a view of this name."),
    ArgumentSpec("persist", "flag", "Keep the view's rows in memory."),
)
#: Arc takes these on magics that make no view.
_IGNORED = ("outputView", "persist")


def _sql(name: str, summary: str, makes_stage: str, *without_effect: str) -> MagicSpec:
    return MagicSpec(name, summary, _DISPLAY, "sql", makes_stage, without_effect=without_effect)


MAGICS: Mapping[str, MagicSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            MagicSpec("arc", "Run the stage objects below, as a cell without magic does.", _DISPLAY, "objects"),
            _sql("sql", "Run a statement; its result becomes `outputView`.", "SQLTransform"),
            _sql("sqlvalidate", "Fail the job unless the statement's first column is true.", "SQLValidate", *_IGNORED),
            _sql("log", "Write the statement's message to the log.", "LogExecute", *_IGNORED),
            _sql("configexecute", "Compute values for `${name}` in later lazy stages.", "ConfigExecute"),
            _sql("metadatafilter", "Keep the columns that a query over the view's metadata selects.",
                 "MetadataFilterTransform"),
            _sql("metadatavalidate", "Fail the job unless a query over the view's metadata yields true.",
                 "MetadataValidate", *_IGNORED),
            MagicSpec("params", "Declare the job's parameters, one `name: type = default` a line.", (), "params"),
            MagicSpec("environment", "Choose the environment to run in when nothing else does.", (), "environment"),
            MagicSpec("env", "Set values for `${NAME}`, one `KEY=value` a line.", (), "assignments"),
            MagicSpec("secret", "Ask for secret values, one name a line.", (), "names"),
            MagicSpec("conf", "Set options of the kernel, `key=value`.", (), "assignments"),
            MagicSpec("python", "Run Python beside the stages.", (), "python"),
            MagicSpec("document", "Values that a job file holds beside its stages, in HOCON.", (), "document"),
            MagicSpec("configplugin", "Compute values for `${name}` by the plugins below.", (), "objects"),
            MagicSpec("lifecycleplugin", "Have the plugins below act around every later stage.",
                      (ArgumentSpec("remove", "text", "Type of the plugins to be removed, or `all`."),), "objects"),
            MagicSpec("schema", "Show a view's schema as JSON.", _DISPLAY, "view"),
            MagicSpec("printschema", "Show a view's columns as a tree.", _DISPLAY, "view"),
            MagicSpec("metadata", "Show a view's columns with their metadata.", (*_VIEW, *_DISPLAY), "view"),
            MagicSpec("printmetadata", "Show a view's columns as a schema document.", _DISPLAY, "view"),
            MagicSpec("list", "Show the files at an address.", (*_VIEW, *_DISPLAY), "place"),
            MagicSpec("lineage", "Draw what the stages that ran here read, make and write.",
                      (ArgumentSpec("columns", "flag", "Show the columns of each view and where they come from."),)),
            MagicSpec("record_test", "Make a test of what the last stage did, or of where a run failed.", (),
                      "names"),
            MagicSpec("replay", "Restore what a recorded run had before it failed; writes then go to a scratch place.",
                      (), "names"),
            MagicSpec("version", "Show versions."),
            MagicSpec("help", "Show the magics and options.", (), "names"),
        )
    }
)  # fmt: skip

#: Magics of Arc that arcbook knows of and does not run, with what to do instead.
_REFUSED = {
    "cypher": "Graph stages do not exist any more in Arc either.",
    "summary": "Use `%sql` with aggregates.",
}

_MAGIC = re.compile(r"%{1,2}([^\s=]*)")


def magic_word(source: str) -> tuple[str, int, int] | None:
    """The word behind a cell's `%` with its offsets (of the word alone), or None for a cell without magic."""
    start = len(source) - len(source.lstrip())
    found = _MAGIC.match(source, start)
    return (found[1], found.start(1), found.end(1)) if found else None


def stage_keys(makes_stage: str | None) -> frozenset[str] | None:
    """The keys that a stage magic takes as arguments; None when the stage type does not exist."""
    from arcbook.stages.registry import stage_types

    found = stage_types().get(makes_stage or "")
    return frozenset(found.keys()) - {"sql", "type"} if found else None


def read_cell(
    source: str, *, number: int | None = None, origin: str = "", cell_id: str = "", tags: tuple[str, ...] = ()
) -> Cell:
    """Split a code cell into magic, arguments and body.

    Raises:
        CellError: the magic does not exist, or arguments are wrong; all problems of the line at once.
    """
    cell = read_cell_as_meant(source, number=number, origin=origin, cell_id=cell_id, tags=tags)
    if cell.problems:
        raise CellError(cell.problems)
    return cell


def read_cell_as_meant(
    source: str, *, number: int | None = None, origin: str = "", cell_id: str = "", tags: tuple[str, ...] = ()
) -> Cell:
    """As `read_cell`, but wrong arguments are `problems` of the cell, so that all else in it can be checked too.

    Raises:
        CellError: the magic does not exist, or its line cannot be split into arguments.
    """
    word = magic_word(source)
    if word is None:
        return Cell(source, body=source, number=number, origin=origin, cell_id=cell_id, tags=tags)
    written, start, end = word
    spec = MAGICS.get(written.lower())
    if spec is None:
        raise CellError([_unknown(written, Span.at(source, start - 1, end, cell=number, origin=origin))])
    line_end = source.find("\n", end)
    line_end = len(source) if line_end < 0 else line_end
    body, body_line = source[line_end + 1 :], source.count("\n", 0, line_end) + 2
    arguments: Mapping[str, Argument] = {}
    problems: list[Problem] = []
    overruled: tuple[tuple[str, Argument], ...] = ()
    rest = source[end:line_end]
    if spec.takes_line:
        if rest.strip():
            # Blanks in place of the magic keep every column of the body true.
            indent = end - (source.rfind("\n", 0, end) + 1)
            body, body_line = " " * indent + rest + source[line_end:], body_line - 1
    else:
        line = read_arguments(source, end, line_end, number=number, origin=origin, positional=bool(_positional(spec)))
        problems = [*line.problems, *_argument_problems(spec, line.arguments)]
        problems.sort(key=lambda problem: problem.span.column if problem.span else 0)
        if line.problems:
            raise CellError(problems)
        arguments, overruled = _as_meant(spec, line.arguments, problems), line.overruled
        if line.words:
            first = line.words[0].span
            body = " " * (first.column - 1) + " ".join(each.value for each in line.words) + "\n" + body
            body_line -= 1
    return Cell(
        source, spec.name, arguments, body, body_line, number, origin, cell_id, tags,
        overruled=overruled, problems=tuple(problems),
    )  # fmt: skip


def _as_meant(spec: MagicSpec, arguments: Mapping[str, Argument], problems: list[Problem]) -> dict[str, Argument]:
    """The arguments without those that are wrong; a misspelt one under the name that it is most like."""
    wrong = {problem.key for problem in problems}
    meant = {name: argument for name, argument in arguments.items() if name not in wrong}
    for name in wrong:
        near = nearest(name, _known_arguments(spec)) if name in arguments else None
        if near is not None and near != name:
            meant.setdefault(near, arguments[name])
    return meant


def _positional(spec: MagicSpec) -> bool:
    return spec.body in ("view", "place")


def _unknown(written: str, span: Span) -> Problem:
    near = nearest(written, MAGICS)
    if written.lower() in _REFUSED:
        remedy = _REFUSED[written.lower()]
    elif near:
        remedy = f"Did you mean `%{near}`? `arcbook lint --fix` repairs the notebook."
    else:
        remedy = f"The magics are: {', '.join(f'%{name}' for name in MAGICS)}."
    return Problem("unknown-magic", f"there is no magic `%{written}`; the cell is not run", span, remedy=remedy)


def _argument_problems(spec: MagicSpec, arguments: Mapping[str, Argument]) -> list[Problem]:
    keys = stage_keys(spec.makes_stage)
    if spec.makes_stage and keys is None:
        return []  # the stage type does not exist: checking the stage says so
    known = _known_arguments(spec)
    problems = []
    for name, argument in arguments.items():
        display = spec.argument(name)
        if name not in known:
            near = nearest(name, known)
            remedy = (
                f"Did you mean `{near}`?" if near else f"`%{spec.name}` takes: {', '.join(sorted(known)) or 'none'}."
            )
            problems.append(
                Problem(
                    "magic-argument",
                    f"`%{spec.name}` has no argument `{name}`",
                    argument.key or argument.span,
                    name,
                    remedy,
                )
            )
        elif display and name not in (keys or ()) and (expected := _mismatch(display.kind, argument.value)):
            problems.append(
                Problem(
                    "magic-argument",
                    f"`{name}` must be {expected}, not `{argument.value}`",
                    argument.span,
                    name,
                    f"Write for example `{name}={'10' if display.kind == 'count' else 'true'}`.",
                )
            )
    return problems


def _known_arguments(spec: MagicSpec) -> set[str]:
    shown = {argument.name for argument in spec.arguments}
    return shown | (stage_keys(spec.makes_stage) or frozenset()) | set(spec.without_effect)


def _mismatch(kind: ArgumentKind, value: str) -> str:
    if kind == "flag" and value.lower() not in TRUTH:
        return "true or false"
    if kind == "count" and not re.fullmatch(r"-?\d+", value):
        return "a whole number"
    return ""
