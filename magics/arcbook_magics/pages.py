"""The pages behind `%help`, completion and inspection."""

import inspect
from typing import TYPE_CHECKING

from arcbook.cells.options import OPTIONS
from arcbook.core.failures import DefinitionError
from arcbook.core.suggest import did_you_mean
from arcbook_magics.registry import magic
from arcbook_magics.shown import Shown, listing, text

if TYPE_CHECKING:
    from arcbook_magics.workbench import Workbench


def page(bench: "Workbench", topic: str) -> Shown:
    """The page of a topic; the overview when it is empty.

    Raises:
        DefinitionError: there is no such topic.
    """
    word = topic.lstrip("%")
    if not word:
        return overview()
    if word.lower() == "error":
        return text(last_error(bench))
    if word.lower() == "conf":
        rows = [(o.name, str(o.default).lower(), o.variable, o.meaning) for o in OPTIONS.values()]
        return listing("", ("option", "default", "variable", "meaning"), rows)
    found = magic_page(word) or type_page(word)
    if found is None:
        from arcbook.cells.describe import offered_magics
        from arcbook.stages.registry import plugin_types, stage_types

        remedy = did_you_mean(word, [*offered_magics(), *stage_types(), *plugin_types()])
        raise DefinitionError(f"there is no help on `{word}`. {remedy}".rstrip())
    return text(found)


def overview() -> Shown:
    """All magics with their first line, and where to go on."""
    from arcbook.cells.describe import offered_magics

    rows = [(f"%{name}", (magic(name).__doc__ or "").split("\n")[0]) for name in offered_magics()]
    return listing("`%help NAME` tells more about a magic or a stage type", ("magic", "what it does"), rows)


def magic_page(word: str) -> str | None:
    """The page of a magic, with its arguments, or None."""
    from arcbook.cells.describe import offered_magics
    from arcbook.cells.magics import MAGICS

    name = word.lower()
    if name not in offered_magics():
        return None
    doc = inspect.cleandoc(magic(name).__doc__ or "")
    spec = MAGICS[name]
    lines = [f"%{name}", "", doc]
    if spec.makes_stage:
        lines += ["", f"Arguments: the keys of {spec.makes_stage} (`%help {spec.makes_stage}`), and for display:"]
    elif spec.arguments:
        lines += ["", "Arguments:"]
    lines += [f"  {argument.name:<18} {argument.summary}" for argument in spec.arguments]
    return "\n".join(lines)


def type_page(word: str) -> str | None:
    """The page of a stage or plugin type, with its keys and example, or None."""
    from arcbook.cells.describe import find_plugin_type, find_stage_type
    from arcbook.cells.pages import stage_text

    found = find_stage_type(word) or find_plugin_type(word)
    return f"{found.type_name()}\n\n{stage_text(found)}" if found else None


def last_error(bench: "Workbench") -> str:
    """The last error's own words and the engine's full text."""
    error = bench.last_error
    if error is None:
        return "There has been no error."
    return f"{type(error).__name__}: {error.message}\n\n{error.detail or 'The engine said nothing more.'}"
