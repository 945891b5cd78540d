"""Reading a job: a notebook, or a HOCON or JSON file."""

import copy
import json
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

from arcbook.cells.fetch import MAX_BYTES, Fetch, fetch_text, folder_of, relative_to
from arcbook.cells.hocon import read_document
from arcbook.cells.layout import KEY, PLUGIN_MAGICS, Entry, in_file, read_layout
from arcbook.cells.lines import read_names
from arcbook.cells.magics import magic_word, read_cell_as_meant
from arcbook.cells.model import Cell
from arcbook.cells.params import Declarations, Values, is_assignments, read_assignments, read_declarations
from arcbook.cells.places import offset_of, place_of
from arcbook.cells.render import member, render
from arcbook.cells.stage_list import Listed, listed_objects
from arcbook.cells.tree import Path, Tree
from arcbook.core.addresses import without_query
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

    `cells` lacks those whose first line cannot be understood: `problems` says so, has those of all cells, and a job
    with errors among them must not run. `document` is the job file's tree (its members besides `stages` are values for
    `${…}`), `notebook` the parsed notebook. `environment` is the choice of a `%environment` cell, `injected` the values
    of papermill's cells. `layout` is what a job file made from a notebook says of that notebook's cells, `parts` are
    the jobs of which this one is joined.
    """

    origin: str
    cells: tuple[Cell, ...]
    kind: Literal["notebook", "document", "joined"]
    kernel_name: str | None = None
    declarations: Declarations = field(default_factory=Declarations)
    environment: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    document: Tree | None = None
    notebook: Mapping[str, Any] | None = None
    injected: Mapping[str, Any] = field(default_factory=dict)
    layout: tuple[Entry, ...] = ()
    parts: tuple["Job", ...] = ()

    @property
    def values(self) -> Mapping[str, Any]:
        """What a job file holds beside its stages, unbound."""
        members = self.document.value if self.document else {}
        return {key: value for key, value in members.items() if key not in _OWN_KEYS}

    @property
    def sources(self) -> set[str]:
        """The text of its cells, each once: that of a job file is the source of all its cells."""
        return {cell.source for cell in self.cells}

    def files(self) -> tuple["Job", ...]:
        """The jobs as their files have them: the parts of joined jobs, else this one."""
        return self.parts or (self,)

    def placed(self, problem: Problem) -> Problem:
        """The problem at its place in the file, when it was found in a cell that a job file keeps as text."""
        for job in self.files():
            if job.document and problem.span and problem.span.origin == job.origin:
                return replace(problem, span=in_file(problem.span, job.document))
        return problem

    def values_of_parameters(self) -> Values:
        """Defaults, overridden by injected values as far as they fit: what is known without being told."""
        try:
            return self.declarations.bind(self.injected)
        except CellError:
            return self.declarations.defaults()

    def place_of(self, problem: Problem) -> tuple[int, ...]:
        """Where a problem stands, for sorting: the files of joined jobs in their order."""
        origins = [part.origin for part in self.parts]
        origin = problem.span.origin if problem.span else ""
        return (origins.index(origin) if origin in origins else 0, *place_of(problem))


def read_job(address: str, fetch: Fetch = fetch_text) -> Job:
    """The job at a path, `http(s)://` or `s3://` address; `.ipynb` is a notebook, anything else HOCON or JSON.

    Raises:
        CellError: the file as a whole cannot be read as a job.
        ArcbookError: it cannot be fetched.
    """
    return job_of(fetch(address), address, relative_to(folder_of(address), fetch))


def job_of(text: str, address: str, fetch: Fetch | None = None) -> Job:
    """The job in the text that stands at `address`, whose ending tells what the text is. Errors as `read_job`.

    `fetch` reads what a job file includes, by addresses relative to the job's folder.
    """
    notebook = without_query(address).lower().endswith(".ipynb")
    return notebook_job(text, address) if notebook else document_job(text, address, fetch)


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
                read_cell_as_meant(
                    source_of(raw),
                    number=number,
                    origin=origin,
                    cell_id=str(raw.get("id", "")),
                    tags=tuple(map(str, tags)) if isinstance(tags, list) else (),
                )
            )
        except CellError as error:
            found.extend(error.problems)
    found.extend(problem for cell in cells for problem in cell.problems)
    metadata = notebook.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    kernelspec = metadata.get("kernelspec")
    name = kernelspec.get("name") if isinstance(kernelspec, dict) else None
    job = Job(origin, tuple(cells), "notebook", str(name) if name else None, metadata=metadata, notebook=notebook)
    return _with_parameters(replace(job, problems=(*_kernel_problem(job), *found)))


def document_job(text: str, origin: str = "", fetch: Fetch | None = None) -> Job:
    """The job in a job file's text: one cell for each stage, with places of the file. Errors as `read_job`.

    Between the stages' cells stand those that the file's `arcbook` keeps as text, numbered by their position there.
    `fetch` reads what the file includes, by addresses relative to the file's folder.
    """
    document = read_document(text, origin=origin, fetch=fetch or relative_to(folder_of(origin)))
    if document.value.get("stages") is None:
        keys = ", ".join(f"`{key}`" for key in document.value) or "none"
        missing = f"the job file has no key `stages`; its keys: {keys}"
        raise CellError(
            [
                Problem(
                    "missing-key",
                    "`stages` is null, which counts as missing" if "stages" in document.value else missing,
                    document.span(("stages",)),
                    "stages",
                    'Write `"stages": [ … ]` with the stages in their order.',
                )
            ]
        )
    if listed_objects(document, ("stages",)) is None:
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
    problems = [*document.problems, *_plugin_kinds(document)]
    texts = {**document.texts, origin: text}
    for kind, magic in _PLUGINS.items():
        cells += _members_as_cells(texts, document, ("plugins", kind), problems, magic=magic)
    cells += _members_as_cells(texts, document, ("stages",), problems)
    entries, found = read_layout(document, Counter(PLUGIN_MAGICS.get(cell.magic, "stages") for cell in cells))
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

    Cells that no entry names stand where they stand without entries: the first plugins first, the last stages last.
    """
    waiting = {magic: deque(cell for cell in read if cell.magic == magic) for magic in ("", *PLUGIN_MAGICS)}
    cells: list[Cell] = []
    for magic, kind in PLUGIN_MAGICS.items():
        unnamed = len(waiting[magic]) - sum(entry.plugin == kind for entry in entries)
        cells += [waiting[magic].popleft() for _ in range(unnamed)]
    for number, entry in enumerate(entries, start=1):
        named = _PLUGINS.get(entry.plugin or "", "")
        taken = min(entry.stages or (1 if named else 0), len(waiting[named]))
        cells += [replace(waiting[named].popleft(), tags=entry.tags) for _ in range(taken)]
        if entry.code is None:
            continue
        try:
            cell_id = f"cell-{number}"
            cell = read_cell_as_meant(entry.code, number=number, origin=origin, cell_id=cell_id, tags=entry.tags)
        except CellError as error:
            problems.extend(error.problems)
            continue
        problems.extend(cell.problems)
        cells.append(cell)
    return [*cells, *waiting[""]]


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
    texts: Mapping[str, str], document: Tree, path: Path, problems: list[Problem], *, magic: str = ""
) -> list[Cell]:
    """A cell for each object of the list at `path`: stages, or plugins of the kind that `magic` names."""
    key, noun = ".".join(map(str, path)), "plugin" if magic else "stage"
    if document.at(path) is None:
        return []
    members = listed_objects(document, path)
    if members is None:
        message, remedy = f"`{key}` must be a list of objects", "Put the objects into `[` and `]`."
        problems.append(Problem("wrong-value", message, document.span(path), key, remedy))
        return []
    cells = []
    for position, item in enumerate(members):
        cell = _member_cell(texts, item)
        if cell is None:
            remedy = "Put it into braces; a reference must lead to an object of this file."
            problems.append(
                Problem("wrong-value", f"a {noun} must be an object", item.span, f"{key}.{position}", remedy)
            )
            continue
        name = f"{path[-1]}-{noun}" if magic else noun
        cells.append(replace(cell, magic=magic, cell_id=f"{name}-{position + 1}"))
    return cells


