"""Cells, steps and jobs: what reading a notebook or job file yields."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from arcbook.cells.tree import Tree
from arcbook.core.problem import Problem
from arcbook.core.span import Span
from arcbook.stages.base import Stage


@dataclass(frozen=True, slots=True)
class Argument:
    """The value of `key=value` on a magic's first line, and its place."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Cell:
    """One code cell, split but not yet understood.

    `magic` is the word behind `%`, in lower case, or empty for bare stage text. `body` is all after the first line of
    a magic cell (the whole text otherwise) and starts on line `body_line` of `source`. `tree` is the stage of a job
    file's cell, or the values of a `document` cell, read with the file.
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


@dataclass(frozen=True, slots=True)
class Step:
    """One checked stage, with the text it came from. `tree` is bound; its places lie in `cell.source`."""

    stage: Stage
    tree: Tree
    cell: Cell


@dataclass(frozen=True, slots=True)
class Report:
    """What checking yields: the steps that are sound and all problems, in the order of their places."""

    steps: tuple[Step, ...] = ()
    problems: tuple[Problem, ...] = ()
