"""From cells to checked steps, with the values of a run."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from arcbook.cells.bind import Scope, bind, bind_known, has_placeholders, how_to_give, unbound, without_unset
from arcbook.cells.check import Examination, examine
from arcbook.cells.convert import trees_of
from arcbook.cells.environments import environments_of
from arcbook.cells.fetch import fetch_text, folder_of, relative_to
from arcbook.cells.lines import read_settings
from arcbook.cells.model import Cell, Report, Step
from arcbook.cells.nested import left_by, nested_job, trail_of
from arcbook.cells.notebook import Job, document_values
from arcbook.cells.params import Values
from arcbook.cells.plugins import config_values, lifecycle_plugins, plugin_habits
from arcbook.cells.review import Review
from arcbook.cells.tree import Substitution, Tree
from arcbook.core.failures import CellError
from arcbook.core.launch import without_effect
from arcbook.core.problem import Problem, Severity, errors
from arcbook.core.settings import RunSettings
from arcbook.core.suggest import did_you_mean
from arcbook.stages.base import Stage
from arcbook.stages.execute.control_flow import ControlFlowExecute
from arcbook.stages.plugins.base import LifecyclePlugin
from arcbook.stages.plugins.lifecycle.control_flow import ControlFlow


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """All that decides what a cell means: choices of the run, and values for `${name}` in the order of precedence.

    `computed` is what ConfigExecute stages yielded, for lazy stages alone; `launch` what the run was started with,
    `values` the parameters, `env` what `%env` cells set, `plugins` what configuration plugins computed, `document` a
    job file's own members, `left` those of job files that ran within it; the process environment comes last.

    `lifecycle` are the plugins that act around stages. Relative addresses of documents start at `folder` (None: the
    job's own; empty: this process's), and `fetch` reads them. `engine` is the engine whose capabilities `check_job`
    compares, None for no comparison. `complete` says that no value will come later, so that `check_job` calls a missing
    one an error. For jobs within jobs, `trail` are the addresses of those around a cell with its own, `within` the
    places of the stages that name them.
    """

    settings: RunSettings = field(default_factory=RunSettings)
    launch: Mapping[str, Any] = field(default_factory=dict)
    values: Values = field(default_factory=Values)
    env: Mapping[str, str] = field(default_factory=dict)
    computed: Mapping[str, Any] = field(default_factory=dict)
    plugins: Mapping[str, Any] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict)
    left: Mapping[str, Any] = field(default_factory=dict)
    lifecycle: tuple[LifecyclePlugin, ...] = ()
    folder: str | None = None
    fetch: Callable[[str], str] = fetch_text
    engine: str | None = None
    complete: bool = False
    trail: tuple[str, ...] = ()
    within: tuple[str, ...] = ()

    def scope(self, *, lazy: bool = False) -> Scope:
        """The lookups of `${name}` for strict or lazy stages, the first that knows it wins."""
        computed = (self.computed,) if lazy else ()
        own = (self.launch, self.values.text, self.env, self.plugins, self.document)
        return Scope(*computed, *own, self.left, os.environ)

    def after(self, cell: Cell) -> "Context":
        """The context of the cells behind `cell`: cells with values and with plugins add theirs.

        Raises:
            CellError: the cell cannot be read, or its plugins are wrong.
        """
        if cell.magic == "configplugin":
            values = config_values(cell, self.scope(), self.settings, fetch=self.fetch)
            return replace(self, plugins={**values, **self.plugins})
        if cell.magic == "lifecycleplugin":
            active = lifecycle_plugins(cell, self.scope(), self.settings, self.lifecycle, fetch=self.fetch)
            return replace(self, lifecycle=active)
        if cell.magic == "env":
            return replace(self, env={**self.env, **read_settings(cell)})
        if cell.magic == "document":
            return replace(self, document={**self.document, **document_values(cell, self.fetch)})
        if left := left_by(cell, self):
            return replace(self, left={**self.left, **left})
        return self


def steps_of(cell: Cell, context: Context) -> list[Step]:
    """The checked stages of a cell, also those that the chosen environment skips (these are checked only leniently).

    Lazy stages are checked as far as their values are known, and are for `resolved`. A stage that names another job is
    replaced by that job's stages.

    Raises:
        CellError: all problems of all its stages.
    """
    steps: list[Step] = []
    problems: list[Problem] = []
    for tree in trees_of(cell, context.fetch):
        try:
            if not context.settings.runs(environments_of(tree, context.scope())):
                bind(_environments_alone(tree), context.scope())  # a missing value is no other environment
                steps.append(_skipped(tree, cell, context))
                continue
            steps += _lazy(tree, cell, context) if is_lazy(tree, context) else _bound(tree, cell, context)
        except CellError as error:
            problems.extend(error.problems)
    if problems:
        raise CellError(problems)
    return steps


def resolved(step: Step, computed: Mapping[str, Any]) -> list[Step]:
    """What a step is when its turn comes: a lazy one is bound with the values `computed` until then.

    Raises:
        CellError: all problems of a lazy stage.
    """
    if not step.lazy or step.context is None:
        return [step]
    return _bound(step.tree, step.cell, replace(step.context, computed=computed), lazy=True)


def is_lazy(tree: Tree, context: Context) -> bool:
    """Whether a stage is to be bound when its turn comes."""
    written = tree.value.get("resolution")
    try:
        return bind(tree.with_value({"resolution": written}), context.scope()).value.get("resolution") == "lazy"
    except CellError:
        return False  # binding the stage says what is wrong


def _bound(tree: Tree, cell: Cell, context: Context, *, lazy: bool = False) -> list[Step]:
    """The step that a tree is with all its values, or the steps of the job it names."""
    bound = bind(tree, context.scope(lazy=lazy))
    found = examine(bound, settings=context.settings, fetch=context.fetch, source=cell.source)
    if found.stage is None or errors(found.problems):
        raise CellError(errors(found.problems))
    if found.stage.expands:
        # A job that is named late is read late: all its stages see what was computed.
        outer = replace(context, launch={**context.launch, **context.computed}) if lazy else context
        return _nested(found.stage, bound, cell, outer)
    return [Step(found.stage, found.tree, cell, context, within=context.within)]


def _lazy(tree: Tree, cell: Cell, context: Context) -> list[Step]:
    bound = bind_known(tree, context.scope(lazy=True), lambda name: True)
    known = bound.with_value(without_unset(bound.value))
    found = examine(known, settings=context.settings, fetch=context.fetch, source=cell.source)
    if wrong := errors(found.problems):
        raise CellError(wrong)
    stage = found.stage or _unchecked(known, environments_of(tree, context.scope()), found.stage_type)
    return [Step(stage, tree, cell, context, lazy=True, within=context.within)]


def _nested(stage: Stage, tree: Tree, cell: Cell, context: Context) -> list[Step]:
    """The steps of the job that a stage names."""
    job, inner = nested_job(stage, tree, cell, context)
    steps: list[Step] = []
    problems = [*errors(job.problems), *_policy(job, context.settings)]
    for each in job.cells:
        try:
            inner = inner.after(each)
            steps += steps_of(each, inner)
        except CellError as error:
            problems.extend(error.problems)
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
        trail=trail_of(job.origin),
    )
    review = Review.of(job, context.settings, engine=context.engine)
    problems = [*job.problems, *_policy(job, context.settings)]
    steps: list[Step] = []
    _check_cells(job, context, review, steps, problems)
    problems.extend(review.end())
    streams = any("streaming" in step.stage.required_capabilities() for step in steps)
    problems.extend(without_effect(context.settings, streams=streams))
    placed = dict.fromkeys(map(review.placed, problems))
    return Report(tuple(steps), tuple(sorted(placed, key=job.place_of)))


def _check_cells(job: Job, context: Context, review: Review, steps: list[Step], problems: list[Problem]) -> None:
    """Collect the sound steps of a job's cells, and all problems."""
    behind_stages = False
    for cell in job.cells:
        review.enter(cell)
        try:
            problems.extend(plugin_habits(cell, context.settings, behind_stages=behind_stages, fetch=context.fetch))
            context = context.after(cell)
            trees = trees_of(cell, context.fetch)
        except CellError as error:
            problems.extend(error.problems)
            review.lost(cell)
            continue
        behind_stages |= bool(trees)
        sound = [] if cell.problems else steps
        for tree in trees:
            problems.extend(_checked(tree, cell, context, review, sound))


