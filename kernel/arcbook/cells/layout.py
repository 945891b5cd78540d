"""What a job file keeps of a notebook beside its stages: its key `arcbook`, which original Arc ignores.

    "arcbook": {"cells": [
      {"markdown": "# Trips"},
      {"code": ["%params", "day: date"], "tags": ["parameters"]},
      {"stages": 2}
    ]}

The cells stand in the notebook's order; `{"stages": 2}` stands for the next two of the file's stages. Stages behind the
last one named follow, each as a cell of its own.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from arcbook.cells.messages import problem_of
from arcbook.cells.tree import Path, Tree
from arcbook.core.problem import Problem
from arcbook.core.span import Span
from arcbook.stages.base import Stage

#: The key of a job file that holds the layout.
KEY = "arcbook"
#: The magic of a cell that holds plugins, and the list of a job file's `plugins` they belong to.
PLUGIN_MAGICS: Mapping[str, str] = MappingProxyType({"configplugin": "config", "lifecycleplugin": "lifecycle"})

#: What a cell is; each has exactly one of these keys.
_KINDS = ("markdown", "raw", "code", "stages", "document", "plugin")


def _joined(value: Any) -> Any:
    """A text may be written as the list of its lines."""
    return "\n".join(value) if isinstance(value, list) and all(isinstance(line, str) for line in value) else value


Lines = Annotated[str, BeforeValidator(_joined, json_schema_input_type=str | list[str])]


class Entry(BaseModel):
    """One cell of the notebook."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        coerce_numbers_to_str=True,
        json_schema_extra={"oneOf": [{"required": [kind]} for kind in _KINDS]},
    )

    markdown: Annotated[Lines | None, Field(description="A cell of Markdown; a text or the list of its lines.")] = None
    raw: Annotated[Lines | None, Field(description="A raw cell.")] = None
    code: Annotated[
        Lines | None, Field(description="A cell that makes no stage, as it is: `%params`, `%env`, `%python`, ….")
    ] = None
    stages: Annotated[int | None, Field(strict=True, ge=1, description="A cell of the file's next stages.")] = None
    document: Annotated[
        Literal[True] | None, Field(description="The cell `%document`: the file's members beside its stages.")
    ] = None
    plugin: Annotated[
        Literal["config", "lifecycle"] | None, Field(description="The cell of the next plugin of this kind.")
    ] = None
    arguments: Annotated[
        dict[str, str], Field(description="Arguments of the cell's magic that are no keys of the stage: `numRows`, ….")
    ] = {}
    comments: Annotated[tuple[str, ...], Field(description="The comments of the stages' text, with `//` or `#`.")] = ()
    tags: Annotated[tuple[str, ...], Field(description="The cell's tags.")] = ()
    attachments: Annotated[dict[str, Any], Field(description="Files shown by a cell of Markdown.")] = {}

    @property
    def kind(self) -> str:
        """Which of the six kinds of cell this is."""
        return next((kind for kind in _KINDS if getattr(self, kind) is not None), "")

    def written(self) -> dict[str, Any]:
        """The entry as it stands in a file: only what is set, texts of several lines as lists of lines."""
        set_ = {key: value for key, value in self.model_dump(mode="json").items() if value not in (None, {}, [])}
        return {
            key: value.split("\n") if key in ("markdown", "raw", "code") and "\n" in value else value
            for key, value in set_.items()
        }


