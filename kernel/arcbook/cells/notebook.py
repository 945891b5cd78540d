"""Reading a job: a notebook, or a HOCON or JSON file."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from arcbook.cells.fetch import MAX_BYTES, Fetch, fetch_text, folder_of, relative_to
from arcbook.cells.hocon import read_document
from arcbook.cells.lines import read_names
from arcbook.cells.magics import magic_word, read_cell
from arcbook.cells.model import Cell
from arcbook.cells.params import Declarations, Values, is_assignments, read_assignments, read_declarations
from arcbook.cells.places import offset_of, place_of
from arcbook.cells.render import render
from arcbook.cells.stage_list import listed_stages
from arcbook.cells.tree import Tree
from arcbook.core.addresses import without_query
from arcbook.core.failures import CellError
from arcbook.core.kernelspec import KERNEL, KERNELSPEC
from arcbook.core.problem import Problem, Severity
from arcbook.core.span import Span

#: Top-level keys of a job file that are no values for `${…}`.
_OWN_KEYS = ("stages", "plugins")


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it was read, not yet checked.

    `cells` lacks those whose first line cannot be understood: `problems` says so, and a job with errors among them must
    not run. `document` is the job file's tree (its members besides `stages` are values for `${…}`), `notebook` the
    parsed notebook. `environment` is the choice of a `%environment` cell, `injected` the values of papermill's cells.
    `parts` are the jobs of which this one is joined.
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
    parts: tuple["Job", ...] = ()

    @property
    def values(self) -> Mapping[str, Any]:
        """What a job file holds beside its stages, unbound."""
        members = self.document.value if self.document else {}
        return {key: value for key, value in members.items() if key not in _OWN_KEYS}

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


def document_job(text: str, origin: str = "", fetch: Fetch | None = None) -> Job:
    """The job in a job file's text: one cell for each stage, with places of the file. Errors as `read_job`.

    `fetch` reads what the file includes, by addresses relative to the file's folder.
    """
    document = read_document(text, origin=origin, fetch=fetch or relative_to(folder_of(origin)))
    problems = [*document.problems, *_plugins(document)]
    if document.value.get("stages") is None:
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
    stages = listed_stages(document)
    if stages is None:
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
    texts = {**document.texts, origin: text}
    for position, stage in enumerate(stages):
        if stage.tree is None or stage.span is None:
            remedy = "Put it into braces; a reference must lead to an object of this file."
            message = "a stage must be an object"
            problems.append(Problem("wrong-value", message, stage.span, f"stages.{position}", remedy))
            continue
        cells.append(_stage_cell(texts[stage.span.origin], stage.span, stage.tree, position + 1, plain=stage.plain))
    return Job(origin, tuple(cells), "document", problems=tuple(problems), document=document)


def source_of(raw: Mapping[str, Any]) -> str:
    """A cell's text; notebooks store it as lines or as one text."""
    source = raw.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _stage_cell(text: str, span: Span, tree: Tree, number: int, *, plain: bool) -> Cell:
    if plain:
        start = offset_of(text, span.line, span.column) or 0
        end = offset_of(text, span.end_line, span.end_column) or len(text)
        # Blanks in front keep the columns of the first line true.
        body = " " * (span.column - 1) + text[start:end]
    else:
        body = render(tree.value)  # its text says it only together with the rest of the file
    return Cell(text, body=body, body_line=span.line, origin=span.origin, cell_id=f"stage-{number}", tree=tree)


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


def _plugins(document: Tree) -> list[Problem]:
    """Arc's plugins are no part of arcbook: values they would compute are missing, hooks are only left out."""
    problems = []
    for name, severity, remedy in (
        ("config", Severity.ERROR, "Give the values with `-p` or `--etl.…` instead."),
        ("lifecycle", Severity.WARNING, "Remove it; the run's record has what it would log."),
    ):
        path = ("plugins", name)
        if document.at(path):
            message = f"`plugins.{name}` is not supported"
            problems.append(Problem("unknown-key", message, document.key_span(path), ".".join(path), remedy, severity))
    return problems


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
    return replace(
        job,
        declarations=declarations,
        injected=injected,
        environment=environment,
        problems=tuple(sorted(problems, key=place_of)),
    )


def job_notebook(job: Job) -> dict[str, Any]:
    """The job as a notebook (format 4.5) that the kernel `arc` runs.

    A notebook is returned as it is, completed by what the format demands. Of a job file each stage becomes a cell whose
    metadata `arcbook` has the file's address (`origin`) and the line it starts on; values beside the stages come first
    as a `%document` cell. Joined jobs become one notebook with the cells of all, their `%params` cells first.
    """
    if job.notebook is not None:
        return _completed(copy.deepcopy(dict(job.notebook)))
    cells = []
    if job.values:
        members = "\n".join(render({key: value})[2:-2].strip() for key, value in job.values.items())
        cells.append(_code_cell("document", f"%document\n{members}", {"origin": job.origin}))
    for number, part in enumerate(job.parts, start=1):
        # Ids must differ: two job files both have a first stage, and one notebook may be a copy of the other.
        cells += [{**cell, "id": f"{number}-{cell['id']}"[:64]} for cell in job_notebook(part)["cells"]]
    # The kernel learns a declaration when its cell runs, and the first job may use what the last one declares.
    cells.sort(key=lambda cell: not _declares(cell))
    cells += [
        _code_cell(cell.cell_id, cell.body.lstrip(" "), {"origin": cell.origin, "line": cell.body_line})
        for cell in (() if job.parts else job.cells)
    ]
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": dict(KERNELSPEC),
            "language_info": {"name": KERNEL},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _declares(cell: Mapping[str, Any]) -> bool:
    word = magic_word(source_of(cell)) if cell["cell_type"] == "code" else None
    return word is not None and word[0].lower() == "params"


def _code_cell(cell_id: str, source: str, facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": cell_id,
        "metadata": {"arcbook": facts},
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