def _policy(job: Job, settings: RunSettings) -> list[Problem]:
    if settings.ipynb or all(part.kind != "notebook" for part in job.files()):
        return []
    message = "a policy forbids notebooks as jobs (etl.policy.ipynb)"
    return [Problem("policy", message, remedy="Give a job file, or have the policy changed.")]


def _checked(tree: Tree, cell: Cell, context: Context, review: Review, steps: list[Step]) -> list[Problem]:
    lazy = is_lazy(tree, context)
    scope = context.scope(lazy=lazy)
    bound = bind_known(tree, scope, lambda name: _awaited(name, context, review, lazy=lazy))
    runs = context.settings.runs(environments_of(tree, scope))
    missing = [
        _unresolved(wanted, context, review, lazy=lazy)
        for wanted in unbound(bound if runs else _environments_alone(bound))
        if not _awaited(wanted.name, context, review, lazy=lazy) and not wanted.optional
    ]
    if not runs:
        if not missing:
            steps.append(_skipped(tree, cell, context))
        return [*missing, *review.skipped(tree, bound, cell)]
    problems = [*bound.problems, *missing]
    bound = bound.with_value(without_unset(bound.value))
    found = examine(bound, settings=context.settings, fetch=context.fetch, source=cell.source)
    problems += [*found.problems, *review.stage(found, cell, tree)]
    waits = lazy and has_placeholders(bound.value)
    if found.stage is None or waits or errors(found.problems):
        # Which job it names is not known: it may make any view.
        review.job.opaque |= found.stage_type is not None and found.stage_type.expands
    if errors(found.problems):
        return problems
    if waits:
        stage = found.stage or _unchecked(bound, environments_of(tree, scope), found.stage_type)
        steps.append(Step(stage, bound, cell, context, lazy=True, within=context.within))
        return problems
    if found.stage is None:
        return problems
    problems += _idle(found, context)
    if found.stage.expands:
        return problems + _check_nested(found, cell, context, review, steps)
    steps.append(Step(found.stage, found.tree, cell, context, within=context.within))
    return problems


