"""A job in its other form: notebook to job file, job file to notebook, with the same stages, names and values.

What a job file of original Arc has no word for (parameters, Python, notes, how results are shown) stands in its key
`arcbook`, which Arc ignores and arcbook reads: `arcbook.cells.layout`.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from arcbook.cells.hocon import read_objects
from arcbook.cells.layout import KEY, PLUGIN_MAGICS, Entry, completed
from arcbook.cells.lexer import tokens
from arcbook.cells.model import Cell
from arcbook.cells.notebook import Job, document_cell, document_values, source_of
from arcbook.cells.places import offset_of
from arcbook.cells.render import JSON, Style, dumped, member, render
from arcbook.cells.spelling import cell_text, in_order, other_arguments, stages_of
from arcbook.cells.tree import Tree
from arcbook.core.failures import CellError
from arcbook.core.kernelspec import KERNEL, KERNELSPEC
from arcbook.core.problem import Problem, errors
from arcbook.core.span import Span


@dataclass(slots=True)
class Parts:
    """A job taken apart: what both forms hold. Values are unbound."""

    members: dict[str, Any] = field(default_factory=dict)
    plugins: dict[str, list[Any]] = field(default_factory=dict)
    stages: list[dict[str, Any]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def implied(self, entries: Sequence[Entry]) -> list[Entry]:
        """These entries with those that a job file need not name."""
        counts = {kind: len(listed) for kind, listed in self.plugins.items()}
        found = completed(entries, stages=len(self.stages), plugins=counts, document=bool(self.members))
        return list(found)


def parts_of(job: Job) -> Parts:
    """What the job consists of.

    Raises:
        CellError: the problems that keep it from being read whole.
    """
    if wrong := errors(job.problems):
        raise CellError(wrong)
    return _parts_of_file(job) if job.kind == "document" else _parts_of_notebook(job)


def job_file(job: Job, style: Style = JSON) -> str:
    """The job as the text of a job file, JSON but for placeholders (`${name}` outside quotes), or HOCON.

    Raises:
        CellError: the problems of the job.
    """
    return file_text(parts_of(job), style)


def job_as_notebook(job: Job) -> str:
    """The job as the text of a notebook for the kernel `arc`.

    Raises:
        CellError: the problems of the job, or stages that no cell can say.
    """
    parts = parts_of(job)
    cells = [_notebook_cell(number, *each) for number, each in enumerate(_cells(parts, job), start=1)]
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": dict(KERNELSPEC), "language_info": {"name": KERNEL}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return dumped(notebook, indent=1) + "\n"


def file_text(parts: Parts, style: Style = JSON) -> str:
    """The parts as the text of a job file. `HOCON` writes the comments of stages as comments."""
    entries, comments = parts.entries, dict[int, tuple[str, ...]]()
    if style.bare_keys:
        entries, comments = _without_comments(entries)
    members = [member(key, value, 2, style) for key, value in parts.members.items()]
    if any(parts.plugins.values()):
        members.append(member("plugins", {kind: each for kind, each in parts.plugins.items() if each}, 2, style))
    members.append(f"{_bare('stages', style)}: {_stage_list(parts.stages, comments, style)}")
    if entries != parts.implied([]):
        named = len(entries)
        while named and entries[named - 1] == Entry(stages=1):
            named -= 1  # stages that no entry names follow, each as a cell
        members.append(member(KEY, {"cells": [entry.written() for entry in entries[:named]]}, 2, style))
    return "{\n" + ",\n".join(f"  {each}" for each in members) + "\n}\n"


def _bare(key: str, style: Style) -> str:
    return key if style.bare_keys else f'"{key}"'


def _stage_list(stages: list[dict[str, Any]], comments: Mapping[int, tuple[str, ...]], style: Style) -> str:
    if not stages:
        return "[]"
    texts = [
        "".join(f"    {line}\n" for line in comments.get(number, ())) + "    " + render(stage, 4, style)
        for number, stage in enumerate(stages)
    ]
    return "[\n" + ",\n".join(texts) + "\n  ]"


def _without_comments(entries: list[Entry]) -> tuple[list[Entry], dict[int, tuple[str, ...]]]:
    """The entries without the comments of stages, and these by the number of the stage they stand in front of."""
    kept, comments, number = [], dict[int, tuple[str, ...]](), 0
    for entry in entries:
        if entry.stages and entry.comments:
            comments[number] = entry.comments
        kept.append(entry.model_copy(update={"comments": ()}) if entry.stages else entry)
        number += entry.stages or 0
    return kept, comments


# -- from a notebook --------------------------------------------------------------------------------------------------


def _parts_of_notebook(job: Job) -> Parts:
    parts = Parts()
    by_number = {cell.number: cell for cell in job.cells}
    problems: list[Problem] = []
    number = 0
    for raw in (job.notebook or {})["cells"]:
        if not isinstance(raw, dict):
            continue
        if raw.get("cell_type") != "code":
            _add_note(parts, raw)
            continue
        number += 1
        try:
            _add_code(parts, by_number[number])
        except CellError as error:
            problems.extend(error.problems)
    if problems:
        raise CellError(problems)
    return parts


def _add_note(parts: Parts, raw: Mapping[str, Any]) -> None:
    kind = "raw" if raw.get("cell_type") == "raw" else "markdown"
    tags = (raw.get("metadata") or {}).get("tags") or ()
    attachments = raw.get("attachments") or {}
    parts.entries.append(Entry(**{kind: source_of(raw)}, tags=tuple(map(str, tags)), attachments=attachments))


def _add_code(parts: Parts, cell: Cell) -> None:
    if not cell.source.strip():
        return
    if cell.magic in PLUGIN_MAGICS and not cell.arguments:
        _add_plugins(parts, cell)
        return
    if cell.magic == "document" and not parts.stages and not parts.plugins and _add_members(parts, cell):
        return
    stages = [] if cell.magic in PLUGIN_MAGICS else stages_of(cell)
    if not stages:
        parts.entries.append(Entry(code=cell.source, tags=cell.tags))
        return
    notes = _comments(cell.body) if cell.magic in ("", "arc") else ()
    arguments = other_arguments(cell)
    parts.stages += stages
    parts.entries.append(Entry(stages=len(stages), arguments=arguments, comments=notes, tags=cell.tags))


def _add_plugins(parts: Parts, cell: Cell) -> None:
    kind = PLUGIN_MAGICS[cell.magic]
    trees = read_objects(cell.body, origin=cell.origin, cell=cell.number, first_line=cell.body_line)
    parts.plugins.setdefault(kind, []).extend(tree.value for tree in trees)
    first = Entry(plugin=kind, comments=_comments(cell.body), tags=cell.tags)
    parts.entries += [first, *(Entry(plugin=kind, tags=cell.tags) for _ in trees[1:])][: len(trees)]


def _add_members(parts: Parts, cell: Cell) -> bool:
    """Make a `%document` cell the file's own members; not one with the names that a job file uses itself."""
    values = document_values(cell)
    if not values or not values.keys().isdisjoint(("stages", "plugins", KEY)):
        return False
    if not parts.members:
        parts.entries.append(Entry(document=True, comments=_comments(cell.body), tags=cell.tags))
    parts.members |= values
    return True


