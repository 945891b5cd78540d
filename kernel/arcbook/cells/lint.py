"""Repairing what has one right answer, and nothing else."""

import json
import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from arcbook.cells.notebook import document_job, notebook_job
from arcbook.cells.notebook_text import CellText, NotebookText, members_of, read_notebook_text
from arcbook.cells.repairs import Edit, edits_of, stage_edits
from arcbook.cells.tagging import with_parameters_tag
from arcbook.core.failures import CellError
from arcbook.core.kernelspec import KERNEL, KERNELSPEC
from arcbook.core.problem import Problem
from arcbook.core.span import Lines

__all__ = ["Edit", "edits_of", "fix_document", "fix_text"]

#: Far more than repairs that show one another.
_ROUNDS = 10
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)")


def fix_text(text: str, environments: Sequence[str] = ()) -> tuple[str, list[str]]:
    """A notebook's text repaired, and what was done, a sentence for each repair; nothing else of the text changes.

    A notebook for another kernel or language is left alone: its `%` may mean something else.

    Args:
        text: the notebook's own text, its line ends included.
        environments: what a stage shall list that lists none.

    Raises:
        CellError: the text is no notebook.
    """
    return _until_nothing_is_left(text, lambda text: _fix_notebook(text, environments))


def _fix_notebook(text: str, environments: Sequence[str]) -> tuple[str, list[str]]:
    places = _read(text)
    metadata = _metadata(places)
    if _is_of_another_kernel(metadata):
        return text, []
    done: list[str] = []
    changes: list[tuple[int, int, str]] = []
    for cell in places.cells:
        for edit in edits_of(cell.source, environments):
            place = places.stretch(cell, edit.start, edit.end)
            if place is not None:
                changes.append((*place, _as_in(text, edit.text)))
                done.append(f"cell {cell.number}: {edit.message}")
    text = _changed(text, changes)
    text, said = _as_lines(text)
    done += said
    if not _kernel_name(metadata):
        text = _with_kernel(text)
        done.append("the notebook now says that it is for the kernel `arc`")
    text, said = with_parameters_tag(text)
    return text, done + said


def fix_document(text: str, environments: Sequence[str] = (), address: str = "") -> tuple[str, list[str]]:
    """A job file's text repaired, as `fix_text` does it with a notebook's. What it includes from elsewhere stays.

    Args:
        text: the file's own text.
        environments: what a stage shall list that lists none.
        address: where the file is.

    Raises:
        CellError: the text is no job.
    """
    return _until_nothing_is_left(text, lambda text: _fix_document(text, environments, address))


def _fix_document(text: str, environments: Sequence[str], address: str) -> tuple[str, list[str]]:
    lines = Lines(text)
    changes: list[tuple[int, int, str]] = []
    done: list[str] = []
    for cell in document_job(text, address).cells:
        span = cell.tree.span(()) if cell.tree is not None else None
        if cell.tree is None or span is None or span.origin != address:
            continue  # of an included file
        for edit in stage_edits(text, cell.tree, environments, lines, address):
            changes.append((edit.start, edit.end, edit.text))
            done.append(f"{cell.cell_id.replace('-', ' ')}: {edit.message}")
    return _changed(text, changes), done


def _until_nothing_is_left(text: str, fix: Callable[[str], tuple[str, list[str]]]) -> tuple[str, list[str]]:
    """One repair may show the next: behind `outputViw= a` there is no argument until the blank is gone."""
    done: list[str] = []
    for _ in range(_ROUNDS):
        text, said = fix(text)
        done += said
        if not said:
            break
    return text, done


def _read(text: str) -> NotebookText:
    try:
        places = read_notebook_text(text)
        if "cells" in places.members and text[places.members["cells"][0]] == "[":
            return places
    except (ValueError, RecursionError):
        pass
    notebook_job(text)  # says what is wrong with it
    whole = Lines(text).span(0, min(1, len(text)))
    raise CellError([Problem("not-a-notebook", "the file is no notebook of format 4", whole)])


def _metadata(places: NotebookText) -> dict[str, object]:
    start, end = places.members.get("metadata", (0, 0))
    found = json.loads(places.text[start:end] or "{}")
    return found if isinstance(found, dict) else {}


def _kernel_name(metadata: dict[str, object]) -> str:
    spec = metadata.get("kernelspec")
    return str(spec.get("name") or "") if isinstance(spec, dict) else ""


