"""Follows a job's cells in their order and puts the facts about each before the rules."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from arcbook.cells.check import Examination, simple_type
from arcbook.cells.lines import read_names
from arcbook.cells.messages import opening
from arcbook.cells.model import Cell
from arcbook.cells.notebook import Job
from arcbook.cells.params import Declarations
from arcbook.cells.rules import rule_types
from arcbook.cells.rules.base import JobFacts, Maker, Rule, StageFacts, key_roles
from arcbook.cells.statements import filled, statement_of
from arcbook.cells.tree import Tree
from arcbook.core.capabilities import CAPABILITIES, ENGINE_CAPABILITIES
from arcbook.core.problem import Problem, errors
from arcbook.core.settings import RunSettings
from arcbook.sql.errors import SqlError
from arcbook.sql.members import json_members
from arcbook.sql.schema import resolve_columns
from arcbook.stages.base import Stage
from arcbook.stages.keys import Role
from arcbook.stages.registry import stage_types

#: Columns that extracts may add; whether they do depends on keys and engine, so they are always thinkable.
_INTERNAL = {"_filename": "string", "_index": "long", "_monotonically_increasing_id": "long"}


@dataclass
class Review:
    """The walk over one job. `job` is what is known so far, `rules` judge each cell and stage by it."""

    job: JobFacts
    rules: tuple[Rule, ...]
    later_values: set[str] = field(default_factory=set)
    #: What ConfigExecute stages compute; None when that cannot be told from their statements.
    computed_names: set[str] | None = field(default_factory=set)
    any_value: bool = False
    problems: list[Problem] = field(default_factory=list)
    #: The jobs within this one, as they were met.
    inner: list[Job] = field(default_factory=list)

    @staticmethod
    def of(job: Job, settings: RunSettings, *, engine: str | None = None) -> "Review":
        """The walk over `job`, before its first cell."""
        lost = any(problem.code != "kernel-metadata" for problem in errors(job.problems))
        facts = JobFacts(job, settings, engine, lost=lost)
        return Review(facts, tuple(rule(facts) for rule in rule_types()))

    def enter(self, cell: Cell) -> None:
        """Note what a cell does besides stages."""
        if cell.magic == "python":
            self.job.opaque = True
        elif cell.magic == "secret":
            self.later_values.update(read_names(cell))
        elif cell.magic in ("metadata", "list") and "outputView" in cell.arguments:
            self.job.made(cell.arguments["outputView"].value, Maker(cell))
        self.problems += [problem for rule in self.rules for problem in rule.cell(cell)]

    def lost(self, cell: Cell) -> None:
        """A cell could not be read: it may have made any view, or value."""
        if cell.magic == "configplugin":
            self.any_value = True
        elif cell.magic not in ("env", "lifecycleplugin"):
            self.job.opaque = self.job.lost = True

    def expected(self, name: str, *, lazy: bool = False) -> bool:
        """Whether a value of this name comes only when the job runs; computed ones come for `lazy` stages."""
        declarations = self.job.job.declarations
        declared = name in declarations.by_name or not declarations.complete
        computed = self.computed_names is None or name.partition(".")[0] in self.computed_names
        return declared or name in self.later_values or self.any_value or (lazy and computed)

    @contextmanager
    def inside(self, job: Job) -> Iterator[None]:
        """Follow the cells of a job within this one: it shares the views and sees the parameters."""
        outer = self.job.job
        declarations = Declarations(
            {**outer.declarations.by_name, **job.declarations.by_name},
            outer.declarations.complete and job.declarations.complete,
        )
        self.job.job = replace(job, declarations=declarations)
        self.inner.append(job)
        try:
            yield
        finally:
            self.job.job = outer

    def skipped(self, written: Tree, bound: Tree, cell: Cell) -> list[Problem]:
        """A stage of another environment: its view is not made in this one."""
        facts = _facts(cell, written, bound, _type_named(bound.value.get("type")), runs=False)
        problems = [problem for rule in self.rules for problem in rule.skipped(facts)]
        for use in facts.makes:
            self.job.made(use.name, Maker(cell, facts.environments, runs=False))
        return problems

    def stage(self, found: Examination, cell: Cell, written: Tree) -> list[Problem]:
        """What a stage does to the views, and what is wrong with that."""
        facts = self._resolved(_facts(cell, written, found.tree, found.stage_type, found.stage))
        problems = [problem for rule in self.rules for problem in rule.stage(facts)]
        if found.stage_type is None:
            self.job.opaque = True
            return problems
        self.job.opaque |= found.stage_type.opaque or _makes_anything(facts)
        if found.stage_type.computes:
            self._computes(found.tree.value.get("sql"))
        self._note(facts)
        if self.job.engine and found.stage is not None:
            problems += capability_gaps(found.stage, found.tree, self.job.engine)
        return problems

    def end(self) -> list[Problem]:
        """All findings about cells, and what is only certain at the end."""
        return self.problems + [problem for rule in self.rules for problem in rule.end()]

    def placed(self, problem: Problem) -> Problem:
        """The problem at its place in the file of the job, or of one within it."""
        for job in (self.job.job, *self.inner):
            problem = job.placed(problem)
        return problem

    def _resolved(self, facts: StageFacts) -> StageFacts:
        """The facts with what the statement's columns come to, looked up once for all rules."""
        if facts.statement is None or facts.rendered is None:
            return facts
        made_now = set(map(str.lower, facts.creates()))
        known = {name: each for name, each in facts.known_columns(self.job.columns).items() if name not in made_now}
        # Nothing is claimed of views whose columns are not known, so there is nothing to ask without any.
        nothing_known = not known and bool(facts.statement.reads or facts.statement.writes)
        resolution = resolve_columns(facts.rendered.text, known)
        return replace(facts, resolution=replace(resolution, unknown=()) if nothing_known else resolution)

    def _computes(self, sql: object) -> None:
        names = json_members(sql) if isinstance(sql, str) and "${" not in sql else None
        self.computed_names = None if names is None or self.computed_names is None else self.computed_names | names

    def _note(self, facts: StageFacts) -> None:
        maker = Maker(facts.cell, facts.environments)
        for name in facts.creates():
            self.job.made(name, maker)
        columns = _columns(facts)
        for use in facts.makes:
            self.job.made(use.name, maker, columns)


