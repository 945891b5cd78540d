"""Engines by name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from arcbook.core.failures import DefinitionError
from arcbook.core.suggest import did_you_mean
from arcbook.engines.base import Engine


def _embedded() -> Engine:
    from arcbook.engines.embedded import EmbeddedEngine

    return EmbeddedEngine()


def _local() -> Engine:
    from arcbook.engines.local import LocalEngine

    return LocalEngine()


ENGINES: Mapping[str, Callable[[], Engine]] = MappingProxyType({"embedded": _embedded, "local": _local})


def open_engine(name: str) -> Engine:
    """The engine called `name`. Nothing is started before its first session.

    Raises:
        DefinitionError: there is no such engine.
    """
    make = ENGINES.get(name)
    if make is None:
        known = ", ".join(f"`{known}`" for known in ENGINES)
        raise DefinitionError(f"There is no engine `{name}`; known are {known}. {did_you_mean(name, ENGINES)}".rstrip())
    return make()