def _member_cell(texts: Mapping[str, str], item: Listed) -> Cell | None:
    span, tree = item.span, item.tree
    if span is None or tree is None:
        return None
    text = texts[span.origin]
    if item.plain:
        start = offset_of(text, span.line, span.column) or 0
        end = offset_of(text, span.end_line, span.end_column) or len(text)
        # Blanks in front keep the columns of the first line true.
        body = " " * (span.column - 1) + text[start:end]
    else:
        body = render(tree.value)  # its text says it only together with the rest of the file
    return Cell(text, body=body, body_line=span.line, origin=span.origin, tree=tree)


def _parsed(text: str, origin: str) -> dict[str, Any]:
    start = Span(1, 1, 1, 2, origin=origin)
    if len(text) > MAX_BYTES:
        raise CellError([_no_notebook(f"the notebook is longer than {MAX_BYTES:,} characters", start)])
    try:
        notebook = json.loads(text)
    except json.JSONDecodeError as error:
        span = Span(error.lineno, error.colno, error.lineno, error.colno + 1, origin=origin)
        raise CellError([_no_notebook(f"the notebook is no JSON: {error.msg}", span)]) from None
    except ValueError:  # Python converts no number of more than some 4,300 digits
        raise CellError([_no_notebook("the notebook has a number that is too long", start)]) from None
    except RecursionError:
        raise CellError([_no_notebook("the notebook is nested too deeply", start)]) from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise CellError([_no_notebook("the file has no list of cells, so it is no notebook of format 4", start)])
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
    the stages come first as a `%document` cell. Cells that the file keeps as text stand between them. Joined jobs
    become one notebook with the cells of all, their `%params` cells first.
    """
    if job.notebook is not None:
        return _completed(copy.deepcopy(dict(job.notebook)))
    cells = []
    if job.values:
        cells.append(_code_cell("document", document_cell(job.values), {"arcbook": {"origin": job.origin}}))
    for number, part in enumerate(job.parts, start=1):
        # Ids must differ: two job files both have a first stage, and one notebook may be a copy of the other.
        cells += [{**cell, "id": f"{number}-{cell['id']}"[:64]} for cell in job_notebook(part)["cells"]]
    # The kernel learns a declaration when its cell runs, and the first job may use what the last one declares.
    cells.sort(key=lambda cell: not _declares(cell))
    cells += [_cell_of_file(cell) for cell in (() if job.parts else job.cells)]
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


def _cell_of_file(cell: Cell) -> dict[str, Any]:
    tags = {"tags": list(cell.tags)} if cell.tags else {}
    if cell.tree is None:
        return _code_cell(cell.cell_id, cell.source, {"arcbook": {"origin": cell.origin}, **tags})
    head = f"%{cell.magic}\n" if cell.magic else ""
    facts = {"origin": cell.origin, "line": cell.body_line}
    return _code_cell(cell.cell_id, head + cell.body.lstrip(" "), {"arcbook": facts, **tags})


def _declares(cell: Mapping[str, Any]) -> bool:
    word = magic_word(source_of(cell)) if cell["cell_type"] == "code" else None
    return word is not None and word[0].lower() == "params"


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


def document_values(cell: Cell, fetch: Fetch | None = None) -> dict[str, Any]:
    """The members of a `%document` cell, unbound; `fetch` reads what it includes.

    Raises:
        CellError: it does not parse.
    """
    return document_tree(cell, fetch).value


def document_tree(cell: Cell, fetch: Fetch | None = None) -> Tree:
    """The members of a `%document` cell with their places. Errors as `document_values`."""
    if cell.tree is not None:
        return cell.tree
    if not cell.body.strip():
        return Tree({})
    fetch = fetch or relative_to(folder_of(cell.origin))
    return read_document(cell.body, origin=cell.origin, cell=cell.number, first_line=cell.body_line, fetch=fetch)
