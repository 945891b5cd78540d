"""Reading a job: a notebook, or a HOCON or JSON file."""

import copy
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from types import MappingProxyType
from typing import Any, Literal

from arcbook.cells.fetch import fetch_text
from arcbook.cells.hocon import read_document, read_objects
from arcbook.cells.layout import KEY, PLUGIN_MAGICS, Entry, in_file, read_layout
from arcbook.cells.lines import read_names
from arcbook.cells.magics import read_cell
from arcbook.cells.model import Cell
from arcbook.cells.params import Declarations, Values, is_assignments, read_assignments, read_declarations
from arcbook.cells.places import offset_of, place_of
from arcbook.cells.render import member
from arcbook.cells.tree import Path, Tree
from arcbook.core.failures import CellError
from arcbook.core.kernelspec import KERNEL, KERNELSPEC
from arcbook.core.problem import Problem
from arcbook.core.span import Span
from arcbook.core.suggest import did_you_mean

#: Top-level keys of a job file that are no values for `${…}`.
_OWN_KEYS = ("stages", "plugins", KEY)
#: The members of a job file's `plugins`, with the magics that say the same in a notebook.
_PLUGINS = {kind: magic for magic, kind in PLUGIN_MAGICS.items()}


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it was read, not yet checked.

    `cells` lacks those whose first line cannot be understood: `problems` says so, and a job with errors among them must
    not run. `document` is the job file's tree (its members besides `stages` are values for `${…}`), `notebook` the
    parsed notebook. `environment` is the choice of a `%environment` cell, `injected` the values of papermill's cells.
    `layout` is what a job file made from a notebook says of that notebook's cells.
    """

    origin: str
    cells: tuple[Cell, ...]
    kind: Literal["notebook", "document"]
    kernel_name: str | None = None
    declarations: Declarations = field(default_factory=Declarations)
    environment: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    document: Tree | None = None
    notebook: Mapping[str, Any] | None = None
    injected: Mapping[str, Any] = field(default_factory=dict)
    layout: tuple[Entry, ...] = ()

    @property
    def values(self) -> Mapping[str, Any]:
        """What a job file holds beside its stages, unbound."""
        members = self.document.value if self.document else {}
        return {key: value for key, value in members.items() if key not in _OWN_KEYS}

    def placed(self, problem: Problem) -> Problem:
        """The problem at its place in the file, when it was found in a cell that a job file keeps as text."""
        return replace(problem, span=in_file(problem.span, self.document)) if self.document else problem

    def values_of_parameters(self) -> Values:
        """Defaults, overridden by injected values as far as they fit: what is known without being told."""
        try:
            return self.declarations.bind(self.injected)
        except CellError:
            return self.declarations.defaults()


def read_job(address: str) -> Job:
    """The job at a path, `http(s)://` or `s3://` address; `.ipynb` is a notebook, anything else HOCON or JSON.

    Raises:
        CellError: the file as a whole cannot be read as a job.
        ArcbookError: it cannot be fetched.
    """
    return job_of(fetch_text(address), address)


def job_of(text: str, address: str) -> Job:
    """The job in the text that stands at `address`, whose ending tells what the text is. Errors as `read_job`."""
    return notebook_job(text, address) if address.lower().endswith(".ipynb") else document_job(text, address)


def notebook_job(text: str, origin: str = "") -> Job:
    """The job in a notebook's text. Errors as `read_job`."""
    notebook = _parsed(text, origin)
    found: list[Problem] = []
    cells: list[Cell] = []
    code_cells = [cell for cell in notebook["cells"] if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    for number, raw in enumerate(code_cells, start=1):
        metadata = raw.get("metadata") if isinstance(raw.get("metadata"), dict) else {}
        tags = metadata.get("tags") if isinstance(metadata, dict) else None
        try:
            cells.append(
                read_cell(
                    source_of(raw),
                    number=number,
                    origin=origin,
                    cell_id=str(raw.get("id", "")),
                    tags=tuple(map(str, tags)) if isinstance(tags, list) else (),
                )
            )
        except CellError as error:
            found.extend(error.problems)
    metadata = notebook.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    kernelspec = metadata.get("kernelspec")
    name = kernelspec.get("name") if isinstance(kernelspec, dict) else None
    job = Job(origin, tuple(cells), "notebook", str(name) if name else None, metadata=metadata, notebook=notebook)
    return _with_parameters(replace(job, problems=(*_kernel_problem(job), *found)))


def document_job(text: str, origin: str = "") -> Job:
    """The job in a job file's text: one cell for each stage, with places of the file. Errors as `read_job`.

    Between the stages' cells stand those that the file's `arcbook` keeps as text, numbered by their position there.
    """
    document = read_document(text, origin=origin)
    stages = document.value.get("stages")
    if stages is None:
        keys = ", ".join(f"`{key}`" for key in document.value) or "none"
        raise CellError(
            [
                Problem(
                    "missing-key",
                    f"the job file has no key `stages`; its keys: {keys}",
                    document.span(()),
                    "stages",
                    'Write `"stages": [ … ]` with the stages in their order.',
                )
            ]
        )
    if not isinstance(stages, list):
        raise CellError(
            [
                Problem(
                    "wrong-value",
                    "`stages` must be a list of objects",
                    document.span(("stages",)),
                    "stages",
                    "Put the stages into `[` and `]`.",
                )
            ]
        )
    cells: list[Cell] = []
    problems = _plugin_kinds(document)
    for kind, magic in _PLUGINS.items():
        cells += _members_as_cells(text, document, ("plugins", kind), problems, magic=magic, origin=origin)
    cells += _members_as_cells(text, document, ("stages",), problems, origin=origin)
    entries, found = read_layout(document, sum(not cell.magic for cell in cells))
    problems += found
    laid_out = tuple(_laid_out(cells, entries, origin, problems))
    return _with_parameters(
        Job(origin, laid_out, "document", problems=tuple(problems), document=document, layout=entries)
    )


def source_of(raw: Mapping[str, Any]) -> str:
    """A cell's text; notebooks store it as lines or as one text."""
    source = raw.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _laid_out(read: list[Cell], entries: tuple[Entry, ...], origin: str, problems: list[Problem]) -> list[Cell]:
    """A job file's cells in their order: those read from its lists, and those that it keeps as text.

    Cells that no entry names stand where they stand without entries: plugins first, stages last.
    """
    waiting = {magic: deque(cell for cell in read if cell.magic == magic) for magic in ("", *PLUGIN_MAGICS)}
    cells: list[Cell] = []
    for number, entry in enumerate(entries, start=1):
        named = next((magic for magic, kind in PLUGIN_MAGICS.items() if kind == entry.plugin), "")
        taken = min(entry.stages or (1 if named else 0), len(waiting[named]))
        cells += [replace(waiting[named].popleft(), tags=entry.tags) for _ in range(taken)]
        if entry.code is None:
            continue
        try:
            cell_id = f"cell-{number}"
            cells.append(read_cell(entry.code, number=number, origin=origin, cell_id=cell_id, tags=entry.tags))
        except CellError as error:
            problems.extend(error.problems)
    stages = waiting.pop("")
    return [*chain.from_iterable(waiting.values()), *cells, *stages]


def _plugin_kinds(document: Tree) -> list[Problem]:
    """What is wrong with `plugins` as a whole: Arc reads its two members and no other, without a word."""
    plugins = document.value.get("plugins")
    listed = "`plugins` has the members `config` and `lifecycle`, each a list of objects."
    if plugins is None:
        return []
    if not isinstance(plugins, dict):
        message = "`plugins` must be an object"
        return [Problem("wrong-value", message, document.span(("plugins",)), "plugins", listed)]
    return [
        Problem(
            "unknown-key",
            f"there are no plugins of the kind `{kind}`",
            document.key_span(("plugins", kind)),
            f"plugins.{kind}",
            did_you_mean(kind, _PLUGINS) or listed,
        )
        for kind in plugins
        if kind not in _PLUGINS
    ]


def _members_as_cells(
    text: str, document: Tree, path: Path, problems: list[Problem], *, magic: str = "", origin: str
) -> list[Cell]:
    """A cell for each object of the list at `path`: stages, or plugins of the kind that `magic` names."""
    members = document.at(path)
    key, noun = ".".join(map(str, path)), "plugin" if magic else "stage"
    if members is None:
        return []
    if not isinstance(members, list):
        message, remedy = f"`{key}` must be a list of objects", "Put the objects into `[` and `]`."
        problems.append(Problem("wrong-value", message, document.span(path), key, remedy))
        return []
    cells = []
    trees = _member_trees(document, path, members)
    for position, item in enumerate(members):
        span = document.span((*path, position))
        if not isinstance(item, dict) or span is None:
            message = f"a {noun} must be an object"
            problems.append(Problem("wrong-value", message, span, f"{key}.{position}", "Put it into braces."))
            continue
        name = f"{path[-1]}-{noun}" if magic else noun
        cell = _member_cell(text, span, trees[position], origin)
        cells.append(replace(cell, magic=magic, cell_id=f"{name}-{position + 1}"))
    return cells


def _member_trees(document: Tree, path: Path, members: list[Any]) -> list[Tree]:
    """The trees of a list's members, with the places below each."""
    depth = len(path)
    spans, key_spans = ([dict[Path, Span]() for _ in members] for _ in range(2))
    for found, below in ((document.spans, spans), (document.key_spans, key_spans)):
        for place, span in found.items():
            if len(place) > depth and place[:depth] == path and isinstance(place[depth], int):
                position = place[depth]
                if isinstance(position, int) and position < len(members):
                    below[position][place[depth + 1 :]] = span
    values = (member if isinstance(member, dict) else {} for member in members)
    return [Tree(*parts) for parts in zip(values, spans, key_spans, strict=True)]


def _member_cell(text: str, span: Span, tree: Tree, origin: str) -> Cell:
    start = offset_of(text, span.line, span.column) or 0
    end = offset_of(text, span.end_line, span.end_column) or len(text)
    # Blanks in front keep the columns of the first line true.
    body = " " * (span.column - 1) + text[start:end]
    return Cell(text, body=body, body_line=span.line, origin=origin, tree=tree)


def _parsed(text: str, origin: str) -> dict[str, Any]:
    try:
        notebook = json.loads(text)
    except json.JSONDecodeError as error:
        span = Span(error.lineno, error.colno, error.lineno, error.colno + 1, origin=origin)
        raise CellError([_no_notebook(f"the notebook is no JSON: {error.msg}", span)]) from None
    except RecursionError:
        raise CellError([_no_notebook("the notebook is nested too deeply", Span(1, 1, 1, 2, origin=origin))]) from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        span = Span(1, 1, 1, 2, origin=origin)
        raise CellError([_no_notebook("the file has no list of cells, so it is no notebook of format 4", span)])
    return notebook


def _no_notebook(message: str, span: Span) -> Problem:
    return Problem("not-a-notebook", message, span, remedy="Open it in JupyterLab and save it again.")


def _kernel_problem(job: Job) -> list[Problem]:
    if job.kernel_name == KERNEL:
        return []
    named = f"says it is for the kernel `{job.kernel_name}`, not"
    said = named if job.kernel_name else "does not say that it is for the kernel"
    return [
        Problem(
            "kernel-metadata",
            f"the notebook {said} `{KERNEL}`",
            Span(1, 1, 1, 2, origin=job.origin),
            "metadata.kernelspec.name",
            "Choose the kernel Arc in JupyterLab and save, or run `arcbook lint --fix`.",
        )
    ]


def _with_parameters(job: Job) -> Job:
    """The job with what its `%params` and `%environment` cells say."""
    declarations, injected, problems = Declarations(), dict[str, Any](), list(job.problems)
    environment = job.environment
    for cell in job.cells:
        try:
            if is_assignments(cell):
                injected |= read_assignments(cell)
            elif cell.magic == "params":
                declarations = declarations.merged(read_declarations(cell))
            elif cell.magic == "environment":
                environment = (*read_names(cell), environment)[0]
        except CellError as error:
            problems.extend(error.problems)
            if cell.magic == "params" and not is_assignments(cell):
                declarations = replace(declarations, complete=False)
    if job.document:
        by_name = declarations.by_name.items()
        placed = {name: replace(each, span=in_file(each.span, job.document)) for name, each in by_name}
        declarations = replace(declarations, by_name=MappingProxyType(placed))
    return replace(
        job,
        declarations=declarations,
        injected=injected,
        environment=environment,
        problems=tuple(sorted(map(job.placed, problems), key=place_of)),
    )


def declarations_of(job: Job) -> Declarations:
    """What a job declares, for who needs all of it.

    Raises:
        CellError: a declaration cannot be read, so that some may be missing.
    """
    if not job.declarations.complete:
        raise CellError([problem for problem in job.problems if problem.code == "parameter-declaration"])
    return job.declarations


def job_notebook(job: Job) -> dict[str, Any]:
    """The job as a notebook (format 4.5) that the kernel `arc` runs.

    A notebook is returned as it is, completed by what the format demands. Of a job file each plugin and each stage
    becomes a cell whose metadata `arcbook` has the file's address (`origin`) and the line it starts on; values beside
    the stages come first as a `%document` cell. Cells that the file keeps as text stand between them.
    """
    if job.notebook is not None:
        return _completed(copy.deepcopy(dict(job.notebook)))
    cells = []
    if job.values:
        cells.append(_code_cell("document", document_cell(job.values), {"arcbook": {"origin": job.origin}}))
    cells += [_cell_of_file(cell, job.origin) for cell in job.cells]
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": dict(KERNELSPEC),
            "language_info": {"name": KERNEL},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def document_cell(values: Mapping[str, Any]) -> str:
    """The text of a `%document` cell with these values."""
    return "\n".join(["%document", *(member(key, value) for key, value in values.items())])


def _cell_of_file(cell: Cell, origin: str) -> dict[str, Any]:
    tags = {"tags": list(cell.tags)} if cell.tags else {}
    if cell.tree is None:
        return _code_cell(cell.cell_id, cell.source, {"arcbook": {"origin": origin}, **tags})
    head = f"%{cell.magic}\n" if cell.magic else ""
    facts = {"origin": origin, "line": cell.body_line}
    return _code_cell(cell.cell_id, head + cell.body.lstrip(" "), {"arcbook": facts, **tags})


def _code_cell(cell_id: str, source: str, metadata: dict[str, Any]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": cell_id,
        "metadata": metadata,
        "execution_count": None,
        "outputs": [],
        "source": source,
    }


def _completed(notebook: dict[str, Any]) -> dict[str, Any]:
    """Older notebooks lack cell ids and may lack the lists that code cells must have."""
    for position, cell in enumerate(notebook["cells"]):
        if not isinstance(cell, dict):
            continue
        cell.setdefault("id", f"cell-{position}")
        cell.setdefault("metadata", {})
        cell["source"] = source_of(cell)
        if cell.get("cell_type") == "code":
            cell.setdefault("outputs", [])
            cell.setdefault("execution_count", None)
    notebook.setdefault("metadata", {})
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    return notebook


def document_values(cell: Cell) -> dict[str, Any]:
    """The members of a `%document` cell, unbound.

    Raises:
        CellError: it does not parse.
    """
    text = cell.body
    if text.lstrip().startswith("{"):
        trees = read_objects(text, origin=cell.origin, cell=cell.number, first_line=cell.body_line)
        return trees[0].value if trees else {}
    return read_document(text, origin=cell.origin).value if text.strip() else {}
