"""Findings that only show when the cells of a job are seen together: one module per family, found by name.

A module of this package that defines a subclass of `Rule` is a family; the next one is a new file and nothing else.
"""

import importlib
import pkgutil
from functools import cache

from arcbook.cells.rules.base import Rule


@cache
def rule_types() -> tuple[type[Rule], ...]:
    """The rules of this package, in the order of their modules' names."""
    found: list[type[Rule]] = []
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        module = importlib.import_module(f"{__name__}.{info.name}")
        found += [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == module.__name__
        ]
    return tuple(each for each in found if each is not Rule)
