"""What the rules share: the facts about a job and its stages, and the form of a rule."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from arcbook.cells.bind import has_placeholders
from arcbook.cells.model import Cell
from arcbook.cells.notebook import Job
from arcbook.cells.places import span_within
from arcbook.cells.tree import Tree
from arcbook.core.problem import Problem
from arcbook.core.settings import RunSettings
from arcbook.core.span import Span
from arcbook.sql.offsets import Rendered
from arcbook.sql.references import Statement
from arcbook.sql.schema import Resolution
from arcbook.stages.base import Stage, roles_of
from arcbook.stages.keys import Role

#: Statements that make what they write.
_MAKES = ("create", "cache")
#: Statements for which it need not be there what they write: DROP TABLE mostly says IF EXISTS.
_NEEDS_NOTHING = (*_MAKES, "drop")


@dataclass(frozen=True, slots=True)
class Use:
    """A view that a stage names: in a key, or at `rendered.text[start:end]` of its statement."""

    name: str
    key: str
    start: int = -1
    end: int = -1


@dataclass(frozen=True, slots=True)
class Maker:
    """One stage (or magic) that makes a view. `environments` is None when they are not known, or do not matter."""

    cell: Cell
    environments: frozenset[str] | None = None
    runs: bool = True


@dataclass(frozen=True)
class StageFacts:
    """One stage as the rules see it.

    `written` is the tree of the text, `tree` the same with the values that are known and the documents it refers to.
    `stage_type` is None for a type that does not exist, `stage` for one with faults. `runs` tells whether the stage
    takes part in this run; of one that does not only the text is known, not its files. `statement` is the analysis of
    its SQL over the job's views, None where there is none or it does not parse, `rendered` the text analysed, and
    `resolution` what its columns come to by the views made so far.
    """

    cell: Cell
    written: Tree
    tree: Tree
    stage_type: type[Stage] | None = None
    stage: Stage | None = None
    runs: bool = True
    statement: Statement | None = None
    rendered: Rendered | None = None
    resolution: Resolution = field(default_factory=Resolution)

    @cached_property
    def environments(self) -> frozenset[str] | None:
        """The environments the stage lists; None when a value decides that comes later."""
        listed = self.tree.value.get("environments")
        return None if has_placeholders(listed) else frozenset(names_in(listed))

    @cached_property
    def reads(self) -> tuple[Use, ...]:
        """The views the stage needs, those included that its statement changes; tables of a catalogue too."""
        found = [Use(name, key) for key, value in self.values(Role.READS_VIEW) for name in names_in(value)]
        if self.statement is not None:
            written = () if self.statement.kind in _NEEDS_NOTHING else self.statement.writes
            found += [
                Use(each.name, "sql", each.start, each.end)
                for each in (*self.statement.reads, *written)
                if each.path is None
            ]
        return tuple(found)

    @cached_property
    def makes(self) -> tuple[Use, ...]:
        """The views the stage makes by its keys."""
        return tuple(Use(name, key) for key, value in self.values(Role.MAKES_VIEW) for name in names_in(value))

    def span_of(self, use: Use) -> Span | None:
        """The place of a view that the stage names."""
        return self.tree.span((use.key,)) if use.start < 0 else self.place(use.start, use.end)

    def place(self, start: int, end: int) -> Span | None:
        """The place in the user's text of `rendered.text[start:end]`."""
        assert self.rendered is not None
        return span_within(self.tree, ("sql",), self.cell.source, *self.rendered.source_range(start, end))

    def values(self, role: Role) -> Iterator[tuple[str, Any]]:
        """Key and value of each key with that role that the text gives."""
        for key, given in key_roles(self.stage_type) if self.stage_type else ():
            if given is role and key in self.tree.value:
                yield key, self.tree.value[key]

    def known_columns(self, views: Mapping[str, Mapping[str, str] | None]) -> dict[str, Mapping[str, str]]:
        """Those of `views` that the statement names and whose columns are known."""
        if self.statement is None:
            return {}
        named = {each.name.lower() for each in (*self.statement.reads, *self.statement.writes)}
        return {name: columns for name in named if (columns := views.get(name)) is not None}

    def creates(self) -> Iterator[str]:
        """The tables and views its statement creates."""
        if self.statement is not None and self.statement.kind in _MAKES:
            yield from (each.name for each in self.statement.writes if each.path is None)


@dataclass(slots=True)
class JobFacts:
    """What is known of a job up to a place in it.

    `makers` are the makers of each view by its name in lower case, `columns` the columns of the newest view of that
    name (None when they are not known), `names` the names as they were written. `opaque` says that something may have
    made any view, `lost` that a cell could not be read.
    """

    job: Job
    settings: RunSettings
    engine: str | None = None
    makers: dict[str, list[Maker]] = field(default_factory=dict)
    columns: dict[str, Mapping[str, str] | None] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    opaque: bool = False
    lost: bool = False

    def made(self, name: str, maker: Maker, columns: Mapping[str, str] | None = None) -> None:
        """Note that a view exists from here on."""
        self.makers.setdefault(name.lower(), []).append(maker)
        if maker.runs:
            self.columns[name.lower()] = columns
            self.names.append(name)

    def known(self, name: str) -> bool:
        """Whether a view may exist in this run; a name with a dot is a table of a catalogue."""
        return self.opaque or "." in name or any(maker.runs for maker in self.makers.get(name.lower(), ()))


class Rule:
    """One family of findings. An instance follows one job; `job` holds the facts up to the cell at hand."""

    def __init__(self, job: JobFacts) -> None:
        self.job = job

    def cell(self, cell: Cell) -> Iterable[Problem]:
        """Findings about a cell, whatever it is, before its stages."""
        return ()

    def stage(self, facts: StageFacts) -> Iterable[Problem]:
        """Findings about a stage of this run; the views it makes are not noted yet."""
        return ()

    def skipped(self, facts: StageFacts) -> Iterable[Problem]:
        """Findings about a stage of another environment, which must not stop this run."""
        return ()

    def end(self) -> Iterable[Problem]:
        """Findings that are certain only when the whole job is known."""
        return ()


@cache
def key_roles(stage_type: type[Stage]) -> tuple[tuple[str, Role], ...]:
    """Each key of a stage type with its role."""
    return tuple(
        (fact.alias or name, role) for name, fact in stage_type.model_fields.items() for role in roles_of(fact)
    )


def names_in(value: Any) -> list[str]:
    """The names in a text or a list of texts; nothing of what is no text yet."""
    if isinstance(value, str) and value:
        return [value]
    return [item for item in value if isinstance(item, str) and item] if isinstance(value, list) else []
