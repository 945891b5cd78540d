"""From cells to checked steps, with the values of a run."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from arcbook.cells.bind import Scope, bind, bind_known, has_placeholders, unbound, without_unset
from arcbook.cells.check import examine
from arcbook.cells.convert import trees_of
from arcbook.cells.fetch import fetch_text, folder_of, relative_to
from arcbook.cells.lines import read_settings
from arcbook.cells.model import Cell, Report, Step
from arcbook.cells.notebook import Job, document_values
from arcbook.cells.params import Values
from arcbook.cells.places import place_of
from arcbook.cells.review import Review
from arcbook.cells.tree import Tree
from arcbook.core.failures import CellError
from arcbook.core.launch import without_effect
from arcbook.core.problem import Problem, Severity, errors
from arcbook.core.settings import RunSettings
from arcbook.core.suggest import did_you_mean
from arcbook.stages.base import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """All that decides what a cell means: choices of the run, and values for `${name}` in the order of precedence.

    `computed` is what ConfigExecute stages yielded, `launch` what the run was started with, `values` the parameters,
    `env` what `%env` cells set, `document` a job file's own members; the process environment comes last. Relative
    addresses of documents start at `folder` (None: the job's own; empty: this process's), and `fetch` reads them.
    `engine` is the engine whose capabilities `check_job` compares, None for no comparison. `complete` says that no
    value will come later, so that `check_job` calls a missing one an error.
    """

    settings: RunSettings = field(default_factory=RunSettings)
    launch: Mapping[str, str] = field(default_factory=dict)
    values: Values = field(default_factory=Values)
    env: Mapping[str, str] = field(default_factory=dict)
    computed: Mapping[str, Any] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict)
    folder: str | None = None
    fetch: Callable[[str], str] = fetch_text
    engine: str | None = None
    complete: bool = False

    def scope(self) -> Scope:
        """The lookups of `${name}`, the first that knows it wins."""
        return Scope(self.computed, self.launch, self.values.text, self.env, self.document, os.environ)

    def after(self, cell: Cell) -> "Context":
        """The context of the cells behind `cell`: `%env` and `%document` cells add values.

        Raises:
            CellError: the cell's lines cannot be read.
        """
        if cell.magic == "env":
            return replace(self, env={**self.env, **read_settings(cell)})
        if cell.magic == "document":
            return replace(self, document={**self.document, **document_values(cell)})
        return self


def steps_of(cell: Cell, context: Context) -> list[Step]:
    """The checked stages of a cell, also those that the chosen environment skips (these are checked only leniently).

    Raises:
        CellError: all problems of all its stages.
    """
    steps: list[Step] = []
    problems: list[Problem] = []
    scope = context.scope()
    for tree in trees_of(cell):
        if not context.settings.runs(environments_of(tree, scope)):
            steps.append(_skipped(tree, cell, context))
            continue
        try:
            bound = bind(tree, scope)
        except CellError as error:
            problems.extend(error.problems)
            continue
        found = examine(bound, settings=context.settings, fetch=context.fetch, source=cell.source)
        problems.extend(errors(found.problems))
        if found.stage is not None:
            steps.append(Step(found.stage, found.tree, cell))
    if problems:
        raise CellError(problems)
    return steps


def check_job(job: Job, context: Context) -> Report:
    """All findings about a job, and its sound steps; nothing is run, and findings are never raised.

    Placeholders without a value are warnings (the run may
    bring them) unless `context.complete`; a declared parameter without a value is not mentioned.
    """
    values = context.values if context.values.typed else job.values_of_parameters()
    context = replace(
        context,
        values=values.public(),
        document={**job.values, **context.document},
        fetch=relative_to(folder_of(job.origin) if context.folder is None else context.folder, context.fetch),
    )
    review = Review.of(job, context.settings, engine=context.engine)
    problems = [*job.problems, *_policy(job, context.settings)]
    steps: list[Step] = []
    for cell in job.cells:
        review.enter(cell)
        try:
            context = context.after(cell)
            trees = trees_of(cell)
        except CellError as error:
            problems.extend(error.problems)
            review.lost(cell)
            continue
        for tree in trees:
            step, found = _checked(tree, cell, context, review)
            problems.extend(found)
            if step is not None:
                steps.append(step)
    problems.extend(review.end())
    streams = any("streaming" in step.stage.required_capabilities() for step in steps)
    problems.extend(without_effect(context.settings, streams=streams))
    return Report(tuple(steps), tuple(sorted(dict.fromkeys(problems), key=place_of)))


def _policy(job: Job, settings: RunSettings) -> list[Problem]:
    if settings.ipynb or job.kind != "notebook":
        return []
    message = "a policy forbids notebooks as jobs (etl.policy.ipynb)"
    return [Problem("policy", message, remedy="Give a job file, or have the policy changed.")]


def _checked(tree: Tree, cell: Cell, context: Context, review: Review) -> tuple[Step | None, list[Problem]]:
    scope = context.scope()
    bound = bind_known(tree, scope, review.expected)
    problems: list[Problem] = []
    if not context.settings.runs(environments_of(tree, scope)):
        return _skipped(tree, cell, context), review.skipped(tree, bound, cell)
    for wanted in unbound(bound):
        if review.expected(wanted.name) or wanted.optional or tree.value.get("resolution") == "lazy":
            continue
        severity = Severity.ERROR if context.complete else Severity.WARNING
        remedy = did_you_mean(wanted.name, scope.names()) or f"Give it one: `-p {wanted.name} VALUE`, or `%env`."
        message = f"${{{wanted.name}}} has no value"
        problems.append(Problem("unresolved-substitution", message, wanted.span, "", remedy, severity))
    bound = bound.with_value(without_unset(bound.value))
    found = examine(bound, settings=context.settings, fetch=context.fetch, source=cell.source)
    problems.extend(found.problems)
    problems.extend(review.stage(found, cell, tree))
    sound = found.stage is not None and not errors(found.problems)
    return Step(found.stage, found.tree, cell) if found.stage is not None and sound else None, problems


def environments_of(tree: Tree, scope: Scope) -> tuple[str, ...]:
    """The environments a tree lists, as far as they are known."""
    try:
        value = bind(tree.with_value({"e": tree.value.get("environments")}), scope).value.get("e")
    except CellError:
        return ()
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _skipped(tree: Tree, cell: Cell, context: Context) -> Step:
    """A step of another environment: Arc does not look at it at all, so nothing in it may stop this run."""
    try:
        bound = bind(tree, context.scope())
        found = examine(bound, settings=context.settings, fetch=lambda uri: "", source="")
    except CellError:
        found = None
    if found is not None and found.stage is not None:
        return Step(found.stage, found.tree, cell)
    return Step(_unchecked(tree, environments_of(tree, context.scope())), tree, cell)


def _unchecked(tree: Tree, environments: tuple[str, ...]) -> Stage:
    """A stage that only has a name: of an unknown type, or with faults that do not matter because it is skipped."""
    from pydantic import create_model

    def simple(key: str, default: str) -> str:
        value = tree.value.get(key, default)
        return default if has_placeholders(value) else str(value)

    made: type[Stage] = create_model(simple("type", "Stage"), __base__=Stage)
    return made(name=simple("name", "unnamed stage"), environments=environments)
