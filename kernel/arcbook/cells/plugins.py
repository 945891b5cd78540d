"""The plugins of a cell: checked, and asked for their values."""

from collections.abc import Sequence
from typing import Any, TypeVar

from arcbook.cells.bind import Scope, bind, has_placeholders
from arcbook.cells.check import simple_type, validated
from arcbook.cells.convert import plugin_trees_of
from arcbook.cells.environments import environments_of, never_runs
from arcbook.cells.fetch import Fetch
from arcbook.cells.messages import opening
from arcbook.cells.model import Cell
from arcbook.cells.tree import Tree
from arcbook.core.failures import ArcbookError, CellError
from arcbook.core.problem import Problem, Severity
from arcbook.core.settings import RunSettings
from arcbook.core.suggest import did_you_mean
from arcbook.stages.plugins.base import ConfigPlugin, LifecyclePlugin, Plugin
from arcbook.stages.registry import plugin_types, stage_types

_P = TypeVar("_P", bound=Plugin)


def config_values(cell: Cell, scope: Scope, settings: RunSettings, *, fetch: Fetch | None = None) -> dict[str, Any]:
    """The values that the configuration plugins of a cell compute; of two of one name the first wins.

    A plugin sees what those in front of it computed. `fetch` as for `plugin_trees_of`.

    Raises:
        CellError: all problems of its plugins, or the place of one that cannot tell its values.
    """
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for tree in _running(cell, scope, settings, fetch):
        try:
            plugin = _checked(tree, scope.inside(values), ConfigPlugin)
            values = {**plugin.values(settings), **values}
        except CellError as error:
            problems += error.problems
        except ArcbookError as error:
            message = f"{tree.value.get('type')} cannot tell its values: {error.message}"
            problems.append(Problem("plugin-failed", message, tree.span(("type",)), "type"))
    if problems:
        raise CellError(problems)
    return values


def lifecycle_plugins(
    cell: Cell,
    scope: Scope,
    settings: RunSettings,
    active: Sequence[LifecyclePlugin] = (),
    *,
    fetch: Fetch | None = None,
) -> tuple[LifecyclePlugin, ...]:
    """The lifecycle plugins that act behind a cell, where `active` act in front of it.

    One that acts already, with the same keys, is not added again. `fetch` as for `plugin_trees_of`.

    Raises:
        CellError: all problems of the cell's plugins.
    """
    kept = _without_removed(cell, active)
    problems: list[Problem] = []
    for tree in _running(cell, scope, settings, fetch):
        try:
            plugin = _checked(tree, scope, LifecyclePlugin)
        except CellError as error:
            problems += error.problems
        else:
            kept += [plugin] if plugin not in kept else []
    if problems:
        raise CellError(problems)
    return tuple(kept)


def plugin_habits(
    cell: Cell, settings: RunSettings, *, behind_stages: bool, fetch: Fetch | None = None
) -> list[Problem]:
    """Warnings about the plugins of a cell that can be read: no environment, or a place behind stages."""
    problems = []
    example = 'Add for example `"environments": ["dev", "test", "prod"]`.'
    for tree in plugin_trees_of(cell, fetch):
        named = f"the plugin `{tree.value.get('type', '')}`"
        if not tree.value.get("environments") and not settings.ignore_environments:
            problems.append(never_runs(tree, named, example))
        if behind_stages:
            message = f"{named} stands behind stages: it affects only those behind it, in Arc all"
            remedy = "Move its cell in front of the first stage."
            problems.append(Problem("late-plugin", message, opening(tree.span(())), "", remedy, Severity.WARNING))
    return problems


def _without_removed(cell: Cell, active: Sequence[LifecyclePlugin]) -> list[LifecyclePlugin]:
    removed = cell.arguments.get("remove")
    if removed is None or removed.value.lower() == "all":
        return [] if removed else list(active)
    kept = [plugin for plugin in active if plugin.type_name() != removed.value]
    if len(kept) == len(active):
        names = sorted({plugin.type_name() for plugin in active})
        remedy = did_you_mean(removed.value, names) or f"Active are: {', '.join(names) or 'none'}."
        message = f"no lifecycle plugin `{removed.value}` is active"
        raise CellError([Problem("magic-argument", message, removed.span, "remove", remedy)])
    return kept


def _running(cell: Cell, scope: Scope, settings: RunSettings, fetch: Fetch | None) -> list[Tree]:
    """The plugins of a cell that the chosen environment has; nothing in the others may stop it."""
    return [tree for tree in plugin_trees_of(cell, fetch) if settings.runs(environments_of(tree, scope))]


def _checked(tree: Tree, scope: Scope, kind: type[_P]) -> _P:
    bound = bind(tree, scope)
    bound = bound.with_value({key: value for key, value in bound.value.items() if value is not None})
    plugin, problems = validated(bound, _type_of(bound, kind))
    if plugin is None:
        raise CellError(problems)
    return plugin


def _type_of(tree: Tree, kind: type[_P]) -> type[_P]:
    name = tree.value.get("type")
    if name is None or has_placeholders(name):
        problem = Problem("missing-key", "a plugin needs the key `type`", opening(tree.span(())), "type")
        raise CellError([problem])
    simple = simple_type(str(name))
    found = plugin_types().get(simple)
    if found is not None and issubclass(found, kind):
        return found
    if found is not None:
        message = f"`{simple}` is a {found.kind} plugin, no {kind.kind} plugin"
        remedy = f"Write it into a `%{found.magic}` cell, or into `plugins.{found.kind}` of a job file."
    elif simple in stage_types():
        message, remedy = f"`{simple}` is a stage, no plugin", "Move it to the stages."
    else:
        known = [each for each, declared in plugin_types().items() if issubclass(declared, kind)]
        message = f"there is no {kind.kind} plugin `{simple}`"
        remedy = did_you_mean(simple, known) or f"There are: {', '.join(known)}."
    raise CellError([Problem("unknown-plugin", message, tree.span(("type",)), "type", remedy)])
