"""Documentation pages of stages, made from their declarations: Markdown for the site, text for terminals and cells."""

from arcbook.cells.describe import KeyRow, documentation, key_rows, summary
from arcbook.core.capabilities import CAPABILITIES, ENGINE_CAPABILITIES
from arcbook.stages.base import Declared, Stage
from arcbook.stages.registry import plugin_types, stage_types

#: Keys that every stage has; each page shows them last.
_COMMON = tuple(Stage.keys())

_PLUGINS = (
    """
A job file lists plugins in `plugins.config` and `plugins.lifecycle`; in a notebook they stand in `%configplugin` and
`%lifecycleplugin` cells. A plugin works in the environments that it lists, as a stage does. Plugins stand in front of
the stages: `arcbook check` says when one does not.
""".strip(),
    """
Other packages add types through the entry point group `arcbook.plugins`, which names packages whose modules declare
subclasses of `ConfigPlugin` or `LifecyclePlugin` (`arcbook.stages.plugins.base`). A configuration plugin has a method
`values`, which `arcbook check` calls too; what a lifecycle plugin does is registered for its class with `refusal`,
`before` or `after` of `arcbook.runners.hooks`, in a package of the group `arcbook.runners`.
""".strip(),
)


def render_stage(declared: type[Stage]) -> str:
    """The Markdown page of a stage type: what it does, an example, its keys."""
    _, _, rest = documentation(declared).partition("\n")
    rows = [row for row in key_rows(declared) if row.key not in _COMMON]
    common = [row for row in key_rows(declared) if row.key in _COMMON]
    parts = [
        f"# {declared.type_name()}",
        summary(declared),
        rest.strip(),
        "## Example",
        f"```json\n{declared.example.strip()}\n```",
        "## Keys",
        _table(rows),
        "Every stage also has:",
        _table(common),
    ]
    if declared.needs:
        parts += ["## Engines", *(_need(name) for name in sorted(declared.needs))]
    return "\n\n".join(part for part in parts if part) + "\n"


def stage_text(declared: type[Declared]) -> str:
    """The page of a stage or plugin as plain text, without the name."""
    lines = [documentation(declared), ""]
    for row in key_rows(declared):
        state = "required" if row.required else f"default {row.default}"
        lines += [f"  {row.key} ({row.kind}; {state})"]
        lines += [f"      {row.description}"] if row.description else []
    return "\n".join([*lines, "", "Example:", declared.example.strip("\n")])


def render_stage_table() -> str:
    """The Markdown page that lists all stage types by kind."""
    parts = ["# Stages", "A stage is one operation of a job, declared in a cell. `arcbook stages NAME` shows the same."]
    types = stage_types()
    for kind in dict.fromkeys(declared.kind for declared in types.values()):
        lines = [f"- [{name}]({name}.md): {summary(each)}" for name, each in types.items() if each.kind == kind]
        parts += [f"## {kind.capitalize()}", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def render_plugins() -> str:
    """The Markdown page that describes all plugin types."""
    parts = ["# Plugins", *_PLUGINS]
    for name, declared in plugin_types().items():
        _, _, rest = documentation(declared).partition("\n")
        parts += [
            f"## {name}",
            f"{summary(declared)} (`%{declared.magic}`)",
            rest.strip(),
            f"```json\n{declared.example.strip()}\n```",
            _table(key_rows(declared)),
        ]
    return "\n\n".join(parts) + "\n"


def _table(rows: list[KeyRow]) -> str:
    lines = ["| key | kind | default | meaning |", "|---|---|---|---|"]
    for row in rows:
        default = "required" if row.required else f"`{row.default}`" if row.default else ""
        kind = " or ".join(f"`{value}`" for value in row.choices) or row.kind
        lines.append(f"| `{row.key}` | {_cell(kind)} | {_cell(default)} | {_cell(row.description)} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _need(name: str) -> str:
    engines = ", ".join(f"`{engine}`" for engine, offered in ENGINE_CAPABILITIES.items() if name in offered)
    return f"Needs {CAPABILITIES[name]} (`{name}`), which {engines} can."
