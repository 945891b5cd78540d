"""Finding stage types by name, through the entry point group `arcbook.stages`."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType, ModuleType

from arcbook.core.failures import InternalError
from arcbook.stages.base import Stage

GROUP = "arcbook.stages"


@cache
def stage_types() -> Mapping[str, type[Stage]]:
    """Every installed stage type by name, ordered by bundle and name.

    Raises:
        InternalError: two packages declare a type of the same name.
    """
    found: dict[str, type[Stage]] = {}
    for bundle in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        for stage_type in _declared_in(bundle.load()):
            other = found.setdefault(stage_type.type_name(), stage_type)
            if other is not stage_type:
                raise InternalError(
                    f"{stage_type.__module__} and {other.__module__} both declare the stage {stage_type.type_name()}"
                )
    return MappingProxyType(found)


def _declared_in(bundle: ModuleType) -> Iterator[type[Stage]]:
    for info in sorted(pkgutil.iter_modules(bundle.__path__), key=lambda module: module.name):
        module = importlib.import_module(f"{bundle.__name__}.{info.name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Stage) and value.__module__ == module.__name__:
                yield value
