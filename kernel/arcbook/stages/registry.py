"""Finding the types of stages and plugins by name, through the entry points `arcbook.stages` and `arcbook.plugins`."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType, ModuleType
from typing import TypeVar

from arcbook.core.failures import InternalError
from arcbook.stages.base import Declared, Stage
from arcbook.stages.plugins.base import Plugin

GROUP = "arcbook.stages"
PLUGIN_GROUP = "arcbook.plugins"

_D = TypeVar("_D", bound=Declared)


@cache
def stage_types() -> Mapping[str, type[Stage]]:
    """Every installed stage type by name, ordered by bundle and name.

    Raises:
        InternalError: two packages declare a type of the same name.
    """
    return _types(GROUP, Stage)


@cache
def plugin_types() -> Mapping[str, type[Plugin]]:
    """Every installed plugin type by name, ordered by bundle and name. Errors as `stage_types`."""
    return _types(PLUGIN_GROUP, Plugin)


def _types(group: str, base: type[_D]) -> Mapping[str, type[_D]]:
    found: dict[str, type[_D]] = {}
    for bundle in sorted(entry_points(group=group), key=lambda point: point.name):
        for declared in _declared_in(bundle.load(), base):
            other = found.setdefault(declared.type_name(), declared)
            if other is not declared:
                raise InternalError(
                    f"{declared.__module__} and {other.__module__} both declare the type {declared.type_name()}"
                )
    return MappingProxyType(found)


def _declared_in(bundle: ModuleType, base: type[_D]) -> Iterator[type[_D]]:
    for info in sorted(pkgutil.iter_modules(bundle.__path__), key=lambda module: module.name):
        module = importlib.import_module(f"{bundle.__name__}.{info.name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, base) and value.__module__ == module.__name__:
                yield value
