"""Repairing what has one right answer, and nothing else."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from arcbook.cells.arguments import read_arguments
from arcbook.cells.describe import offered_magics
from arcbook.cells.hocon import read_document
from arcbook.cells.lexer import literal_offsets
from arcbook.cells.magics import MAGICS, magic_word, stage_keys
from arcbook.cells.notebook import source_of
from arcbook.cells.places import offset_of
from arcbook.core.kernelspec import KERNELSPEC
from arcbook.core.suggest import nearest


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace `source[start:end]` of a cell by `text`."""

    start: int
    end: int
    text: str
    message: str


def edits_of(source: str) -> list[Edit]:
    """The repairs of a code cell's text: a misspelt magic, and misspelt arguments on its line."""
    word = magic_word(source)
    if word is None:
        return []
    written, start, end = word
    name, edits = written.lower(), []
    if name not in MAGICS:
        near = nearest(name, offered_magics())
        if near is None:
            return []
        edits.append(Edit(start, end, near, f"`%{written}` is now `%{near}`"))
        name = near
    spec = MAGICS[name]
    known = {argument.name for argument in spec.arguments} | (stage_keys(spec.makes_stage) or set())
    if spec.takes_line or (spec.makes_stage and stage_keys(spec.makes_stage) is None):
        return edits
    line_end = source.find("\n", end)
    line_end = len(source) if line_end < 0 else line_end
    for key, argument in read_arguments(source, end, line_end).arguments.items():
        near = None if key in known else nearest(key, known)
        if near:
            # The value's place is known; its key and the `=` stand directly in front of it.
            value = offset_of(source, argument.span.line, argument.span.column) or 0
            first = value - len(key) - 1
            edits.append(Edit(first, first + len(key), near, f"`{key}=` is now `{near}=`"))
    return edits


def fix_text(text: str) -> tuple[str, list[str]]:
    """A notebook's text repaired, and what was done, a sentence for each repair; nothing else of the text changes.

    Raises:
        CellError: the text is no JSON.
    """
    tree = read_document(text)
    notebook = tree.value
    changes: list[tuple[int, int, str]] = []
    done: list[str] = []
    number = 0
    for position, cell in enumerate(notebook.get("cells") or []):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        number += 1
        path = ("cells", position, "source")
        for edit in edits_of(source_of(cell)):
            place = _in_text(text, tree.spans, path, cell.get("source"), edit)
            if place is not None:
                changes.append((*place, edit.text))
                done.append(f"cell {number}: {edit.message}")
    for start, end, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[end:]
    if _lacks_kernel(notebook):
        text = _with_kernel(text)
        done.append("the notebook now says that it is for the kernel `arc`")
    return text, done


def _in_text(text: str, spans: Mapping[Any, Any], path: Any, source: Any, edit: Edit) -> tuple[int, int] | None:
    """Where a stretch of a cell's source stands in the notebook's text; None when it crosses lines."""
    pieces = [(path, source)] if isinstance(source, str) else [((*path, i), piece) for i, piece in enumerate(source)]
    before = 0
    for piece_path, piece in pieces:
        if before <= edit.start and edit.end <= before + len(piece):
            span = spans[piece_path]
            first = offset_of(text, span.line, span.column) or 0
            last = offset_of(text, span.end_line, span.end_column) or len(text)
            offsets = literal_offsets(text[first:last])
            return first + offsets[edit.start - before], first + offsets[edit.end - before]
        before += len(piece)
    return None


def _lacks_kernel(notebook: Mapping[str, Any]) -> bool:
    """Only a notebook that names no kernel at all: one for another kernel may be meant so."""
    metadata = notebook.get("metadata")
    spec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    return not (isinstance(spec, dict) and spec.get("name"))


def _with_kernel(text: str) -> str:
    """The text with a kernelspec. The rest is written anew, in the indentation and the alphabet it had."""
    notebook = json.loads(text)
    metadata = notebook.get("metadata")
    notebook["metadata"] = {"kernelspec": dict(KERNELSPEC), **(metadata if isinstance(metadata, dict) else {})}
    notebook["metadata"]["kernelspec"] = dict(KERNELSPEC)
    second = text.split("\n", 2)[1] if text.count("\n") else ""
    indent = len(second) - len(second.lstrip()) or None
    written = json.dumps(notebook, indent=indent, ensure_ascii=text.isascii())
    return written + ("\n" if text.endswith("\n") else "")