def _facts(
    cell: Cell, written: Tree, tree: Tree, stage_type: type[Stage] | None, stage: Stage | None = None,
    *, runs: bool = True,
) -> StageFacts:  # fmt: skip
    facts = StageFacts(cell, written, tree, stage_type, stage, runs)
    sql, params = tree.value.get("sql"), tree.value.get("sqlParams")
    roles = key_roles(stage_type) if stage_type is not None and isinstance(sql, str) else ()
    # A statement of another kind reads none of the job's views and takes none of its parameters by name.
    if not isinstance(sql, str) or not {("sql", Role.SQL), ("sql", Role.METADATA_SQL)} & set(roles):
        return facts
    try:
        statement, rendered = statement_of(sql, params), filled(sql, params)
    except SqlError:
        return facts  # said already
    if ("sql", Role.METADATA_SQL) in roles:
        # `metadata` is a view of the statement's own, whatever view of that name the job has.
        statement = replace(statement, reads=tuple(each for each in statement.reads if each.name.lower() != "metadata"))
    return replace(facts, statement=statement, rendered=rendered)


def _type_named(name: Any) -> type[Stage] | None:
    return stage_types().get(simple_type(name)) if isinstance(name, str) else None


def _makes_anything(facts: StageFacts) -> bool:
    """Whether the names of the views a stage makes cannot be told."""
    if any(not isinstance(value, str | list) for _, value in facts.values(Role.MAKES_VIEW)):
        return True  # a placeholder: any name is possible
    if facts.statement is None or facts.rendered is None or facts.statement.complete:
        return False
    return "${" not in facts.rendered.text and facts.statement.kind not in ("query", "set", "show")


def _columns(facts: StageFacts) -> Mapping[str, str] | None:
    """The columns of the view a stage makes, when they are certain."""
    schema = facts.tree.value.get("schema")
    if isinstance(schema, list) and facts.stage_type is not None and facts.stage_type.kind == "transform":
        columns = {str(each.get("name")): str(each.get("type", "")) for each in schema if isinstance(each, dict)}
        return {**columns, "_errors": "array", **_INTERNAL} if columns else None
    return facts.resolution.output


def capability_gaps(stage: Stage, tree: Tree, engine: str | None) -> list[Problem]:
    """What a stage needs and `engine` lacks; nothing for an engine that is not known here."""
    offered = ENGINE_CAPABILITIES.get(engine or "", frozenset(CAPABILITIES))
    return [
        Problem(
            "capability",
            f"{stage.type_name()} needs {CAPABILITIES.get(need, need)}, which the engine `{engine}` lacks",
            tree.span(("type",)) or opening(tree.span(())),
            "type",
            _engines_with(need),
        )
        for need in sorted(stage.required_capabilities() - offered)
    ]


def _engines_with(need: str) -> str:
    able = [name for name, offered in ENGINE_CAPABILITIES.items() if need in offered]
    return f"Use the engine {' or '.join(f'`{name}`' for name in able)}." if able else "No engine here offers it."
