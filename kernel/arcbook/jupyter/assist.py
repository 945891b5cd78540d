"""Completing and explaining what stands in a cell, from declarations alone: no engine is asked."""

import re
from typing import TYPE_CHECKING

from arcbook_magics.registry import magic_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from arcbook.stages.base import Declared

_WORD = re.compile(r"%{0,2}[\w.]*$")
_TYPE = re.compile(r"""["']?type["']?\s*[:=]\s*["']?(\w+)""")
#: The key whose value, quoted or not, or whose list the cursor is in.
_VALUE = re.compile(r"""(\w+)["']?\s*[:=]\s*(?:"[^"\n]*|\[[^\]{\n]*|[\w.]*)$""")
#: Magics that are complete on one line; the others need a body.
_ONE_LINE = (
    "version", "help", "conf", "environment", "env", "printschema", "schema", "metadata", "printmetadata", "list",
    "lifecycleplugin", "lineage",
)  # fmt: skip


def completeness(source: str) -> str:
    """`complete`, `incomplete` or `invalid`, as the protocol names them."""
    text = source.strip()
    if not text:
        return "complete"
    if text.startswith("%"):
        head, _, body = text.partition("\n")
        word = head.lstrip("%").split(maxsplit=1)[0].lower() if head.strip("% ") else ""
        if word not in magic_names():
            return "invalid"
        return "complete" if body.strip() or word in _ONE_LINE else "incomplete"
    opened = sum(text.count(each) for each in "{[")
    closed = sum(text.count(each) for each in "}]")
    return "incomplete" if opened > closed else "complete"


def completions(source: str, cursor: int) -> tuple[list[str], int, int]:
    """What may stand at the cursor, and the stretch it replaces."""
    before = source[:cursor]
    found = _WORD.search(before)
    word = found[0] if found else ""
    start = cursor - len(word)
    if not source[:start].strip() and (word.startswith("%") or not word):
        from arcbook.cells.describe import offered_magics

        offered = [f"%{name}" for name in offered_magics()]
        word = "%" + word.lstrip("%") if word else ""
    elif key := _VALUE.search(before) if _takes_keys(source, before) else None:
        offered = _values(source, before, key[1])
    elif _on_magic_line(before):
        offered = [f"{name}=" for name in _arguments(source)]
    elif _takes_keys(source, before):
        offered = [name for found in _stage_types(source, before[:start]) for name in found.keys()]  # noqa: SIM118  a class method
    else:
        offered = []
    matches = [each for each in offered if each.lower().startswith(word.lower())]
    return matches, start, cursor


def documentation(source: str, cursor: int) -> str | None:
    """The page of what stands at the cursor: a magic, a stage type, or a key of the cell's stage."""
    from arcbook.cells.describe import key_rows
    from arcbook_magics.pages import magic_page, type_page

    start = cursor
    while start > 0 and (source[start - 1].isalnum() or source[start - 1] in "_%"):
        start -= 1
    found = re.match(r"%{0,2}\w+", source[start:])
    if found is None:
        return None
    word = found[0].lstrip("%")
    if found[0].startswith("%") or not source[:start].strip("% "):
        return magic_page(word) or type_page(word)
    page = type_page(word)
    if page is None:
        for stage_type in _stage_types(source, source[:cursor]):
            for row in key_rows(stage_type):
                if row.key == word and row.description:
                    required = "required. " if row.required else ""
                    return f"{stage_type.type_name()}.{word}: {required}{row.description}"
    return page


def _arguments(source: str) -> list[str]:
    from arcbook.cells.magics import MAGICS, stage_keys

    spec = MAGICS.get(source.lstrip().lstrip("%").split(maxsplit=1)[0].lower())
    if spec is None:
        return []
    keys = sorted(stage_keys(spec.makes_stage) or ()) if spec.makes_stage else []
    return [*keys, *(argument.name for argument in spec.arguments if argument.name not in keys)]


def _on_magic_line(before: str) -> bool:
    return before.lstrip().startswith("%") and "\n" not in before.lstrip()


def _takes_keys(source: str, before: str) -> bool:
    """Whether keys of stages may stand at the cursor: on a magic's line or in stage text, not in SQL and the like."""
    from arcbook.cells.magics import MAGICS

    if not source.lstrip().startswith("%") or _on_magic_line(before):
        return True
    spec = MAGICS.get(source.lstrip().lstrip("%").split(maxsplit=1)[0].lower())
    return spec is not None and spec.body == "objects"


def _values(source: str, before: str, key: str) -> list[str]:
    """The values of a key that has only a few: stage types behind `type`."""
    from arcbook.cells.describe import key_rows

    if key == "type":
        return list(_types(source))
    rows = (row for found in _stage_types(source, before) for row in key_rows(found))
    return [choice for row in rows if row.key == key for choice in row.choices]


def _types(source: str) -> "Mapping[str, type[Declared]]":
    """The types that objects of the cell may have: stages, or plugins of the kind that its magic takes."""
    from arcbook.stages.registry import plugin_types, stage_types

    magic = source.lstrip().lstrip("%").split(maxsplit=1)[0].lower() if source.lstrip().startswith("%") else ""
    plugins = {name: declared for name, declared in plugin_types().items() if declared.magic == magic}
    return plugins or stage_types()


def _stage_types(source: str, before: str) -> "list[type[Declared]]":
    """The type of the stage around the cursor: the last one named before it, else the first behind it."""
    from arcbook.cells.magics import MAGICS

    named = _TYPE.findall(before) or _TYPE.findall(source)[:1]
    if source.lstrip().startswith("%"):
        spec = MAGICS.get(source.lstrip().lstrip("%").split(maxsplit=1)[0].lower())
        if spec and spec.makes_stage:
            named = [spec.makes_stage]
    found = _types(source).get(named[-1]) if named else None
    return [found] if found else []
