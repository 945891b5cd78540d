"""Running a stage: the type of the stage chooses the function."""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, singledispatch
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from arcbook.core.failures import InternalError
from arcbook.engines.session import Session
from arcbook.stages.base import Stage

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True, slots=True)
class Decision:
    """What a ControlFlowExecute stage decided: whether the job goes on, and its message."""

    goes_on: bool
    message: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a stage left: the frame behind its view (or what it read), counts and messages for log and record.

    `values` are values for `${name}` in later lazy stages, `decisions` those of control flow by key, `printed` is text
    to be shown.
    """

    frame: "DataFrame | None" = None
    view: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    printed: str = ""


@singledispatch
def run(stage: Stage, session: Session) -> Result:
    """Run `stage` on `session`. Call `load_runners` once before.

    Raises:
        ArcbookError: a failure that a runner recognised itself; engine errors pass through untranslated.
    """
    raise InternalError(f"no runner is registered for {type(stage).__name__}")


@cache
def load_runners() -> None:
    """Import every module of the packages named by entry point group `arcbook.runners`, which registers them."""
    for point in entry_points(group="arcbook.runners"):
        package = point.load()
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(info.name)