def _is_of_another_kernel(metadata: dict[str, object]) -> bool:
    language = metadata.get("language_info")
    named = language.get("name") if isinstance(language, dict) else None
    return (_kernel_name(metadata) or str(named or KERNEL)) != KERNEL


def _changed(text: str, changes: list[tuple[int, int, str]]) -> str:
    parts, kept = [], 0
    for start, end, new in sorted(changes):
        parts += [text[kept:start], new]
        kept = end
    return "".join([*parts, text[kept:]])


def _as_in(text: str, new: str) -> str:
    """Text for the inside of a JSON literal, in the alphabet of the file."""
    return json.dumps(new, ensure_ascii=text.isascii())[1:-1]


# -- sources as lists of lines -----------------------------------------------------------------------------------------


def _as_lines(text: str) -> tuple[str, list[str]]:
    """Sources that are one text become lists of lines, as Jupyter writes them: Arc loses such cells."""
    cells = [cell for cell in read_notebook_text(text).cells if cell.is_text]
    layout = _Layout(text)
    changes = [(cell.start, cell.end, _listed(text, cell, layout)) for cell in cells]
    done = [f"cell {cell.number}: its source is now a list of lines; Arc loses a cell whose source is one text"
            for cell in cells]  # fmt: skip
    return _changed(text, changes), done


def _listed(text: str, cell: CellText, layout: "_Layout") -> str:
    """The same literal cut behind each line end, every character as it was."""
    inner = text[cell.start + 1 : cell.end - 1]
    cuts = [found.end() for found in _ESCAPE.finditer(inner) if found[0].lower() in ("\\n", "\\u000a")]
    bounds = [0, *(cut for cut in cuts if cut < len(inner)), len(inner)]
    pieces = [f'"{inner[a:b]}"' for a, b in pairwise(bounds) if b > a]
    if not pieces:
        return "[]"
    return layout.block("[", pieces, "]", layout.indent_at(cell.start))


class _Layout:
    """How a file is laid out: its line end, and the blanks of one level; a file on one line has neither."""

    def __init__(self, text: str) -> None:
        self._text = text
        second = re.search(r"(\r?\n)([ \t]+)\S", text)
        self._line_end = second[1] if second else ""
        self.step = second[2] if second else ""

    def indent_at(self, place: int) -> str:
        """The blanks in front of the line of that place; none in a file on one line, which need not be looked for."""
        if not self._line_end:
            return ""
        line = self._text[self._text.rfind("\n", 0, place) + 1 : place]
        return line[: len(line) - len(line.lstrip(" \t"))]

    def block(self, opening: str, items: list[str], closing: str, indent: str) -> str:
        """A list or object, an item on each line where the file has lines."""
        if not self._line_end:
            return opening + ", ".join(items) + closing
        inner = self._line_end + indent + self.step
        return opening + inner + f",{inner}".join(items) + self._line_end + indent + closing

    def first(self, item: str, indent: str, *, alone: bool) -> str:
        """An item to stand directly behind the opening brace of an object whose line has that indent."""
        if not self._line_end:
            return item + ("" if alone else ", ")
        inner = self._line_end + indent + self.step
        return inner + item + (self._line_end + indent if alone else ",")


# -- the kernel's name -------------------------------------------------------------------------------------------------


def _with_kernel(text: str) -> str:
    """The text with a kernelspec, and nothing else changed."""
    places, layout = read_notebook_text(text), _Layout(text)
    start, end = places.members.get("metadata", (0, 0))
    if text[start : start + 1] != "{" or not end:
        root = text.index("{")
        spec = _spec(layout, 2 * layout.step)
        metadata = layout.block("{", [spec], "}", layout.step)
        if end:  # no object: what stands there says nothing
            return text[:start] + metadata + text[end:]
        added = layout.first(f'"metadata": {metadata}', "", alone=not places.members)
        return text[: root + 1] + added + text[root + 1 :]
    indent = layout.indent_at(start)
    spec = _spec(layout, indent + layout.step, named=False)
    members = dict(members_of(text, start))
    if "kernelspec" in members:
        place = members["kernelspec"]
        return text[:place] + spec + text[json.JSONDecoder().raw_decode(text, place)[1] :]
    empty = not members
    behind = end - 1 if empty else start + 1
    return text[: start + 1] + layout.first(f'"kernelspec": {spec}', indent, alone=empty) + text[behind:]


def _spec(layout: _Layout, indent: str, *, named: bool = True) -> str:
    spec = layout.block(
        "{", [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in KERNELSPEC.items()], "}", indent
    )
    return f'"kernelspec": {spec}' if named else spec
