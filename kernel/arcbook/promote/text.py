"""Manifests as YAML text: stable, pleasant to read, and read the same by every YAML reader.

Python's and Go's YAML readers differ in what they take for a number or a boolean (`1e3`, `y`, `012`), and a hexadecimal
hash may look like a number in scientific notation. So a text only goes without quotes when it cannot be anything else.
"""

import re
from typing import Any

import yaml

#: Keys that come first, in this order; the others follow by name.
_FIRST = (
    "apiVersion", "kind", "metadata", "spec", "name", "namespace", "generateName", "schedules", "timezone",
    "concurrencyPolicy", "startingDeadlineSeconds", "workflowTemplateRef", "entrypoint", "arguments", "value", "enum",
    "description", "image", "command", "args", "env", "resources",
)  # fmt: skip
_RANK = {key: position for position, key in enumerate(_FIRST)}
_PLAIN = re.compile(r"-{0,2}[A-Za-z/][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*")
#: Wide enough that no line is folded.
_UNFOLDED = 1_000_000
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "inf", "nan"})


def to_yaml(manifest: dict[str, Any]) -> str:
    """The manifest as one YAML document with LF line ends; the same for equal manifests."""
    return yaml.dump(
        ordered(manifest),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=_UNFOLDED,
        default_flow_style=False,
    )


def ordered(value: Any) -> Any:
    """The value with the keys of all objects in reading order."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (_RANK.get(key, len(_RANK)), key))
        return {key: ordered(value[key]) for key in keys}
    if isinstance(value, list):
        return [ordered(item) for item in value]
    return value


class _Dumper(yaml.SafeDumper):
    """Indented lists, no aliases, careful quotes."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent list items below their key."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Write equal values out each time: anchors help no reader of a manifest."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if "\n" in text:
        style: str | None = "|"
    elif _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        style = None
    else:
        style = "'" if '"' in text else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