def _comments(text: str) -> tuple[str, ...]:
    return tuple(token.text.rstrip() for token in tokens(text) if token.kind == "comment")


# -- from a job file --------------------------------------------------------------------------------------------------


def _parts_of_file(job: Job) -> Parts:
    stages = [in_order(tree.value) for _, tree in _listed_cells(job, "")]
    parts = Parts(members=dict(job.values), stages=stages)
    for magic, kind in PLUGIN_MAGICS.items():
        # As the cells have them: the file's list may be put together from others.
        if listed := [tree.value for _, tree in _listed_cells(job, magic)]:
            parts.plugins[kind] = listed
    parts.entries = parts.implied(job.layout)
    comments = _comments_of_file(job)
    number = 0
    for position, entry in enumerate(parts.entries):
        found = tuple(line for each in range(number, number + (entry.stages or 0)) for line in comments.get(each, ()))
        parts.entries[position] = entry.model_copy(update={"comments": (*entry.comments, *found)})
        number += entry.stages or 0
    return parts


def _listed_cells(job: Job, magic: str) -> list[tuple[Cell, Tree]]:
    """The cells of a job file's stages (no magic) or of its plugins of one kind, with their trees."""
    return [(cell, cell.tree) for cell in job.cells if cell.tree is not None and cell.magic == magic]


def _comments_of_file(job: Job) -> dict[int, list[str]]:
    """The comments of a job file by the stage they belong to: the one whose end comes next, else the last."""
    own = [
        (number, cell.source, span)
        for number, (cell, tree) in enumerate(_listed_cells(job, ""))
        if cell.origin == job.origin and (span := tree.span(()))
    ]
    if not own:
        return {}
    text = own[0][1]
    ends = deque((number, offset_of(text, span.end_line, span.end_column) or len(text)) for number, _, span in own)
    found: dict[int, list[str]] = {}
    for token in tokens(text):
        if token.kind != "comment":
            continue
        while len(ends) > 1 and token.start >= ends[0][1]:
            ends.popleft()
        found.setdefault(ends[0][0], []).append(token.text.rstrip())
    return found


def _cells(parts: Parts, job: Job) -> Iterator[tuple[Entry, str]]:
    """Each entry with the text of its cell."""
    stages, plugins = iter(parts.stages), {kind: iter(listed) for kind, listed in parts.plugins.items()}
    number = 0
    for entry in parts.entries:
        if entry.document:
            first, _, rest = document_cell(parts.members).partition("\n")
            yield entry, "\n".join([first, *entry.comments, rest])
        elif entry.plugin:
            text = render(next(plugins[entry.plugin]))
            yield entry, "\n".join([f"%{entry.plugin}plugin", *entry.comments, text])
        elif entry.stages:
            taken = [next(stages) for _ in range(entry.stages)]
            said = cell_text(taken, entry.arguments, entry.comments)
            if said is None:
                raise CellError([_unsayable(job, number)])
            number += entry.stages
            yield entry, said
        else:
            yield entry, entry.code or entry.markdown or entry.raw or ""


def _unsayable(job: Job, number: int) -> Problem:
    span: Span | None = job.document.span(("stages", number)) if job.document else None
    message = "no cell says exactly what this stage says"
    remedy = (
        "Write a key that refers to itself (`a = ${a}…`) out, and keep display arguments off stages that take none."
    )
    return Problem("conversion", message, span, f"stages.{number}", remedy)


def _notebook_cell(number: int, entry: Entry, text: str) -> dict[str, Any]:
    metadata = {"tags": list(entry.tags)} if entry.tags else {}
    kind = entry.kind if entry.kind in ("markdown", "raw") else "code"
    cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{number:02}", "metadata": metadata}
    if entry.attachments:
        cell["attachments"] = dict(entry.attachments)
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    # Original Arc passes over a source that is one text.
    return cell | {"source": text.splitlines(keepends=True)}
