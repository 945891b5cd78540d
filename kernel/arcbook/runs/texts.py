"""Parameters in YAML and JSON, whose values are texts: what a person wrote is what a parameter is given."""

import json
from collections.abc import Hashable, Mapping
from typing import Any

import yaml

from arcbook.cells.fetch import fetch_text
from arcbook.core.failures import DefinitionError


def read_parameters(path: str) -> dict[str, Any]:
    """Parameters in a YAML or JSON file. Errors and values as `parse_parameters`."""
    return parse_parameters(fetch_text(path), path)


def parse_parameters(text: str, place: str) -> dict[str, Any]:
    """Parameters written as YAML or JSON at `place`.

    Every value keeps its text (`007`, `no` and `2026-11-23` stay what they are), lists stay lists; only `null`, `~` and
    nothing at all are no value (None).

    Raises:
        DefinitionError: the text is not a mapping of names to values, or gives a name twice.
    """
    try:
        value = read_texts(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise DefinitionError(f"{place} is neither YAML nor JSON: {error}") from error
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise DefinitionError(f"{place} must hold names and values (`name: value` on each line).")
    return dict(value)


def read_texts(text: str) -> Any:
    """What YAML or JSON text holds: mappings, lists, and the text of every scalar; None for nothing and `null`.

    Raises:
        yaml.YAMLError: it is neither, or a mapping names something twice.
        RecursionError: it is nested too deep.
    """
    if text.lstrip().startswith("{"):
        # YAML includes JSON but for details: tabs, and characters outside of the basic plane as two escapes.
        try:
            return _plain(
                json.loads(text, object_pairs_hook=_pairs, parse_int=str, parse_float=str, parse_constant=str)
            )
        except ValueError:
            pass  # a flow mapping
    return yaml.load(text, Loader=_TextLoader)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise yaml.YAMLError(f"`{next(name for name in names if names.count(name) > 1)}` is given twice")
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


class _TextLoader(yaml.BaseLoader):
    """Reads scalars as their text, except for a plain `null`, `~` or nothing; refuses a name that stands twice."""

    def construct_scalar(self, node: Any) -> Any:
        """A scalar's text, or None."""
        text = super().construct_scalar(node)
        return None if node.style is None and text in ("", "~", "null") else text

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping with names as texts.

        Raises:
            yaml.constructor.ConstructorError: a name is none, or stands twice.
        """
        found: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            name = key_node.value
            if not isinstance(name, str) or name in found:
                trouble = f"`{name}` is given twice" if isinstance(name, str) else "a name must be plain text"
                raise yaml.constructor.ConstructorError(None, None, trouble, key_node.start_mark)
            found[name] = self.construct_object(value_node, deep=True)
        return found


def _mapping(loader: _TextLoader, node: Any) -> dict[Hashable, Any]:
    return loader.construct_mapping(node)


_TextLoader.add_constructor("tag:yaml.org,2002:map", _mapping)
