"""Cells, steps and jobs: what reading a notebook or job file yields."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from arcbook.cells.tree import Tree
from arcbook.core.problem import Problem
from arcbook.core.span import Span
from arcbook.stages.base import Stage

if TYPE_CHECKING:
    from arcbook.cells.plan import Context


@dataclass(frozen=True, slots=True)
class Argument:
    """The value of `key=value` on a magic's first line, and its place; `key` is the place of the key.

    `offsets` tells for each character of the value, and for its end, how far it is from the start of its place: quotes
    and escapes are in the text and not in the value.
    """

    value: str
    span: Span
    key: Span | None = field(default=None, compare=False)
    offsets: tuple[int, ...] = field(default=(), compare=False, repr=False)

    def place(self, start: int, end: int) -> Span:
        """The place of `value[start:end]`; the line of a magic is one line."""
        if not self.offsets:
            return self.span
        first, last = self.offsets[start], self.offsets[end - 1] + 1 if end > start else self.offsets[end]
        column = self.span.column
        return replace(self.span, column=column + first, end_column=column + last)


@dataclass(frozen=True, slots=True)
class Cell:
    """One code cell, split but not yet understood.

    `magic` is the word behind `%`, in lower case, or empty for bare stage text. `body` is all after the first line of
    a magic cell (the whole text otherwise) and starts on line `body_line` of `source`. `tree` is the stage or plugin of
    a job file's cell, or the values of a `document` cell, read with the file. `overruled` are arguments that a later
    one of their name overrules. A cell with `problems` must not run: its arguments are what they were probably meant to
    be, so that the rest of it can be checked.
    """

    source: str
    magic: str = ""
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    body: str = ""
    body_line: int = 1
    number: int | None = None
    origin: str = ""
    cell_id: str = ""
    tags: tuple[str, ...] = ()
    tree: Tree | None = field(default=None, compare=False, repr=False)
    overruled: tuple[tuple[str, Argument], ...] = field(default=(), compare=False, repr=False)
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One checked stage, with the text it came from. `tree` is bound; its places lie in `cell.source`.

    `context` is what it was bound with: the parameters its statement takes by name, and the plugins around it. A step
    that is `lazy` is bound when its turn comes (`arcbook.cells.plan.resolved`); until then `stage` is what can be told
    of it. `within` are the places of the PipelineExecute stages whose jobs it is in, the outermost first.
    """

    stage: Stage
    tree: Tree
    cell: Cell
    context: "Context | None" = field(default=None, compare=False, repr=False)
    lazy: bool = False
    within: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What checking yields: the steps that are sound and all problems, in the order of their places."""

    steps: tuple[Step, ...] = ()
    problems: tuple[Problem, ...] = ()