class Layout(BaseModel):
    """The cells of the notebook in their order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cells: Annotated[tuple[Entry, ...], Field(description="The notebook's cells in their order.")]


def read_layout(document: Tree, counts: Mapping[str, int]) -> tuple[tuple[Entry, ...], list[Problem]]:
    """The entries of a job file, and what is wrong with them: then there are no entries.

    `counts` says how many `stages` the file has, and how many plugins of each kind (`config`, `lifecycle`).
    """
    value = document.value.get(KEY)
    if value is None:
        return (), []
    try:
        entries = Layout.model_validate(value).cells
    except ValidationError as failure:
        return (), [_problem(error, document) for error in failure.errors(include_url=False)]
    problems = []
    for position, entry in enumerate(entries):
        path = (KEY, "cells", position)
        if sum(getattr(entry, kind) is not None for kind in _KINDS) != 1:
            message = f"a cell has exactly one of {', '.join(f'`{kind}`' for kind in _KINDS)}"
            problems.append(Problem("wrong-value", message, document.span(path), _dotted(path), "Keep one of them."))
    for kind, wanted in _wanted(entries):
        given = counts.get(kind, 0)
        if wanted > given:
            what = kind if kind == "stages" else f"{kind} plugins"
            message = f"`{KEY}.cells` speaks of {wanted} {what}, and the file has {given}"
            problems.append(
                Problem("wrong-value", message, document.key_span((KEY, "cells")), f"{KEY}.cells", "Correct the cells.")
            )
    return (() if problems else entries), problems


def completed(entries: Sequence[Entry], *, stages: int, plugins: dict[str, int], document: bool) -> Iterator[Entry]:
    """The entries with those that go without saying: a cell for the file's own members, each plugin, each stage."""
    if document and not any(entry.document for entry in entries):
        yield Entry(document=True)
    for kind in PLUGIN_MAGICS.values():
        said = sum(entry.plugin == kind for entry in entries)
        yield from (Entry(plugin=kind) for _ in range(plugins.get(kind, 0) - said))
    yield from entries
    yield from (Entry(stages=1) for _ in range(stages - sum(entry.stages or 0 for entry in entries)))


def in_file(span: Span | None, document: Tree) -> Span | None:
    """The place in the file of a stretch of a cell that the file keeps as text; any other place stays as it is.

    The cell's number is its position among the file's cells. Columns suppose that the text was escaped as `json` does.
    """
    if span is None or span.cell is None or (path := (KEY, "cells", span.cell - 1, "code")) not in document.spans:
        return span
    line, column = _position(span.line, span.column, path, document)
    end_line, end_column = _position(span.end_line, span.end_column, path, document)
    return Span(line, column, end_line, end_column, None, span.origin)


def _position(line: int, column: int, path: Path, document: Tree) -> tuple[int, int]:
    code, here = document.at(path), document.spans[path]
    if isinstance(code, list):
        item = document.spans[(*path, line - 1)]
        return item.line, item.column + _written(str(code[line - 1])[: column - 1]) + 1
    if here.end_line > here.line:  # between triple quotes
        return here.line + line - 1, column + (here.column + 2 if line == 1 else 0)
    lines = str(code).split("\n")
    before = "\n".join([*lines[: line - 1], lines[line - 1][: column - 1]])
    return here.line, here.column + _written(before) + 1


def _written(text: str) -> int:
    """How many characters a text takes within quotes."""
    return len(json.dumps(text, ensure_ascii=False)) - 2


def _wanted(entries: Sequence[Entry]) -> Iterator[tuple[str, int]]:
    """What the entries count on, and how much of it."""
    yield "stages", sum(entry.stages or 0 for entry in entries)
    for kind in PLUGIN_MAGICS.values():
        yield kind, sum(entry.plugin == kind for entry in entries)


def _problem(error: Any, document: Tree) -> Problem:
    path = (KEY, *error["loc"])
    key = _dotted(path)
    if error["type"] == "extra_forbidden":
        known = ", ".join(f"`{name}`" for name in (Entry.model_fields if len(path) > 2 else Layout.model_fields))
        message = f"`{path[-1]}` is no key of {'a cell' if len(path) > 2 else f'`{KEY}`'}"
        return Problem("unknown-key", message, document.key_span(path), key, f"There are: {known}.")
    if error["type"] == "missing":
        return Problem(
            "missing-key", f"`{KEY}` needs the key `{path[-1]}`", document.key_span(path[:-1]), key, "Add it."
        )
    return problem_of({**error, "loc": path}, document, Stage)


def _dotted(path: tuple[Any, ...]) -> str:
    return ".".join(map(str, path))
