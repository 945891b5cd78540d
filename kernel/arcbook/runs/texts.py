"""YAML whose values are texts: what a person wrote is what a parameter is given."""

from collections.abc import Hashable
from typing import Any

import yaml


class TextLoader(yaml.BaseLoader):
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


def _mapping(loader: TextLoader, node: Any) -> dict[Hashable, Any]:
    return loader.construct_mapping(node)


TextLoader.add_constructor("tag:yaml.org,2002:map", _mapping)
