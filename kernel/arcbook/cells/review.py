"""What only shows when the cells of a job are seen together: views, parameters, environments, ids."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from arcbook.cells.bind import has_placeholders
from arcbook.cells.check import Examination
from arcbook.cells.lines import read_names
from arcbook.cells.magics import MAGICS
from arcbook.cells.messages import opening
from arcbook.cells.model import Cell
from arcbook.cells.notebook import Job
from arcbook.cells.places import span_within
from arcbook.cells.python import python_problems
from arcbook.cells.statements import filled, statement_of
from arcbook.cells.tree import Tree
from arcbook.core.capabilities import CAPABILITIES, ENGINE_CAPABILITIES
from arcbook.core.masking import find_secrets
from arcbook.core.problem import Problem, Severity, errors
from arcbook.core.settings import RunSettings
from arcbook.core.span import Span
from arcbook.core.suggest import did_you_mean
from arcbook.sql.errors import SqlError
from arcbook.sql.placeholders import named_parameters, quoted_parameters
from arcbook.sql.schema import output_columns, unknown_columns
from arcbook.stages.base import Stage, roles_of
from arcbook.stages.keys import Role

#: Columns that extracts may add; whether they do depends on keys and engine, so they are always thinkable.
_INTERNAL = {"_filename": "string", "_index": "long", "_monotonically_increasing_id": "long"}


@dataclass
class _Wanted:
    """A view that was read before anything made it."""

    name: str
    span: Span | None
    key: str


@dataclass
class Review:
    """Follows a job's cells in their order."""

    job: Job
    settings: RunSettings
    engine: str | None = None
    views: dict[str, Mapping[str, str] | None] = field(default_factory=dict)
    not_here: set[str] = field(default_factory=set)
    names: list[str] = field(default_factory=list)
    wanted: list[_Wanted] = field(default_factory=list)
    ids: dict[str, Span | None] = field(default_factory=dict)
    later_values: set[str] = field(default_factory=set)
    elsewhere: set[str] = field(default_factory=set)
    skips: bool = False
    runs: bool = False
    runs_python: bool = False
    opaque: bool = False
    computed: bool = False
    problems: list[Problem] = field(default_factory=list)

    def enter(self, cell: Cell) -> None:
        """Note what a cell does besides stages."""
        if cell.magic == "python":
            self.opaque = self.runs_python = True
            self.problems += python_problems(cell)
        elif cell.magic == "secret":
            self.later_values.update(read_names(cell))
        elif cell.magic in ("metadata", "list") and "outputView" in cell.arguments:
            self._made(cell.arguments["outputView"].value, None)
        spec = MAGICS.get(cell.magic)
        for name in spec.without_effect if spec else ():
            if name in cell.arguments:
                self._without_effect(cell, name)
        if cell.number is not None:  # a job file's cells all have the file's text
            self._secrets_in(cell)

    def _without_effect(self, cell: Cell, name: str) -> None:
        self.problems.append(
            Problem(
                "magic-argument",
                f"`{name}` has no effect on `%{cell.magic}`",
                cell.arguments[name].span,
                name,
                "Remove it.",
                Severity.WARNING,
            )
        )

    def lost(self, cell: Cell) -> None:
        """A cell could not be read: it may have made any view."""
        if cell.magic != "env":
            self.opaque = self.runs = True

    def expected(self, name: str) -> bool:
        """Whether a value of this name comes only when the job runs."""
        declared = name in self.job.declarations.by_name or not self.job.declarations.complete
        return declared or name in self.later_values or self.computed

    def skipped(self, tree: Tree) -> None:
        """A stage of another environment: its view is not made in this one."""
        listed = tree.value.get("environments")
        self.skips = True
        self.runs |= has_placeholders(listed)  # it may, with a value that comes later
        self.elsewhere.update(_names(listed))
        name = tree.value.get("outputView")
        if isinstance(name, str) and name.lower() not in self.views:
            self.not_here.add(name.lower())

    def habits(self, tree: Tree, cell: Cell) -> list[Problem]:
        """Findings that concern a stage whatever the environment."""
        if tree.value.get("environments") or self.settings.ignore_environments:
            return []
        name, objects = tree.value.get("name"), cell.magic in ("", "arc")
        example = '"environments": ["dev", "test", "prod"]' if objects else "environments=dev,test,prod"
        return [
            Problem(
                "never-runs",
                f"no environment runs the stage `{name}`: it lists none",
                tree.key_span(("environments",)) if ("environments",) in tree.spans else opening(tree.span(())),
                "environments",
                f"Add for example `{example}`.",
                Severity.WARNING,
            )
        ]

    def stage(self, found: Examination, cell: Cell) -> list[Problem]:
        """What a stage does to the views, and what is wrong with that."""
        tree = found.tree
        self.runs = True
        problems = self._identified(tree)
        stage_type = found.stage_type
        if stage_type is None:
            self.opaque = True
            return problems
        problems += self.habits(tree, cell)
        self.opaque |= stage_type.opaque
        self.computed |= stage_type.computes
        for key, role in _roles(stage_type):
            if role is Role.READS_VIEW:
                for name in _names(tree.value.get(key)):
                    self._read(name, tree.span((key,)), key)
        # A statement of another kind reads none of the job's views and takes none of its parameters by name.
        ours = ("sql", Role.SQL) in _roles(stage_type)
        columns = self._statement(tree, cell, problems) if ours else None
        schema = tree.value.get("schema")
        if isinstance(schema, list) and stage_type.kind == "transform":
            columns = _schema_columns(schema)
        for key, role in _roles(stage_type):
            if role is Role.MAKES_VIEW:
                for name in _names(tree.value.get(key)):
                    self._made(name, columns)
                if key in tree.value and not isinstance(tree.value[key], str | list):
                    self.opaque = True  # a placeholder: any name is possible
        if self.engine and found.stage is not None:
            problems += capability_gaps(found.stage, tree, self.engine)
        return problems

    def end(self) -> list[Problem]:
        """What is only certain at the end: views that nothing made in time, and that nothing runs."""
        for wanted in self.wanted:
            self.problems.append(
                Problem("unknown-view", self._why(wanted.name), wanted.span, wanted.key, self._instead(wanted.name))
            )
        unread = any(problem.code != "kernel-metadata" for problem in errors(self.job.problems))
        if not self.runs and not unread:
            self.problems += self._nothing_runs()
        return self.problems

    def _nothing_runs(self) -> list[Problem]:
        """A run that would be green for having done nothing: mostly because its environment is mistyped."""
        whole = Span(1, 1, 1, 2, origin=self.job.origin)
        if self.skips:
            chosen, named = str(self.settings.environment), sorted(self.elsewhere)
            message = f"no stage of the job runs in the environment `{chosen}`"
            listed = f"The job's environments are: {', '.join(named)}." if named else "Add `environments` to stages."
            remedy = f"{did_you_mean(chosen, named)} {listed}".strip()
            return [Problem("no-environment", message, whole, "--environment", remedy)]
        if self.runs_python:
            return []
        message, remedy = "the job has no stages, so there is nothing to run", "Add a stage, for example a `%sql` cell."
        return [Problem("nothing-to-run", message, whole, remedy=remedy, severity=Severity.WARNING)]

    # -- views --------------------------------------------------------------------------------------------------------

    def _made(self, name: str, columns: Mapping[str, str] | None) -> None:
        self.views[name.lower()] = columns
        self.names.append(name)

    def _read(self, name: str, span: Span | None, key: str) -> None:
        if self._unknown(name):
            self.wanted.append(_Wanted(name, span, key))

    def _unknown(self, name: str) -> bool:
        """Whether nothing seen so far makes the view; a name with a dot is a table of a catalogue."""
        return name.lower() not in self.views and not self.opaque and "." not in name

    def _why(self, name: str) -> str:
        if name.lower() in self.not_here:
            return f"the view `{name}` is made only in other environments"
        if name.lower() in self.views:
            return f"the view `{name}` is made only further down"
        return f"nothing makes the view `{name}`"

    def _instead(self, name: str) -> str:
        if name.lower() in self.views:
            return "Move the cell that makes it in front of this one."
        if name.lower() in self.not_here:
            return f"Run its stage in `{self.settings.environment}` too."
        return did_you_mean(name, self.names) or "Make it by a stage with that `outputView`."

    # -- statements ---------------------------------------------------------------------------------------------------

    def _statement(self, tree: Tree, cell: Cell, problems: list[Problem]) -> Mapping[str, str] | None:
        """Check a stage's statement against views and parameters; the columns it yields, when they are certain."""
        sql, params = tree.value.get("sql"), tree.value.get("sqlParams")
        if not isinstance(sql, str):
            return None
        try:
            statement, rendered = statement_of(sql, params), filled(sql, params)
        except SqlError:
            return None  # said already

        def place(start: int, end: int) -> Span | None:
            return span_within(tree, ("sql",), cell.source, *rendered.source_range(start, end))

        problems += [
            self._undeclared(named.name, place(named.start, named.end))
            for named in named_parameters(rendered.text)
            if named.name not in self.job.declarations.by_name and self.job.declarations.complete
        ]
        problems += [
            self._quoted(quoted.name, place(quoted.start, quoted.end))
            for quoted in quoted_parameters(rendered.text)
            if quoted.name in self.job.declarations.by_name
        ]
        makes = statement.kind in ("create", "cache")
        for reference in (*statement.reads, *(() if makes else statement.writes)):
            if reference.path is None and self._unknown(reference.name):
                self._read(reference.name, place(reference.start, reference.end), "sql")
        for reference in statement.writes if makes else ():
            if reference.path is None:
                self._made(reference.name, None)
        if not statement.complete and "${" not in rendered.text and statement.kind not in ("query", "set", "show"):
            self.opaque = True
        named_views = {reference.name.lower() for reference in (*statement.reads, *statement.writes)}
        known = {name: columns for name in named_views if (columns := self.views.get(name)) is not None}
        # Nothing is claimed of views whose columns are not known, so there is nothing to ask without any.
        for column in unknown_columns(rendered.text, known) if known or not named_views else ():
            listed = f"There are: {', '.join(column.known[:12])}." if column.known else "The statement has no FROM."
            remedy = did_you_mean(column.name, column.known) or listed
            message = f"the statement's views have no column `{column.name}`"
            problems.append(Problem("unknown-column", message, place(column.start, column.end), "sql", remedy))
        return output_columns(rendered.text, known)

    def _quoted(self, name: str, span: Span | None) -> Problem:
        message = f"within quotes `:{name}` is this text, not the value of the parameter"
        remedy = f"Write :{name} without quotes; the engine quotes the value by itself."
        return Problem("sql-parameter", message, span, "sql", remedy, Severity.WARNING)

    def _undeclared(self, name: str, span: Span | None) -> Problem:
        known = self.job.declarations.by_name
        return Problem(
            "sql-parameter",
            f"the job declares no parameter `{name}` for `:{name}`",
            span,
            "sql",
            did_you_mean(name, known) or "Declare it in a `%params` cell.",
        )

    # -- other --------------------------------------------------------------------------------------------------------

    def _identified(self, tree: Tree) -> list[Problem]:
        identifier = tree.value.get("id")
        if not isinstance(identifier, str):
            return []
        if identifier not in self.ids:
            self.ids[identifier] = tree.span(("id",))
            return []
        first = self.ids[identifier]
        message = f"the id `{identifier}` is used twice{f', first at {first}' if first else ''}"
        return [Problem("duplicate-id", message, tree.span(("id",)), "id", "Give each stage an id of its own.")]

    def _secrets_in(self, cell: Cell) -> None:
        for start, end, kind in find_secrets(cell.source):
            self.problems.append(
                Problem(
                    "secret-in-text",
                    f"this looks like a secret ({kind})",
                    Span.at(cell.source, start, end, cell=cell.number, origin=cell.origin),
                    remedy="Declare it as `secret` in %params, or ask for it by %secret.",
                    severity=Severity.WARNING,
                )
            )


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


@cache
def _roles(stage_type: type[Stage]) -> tuple[tuple[str, Role], ...]:
    """Each key of a stage type with its role."""
    return tuple(
        (fact.alias or name, role) for name, fact in stage_type.model_fields.items() for role in roles_of(fact)
    )


def _names(value: Any) -> list[str]:
    if isinstance(value, str) and value:
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _schema_columns(schema: list[Any]) -> Mapping[str, str] | None:
    """The columns that typing by `schema` yields; internal ones may pass through."""
    columns = {str(column.get("name")): str(column.get("type", "")) for column in schema if isinstance(column, dict)}
    return {**columns, "_errors": "array", **_INTERNAL} if columns else None