def _awaited(name: str, context: Context, review: Review, *, lazy: bool) -> bool:
    """Whether a value of this name may still come; not of a parameter left without one when all values are given."""
    typed = context.values.typed
    settled = context.complete and not lazy and name in typed and typed[name] is None
    return review.expected(name, lazy=lazy) and not settled


def _environments_alone(tree: Tree) -> Tree:
    """Where a stage runs: all that must be right of one that is left out."""
    return tree.with_value({"environments": tree.value.get("environments")})


def _unresolved(wanted: Substitution, context: Context, review: Review, *, lazy: bool) -> Problem:
    """A placeholder that nothing fills: for a lazy stage a warning, because Arc lets it fail when its turn comes."""
    severity = Severity.ERROR if context.complete and not lazy else Severity.WARNING
    computed = review.computed_names or set()
    remedy = how_to_give(wanted.name, [*context.scope().names(), *(computed if lazy else ())])
    if not lazy and review.expected(wanted.name, lazy=True) and not review.expected(wanted.name):
        remedy = 'Values of ConfigExecute reach lazy stages only: add `"resolution": "lazy"` (`resolution=lazy`).'
    message = f"${{{wanted.name}}} has no value"
    if lazy:
        message += ", and no earlier stage computes it"
    return Problem("unresolved-substitution", message, wanted.span, "", remedy, severity)


def _idle(found: Examination, context: Context) -> list[Problem]:
    """A decision that nothing asks for: Arc goes on as if it had been true."""
    stage = found.stage
    if not isinstance(stage, ControlFlowExecute):
        return []
    asked = [plugin.key for plugin in context.lifecycle if isinstance(plugin, ControlFlow)]
    if stage.key in asked:
        return []
    keys = f" (those active ask for: {', '.join(f'`{key}`' for key in asked)})" if asked else ""
    message = f"no ControlFlow plugin asks for the outcome `{stage.key}`{keys}, so the stage decides nothing"
    example = '{"type": "ControlFlow", "environments": ["test"]}'
    remedy = did_you_mean(stage.key, asked) or f"Add a cell `%lifecycleplugin` with `{example}` in front of it."
    place = found.tree.span(("key",)) if "key" in found.tree.value else found.tree.span(("type",))
    return [Problem("idle-control-flow", message, place, "key", remedy, Severity.WARNING)]


def _check_nested(found: Examination, cell: Cell, context: Context, review: Review, steps: list[Step]) -> list[Problem]:
    """The findings about the job that a stage names."""
    if found.stage is None:
        return []
    try:
        job, inner = nested_job(found.stage, found.tree, cell, context)
    except CellError as error:
        review.job.opaque = True  # whatever views it makes
        return list(error.problems)
    problems = [*job.problems, *_policy(job, context.settings)]
    with review.inside(job):
        _check_cells(job, inner, review, steps, problems)
    return problems


def _skipped(tree: Tree, cell: Cell, context: Context) -> Step:
    """A step of another environment: Arc does not look at it at all, so nothing in it may stop this run."""
    try:
        bound = bind(tree, context.scope())
        found = examine(bound, settings=context.settings, fetch=lambda uri: "", source="")
    except CellError:
        found = None
    if found is not None and found.stage is not None:
        return Step(found.stage, found.tree, cell, context, within=context.within)
    environments = environments_of(tree, context.scope())
    return Step(_unchecked(tree, environments), tree, cell, context, within=context.within)


def _unchecked(tree: Tree, environments: tuple[str, ...], stage_type: type[Stage] | None = None) -> Stage:
    """A stage that only has a name: of an unknown type, or with faults that do not matter because it is skipped."""
    from pydantic import create_model

    def simple(key: str, default: str) -> str:
        value = tree.value.get(key, default)
        return default if has_placeholders(value) else str(value)

    made: type[Stage] = create_model(simple("type", "Stage"), __base__=Stage)
    if stage_type is not None:
        made.needs = stage_type.needs
    made.kind = stage_type.kind if stage_type is not None else ""
    return made(name=simple("name", "unnamed stage"), environments=environments)
