"""What happens around a stage: the type of the plugin chooses the functions. `load_runners` registers them."""

from collections.abc import Mapping
from functools import singledispatch

from arcbook.engines.session import Session
from arcbook.runners.base import Decision, Result
from arcbook.stages.base import Stage
from arcbook.stages.plugins.base import LifecyclePlugin


@singledispatch
def refusal(plugin: LifecyclePlugin, decisions: Mapping[str, Decision]) -> tuple[str, Decision] | None:
    """Why nothing further may run, and what decided so; None when it may. `decisions` are those made so far, by key."""
    return None


@singledispatch
def before(plugin: LifecyclePlugin, stage: Stage, session: Session) -> None:
    """Act before a stage.

    Raises:
        ArcbookError: the stage fails with it, without having run.
    """


@singledispatch
def after(plugin: LifecyclePlugin, stage: Stage, result: Result, session: Session) -> Result:
    """Act after a stage, and return its result or another one; its view stays as the stage made it.

    Raises:
        ArcbookError: the stage fails with it; what it made stays.
    """
    return result
