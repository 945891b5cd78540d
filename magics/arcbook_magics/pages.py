"""The pages behind `%help`, completion and inspection."""

import inspect
from typing import TYPE_CHECKING, get_args

from arcbook.core.failures import DefinitionError
from arcbook.core.suggest import did_you_mean
from arcbook_magics.options import OPTIONS
from arcbook_magics.registry import magic, magic_names
from arcbook_magics.shown import Shown, listing, text

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from arcbook.stages.base import Stage
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
    found = magic_page(word) or stage_page(word)
    if found is None:
        from arcbook.stages.registry import stage_types

        remedy = did_you_mean(word, [*magic_names(), *stage_types()])
        raise DefinitionError(f"there is no help on `{word}`. {remedy}".rstrip())
    return text(found)


def overview() -> Shown:
    """All magics with their first line, and where to go on."""
    rows = [(f"%{name}", (magic(name).__doc__ or "").split("\n")[0]) for name in magic_names()]
    return listing("`%help NAME` tells more about a magic or a stage type", ("magic", "what it does"), rows)


def magic_page(word: str) -> str | None:
    """The page of a magic, with its arguments, or None."""
    name = word.lower()
    if name not in magic_names():
        return None
    from arcbook.cells.magics import MAGICS

    doc = inspect.cleandoc(magic(name).__doc__ or "")
    spec = MAGICS.get(name)
    lines = [f"%{name}", "", doc]
    if spec and spec.makes_stage:
        lines += ["", f"Arguments: the keys of {spec.makes_stage} (`%help {spec.makes_stage}`), and for display:"]
    elif spec and spec.arguments:
        lines += ["", "Arguments:"]
    lines += [f"  {argument.name:<18} {argument.summary}" for argument in (spec.arguments if spec else ())]
    return "\n".join(lines)


def stage_page(word: str) -> str | None:
    """The page of a stage type, with its keys and example, or None."""
    from arcbook.stages.registry import stage_types

    by_lower = {name.lower(): found for name, found in stage_types().items()}
    found = by_lower.get(word.lower())
    if found is None:
        return None
    lines = [found.type_name(), "", inspect.cleandoc(found.__doc__ or ""), "", "Keys:"]
    lines += [f"  {key:<24} {meaning}" for key, meaning in key_meanings(found).items()]
    return "\n".join([*lines, "", "Example:", getattr(found, "example", "").strip()])


def key_meanings(stage_type: "type[Stage]") -> dict[str, str]:
    """What each key of a stage type means, required ones first."""
    fields = sorted(stage_type.model_fields.items(), key=lambda item: not item[1].is_required())
    return {
        field.alias or name: ("required. " if field.is_required() else "") + _description(field)
        for name, field in fields
    }


def _description(field: "FieldInfo") -> str:
    """What a key means; that of an optional key (`Glob | None`) is part of its type."""
    inner = (item for member in get_args(field.annotation) for item in getattr(member, "__metadata__", ()))
    found = [field.description, *(getattr(item, "description", None) for item in inner)]
    return next((text for text in found if text), "")


def last_error(bench: "Workbench") -> str:
    """The last error's own words and the engine's full text."""
    error = bench.last_error
    if error is None:
        return "There has been no error."
    return f"{type(error).__name__}: {error.message}\n\n{error.detail or 'The engine said nothing more.'}"
