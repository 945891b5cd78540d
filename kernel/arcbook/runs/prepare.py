"""From a request to what a kernel is given: the job read and checked before anything starts."""

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from arcbook.cells.asked import asked_apart, names_asked, unasked
from arcbook.cells.convert import trees_of
from arcbook.cells.fetch import frozen, relative_to
from arcbook.cells.magics import read_cell
from arcbook.cells.notebook import Job, notebook_job, source_of
from arcbook.cells.params import INJECTED_TAG, PARAMETERS_TAG, Values, read_assignments
from arcbook.cells.plan import Context, check_job
from arcbook.core.addresses import scheme_of
from arcbook.core.capabilities import ENGINE_CAPABILITIES
from arcbook.core.failures import AccessError, ArcbookError, CellError, DefinitionError, InputError
from arcbook.core.kernelspec import KERNEL
from arcbook.core.launch import TIMES, settings_from, times
from arcbook.core.launcher import DEFAULT_ENGINE
from arcbook.core.masking import MASK, masker, names_a_secret
from arcbook.core.problem import Problem, Severity, errors
from arcbook.core.settings import RunSettings
from arcbook.core.suggest import did_you_mean, nearest
from arcbook.runs.chain import chain_of
from arcbook.runs.layout import job_name
from arcbook.runs.request import Prepared, Request
from arcbook.runs.reusing import written_places
from arcbook.runs.store import open_store
from arcbook.runs.translator import ArcTranslator, is_finite

ENVIRONMENT_KEY = "etl.config.environment"

#: What papermill's `--inject-paths` gives to every notebook; a job need not declare them.
_OF_PAPERMILL = frozenset(("PAPERMILL_INPUT_PATH", "PAPERMILL_OUTPUT_PATH"))
_LINT_ONLY = "Nothing was run: the option etl.config.lintOnly asks for a check only."


def prepare(request: Request, started: datetime) -> Prepared:
    """Check everything that can be checked without an engine; what is wrong is in `Prepared.refused`."""
    prepared = Prepared(
        notebook=request.notebook,
        numbers=code_numbers(request.notebook),
        environment=None,
        engine="",
        logical_time=request.logical_time or started,
        run_key=request.run_key or "",
    )
    refused = request.unreadable or _unusable(request)
    if refused is not None:
        return replace(prepared, refused=refused)
    if request.kernel != KERNEL:
        return prepared
    try:
        return _prepared(request, prepared)
    except ArcbookError as error:
        return replace(prepared, refused=error)


def _unusable(request: Request) -> ArcbookError | None:
    """Why the run could not begin where it should or its notebook not be kept, said before the work and not after."""
    if request.folder is not None and not Path(request.folder).is_dir():
        return InputError(f"There is no folder {request.folder} to work in. Give one that exists (`--cwd`).")
    if not request.output or request.output == "-" or scheme_of(request.output):
        return None
    output = Path(request.output).absolute()
    folder = next(each for each in output.parents if each.exists())
    if output.is_dir() or not folder.is_dir():
        wrong = "is a folder" if output.is_dir() else f"cannot be written: {folder} is no folder"
        return InputError(f"The output {request.output} {wrong}. Give the path of a file.")
    if not os.access(folder, os.W_OK | os.X_OK):
        return AccessError(f"The output {request.output} cannot be written: no permission to write into {folder}.")
    return None


def code_numbers(notebook: Mapping[str, Any]) -> dict[int, int]:
    """The number of the code cell at each position, as its author counts: from 1, injected cells left out."""
    numbers: dict[int, int] = {}
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code" and not _is_injected(cell):
            numbers[index] = len(numbers) + 1
    return numbers


def _prepared(request: Request, prepared: Prepared) -> Prepared:
    own = {**request.notebook, "cells": [cell for cell in request.notebook["cells"] if not _is_injected(cell)]}
    job = request.job or notebook_job(json.dumps(own), request.source)
    texts = [source_of(cell) for cell in own["cells"] if cell["cell_type"] == "code"]
    found = unasked(job.declarations, texts, request.launch)
    named, launched = job.declarations.among(request.launch)
    given, launch = _split(_given(request, named, found), job, names_asked(texts), launched)
    # A cell of the notebook's own may give values too; those of the run win.
    values = _bind(job, {**job.injected, **given}, found)
    environment, chooser = _environment(request, launch, job)
    if environment is None:
        found.append(_no_environment(job))
    prepared = replace(
        prepared,
        environment=environment,
        environment_source=chooser,
        engine=_engine(request),
        launch=launch | times(launch, prepared.logical_time),
        parameters=_shown(values),
        notes=_notes(job, launch),
    )
    prepared = replace(prepared, settings=_settings(request, prepared, found))
    # With all values: what is missing now will still be missing when the cell's turn comes. Where values are wrong,
    # what they would fill is left open.
    complete = not errors([*job.problems, *found])
    report = check_job(job, replace(_context(request, prepared, values), complete=complete))
    found.extend(each for each in report.problems if not (request.any_kernel and each.code == "kernel-metadata"))
    if wrong := errors(found):
        return replace(prepared, refused=CellError(wrong))
    if prepared.settings.lint_only:
        prepared = replace(prepared, notes=(*prepared.notes, _LINT_ONLY))
    prepared = _with_values(prepared, own, given)
    resumed = chain_of(open_store(request.record_root), request.resumes) if request.resumes else ()
    written, uncertain = written_places(job, report.steps, prepared.settings, resumed)
    prepared = replace(prepared, written=written, uncertain=uncertain)
    return replace(prepared, warnings=tuple(each for each in found if each.severity is Severity.WARNING))


def _given(request: Request, named: Mapping[str, str], found: list[Problem]) -> dict[str, Any]:
    """The values given: those of injected cells, then launch values so `named`, then those of the request.

    None and NaN are no values.
    """
    given: dict[str, Any] = {}
    for cell in filter(_is_injected, request.notebook["cells"]):
        try:
            read = read_assignments(read_cell(source_of(cell), tags=(INJECTED_TAG,)))
            # An executed notebook has stars in place of its secrets.
            given |= {name: value for name, value in read.items() if value != MASK}
        except CellError as error:
            found.extend(error.problems)
    given |= {**named, **request.parameters}
    for name, value in given.items():
        if not is_finite(value):
            message = f"the value of the parameter `{name}` is {'missing (None)' if value is None else value}"
            remedy = f"Give a value, or leave it out; papermill's `-r {name} …` keeps a word as text."
            found.append(Problem("parameter-value", message, key=name, remedy=remedy))
    return {name: value for name, value in given.items() if is_finite(value)}


def _split(
    given: Mapping[str, Any], job: Job, asked: set[str], launch: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Parameters and launch values: a name that nobody declares but `${name}` asks for is a launch value."""
    parameters, wanted = asked_apart(given, job.declarations, asked)
    declared = job.declarations.by_name
    parameters = {name: value for name, value in parameters.items() if name in declared or name not in _OF_PAPERMILL}
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in wanted.items()}
    values = {**launch, **texts}
    secret = [each.name for each in job.declarations if each.type.kind == "secret"]
    for name, value in (parameters | values).items():
        # Also a misspelt name of a secret, whose value would otherwise stand in the record of the refusal.
        if isinstance(value, str) and "://" not in value and (names_a_secret(name) or nearest(name, secret)):
            masker().add(value)
    return parameters, values


def _bind(job: Job, given: Mapping[str, Any], found: list[Problem]) -> Values:
    try:
        return job.declarations.bind(given)
    except CellError as error:
        named = {problem.key for problem in found if problem.code == "parameter-value"}
        found.extend(problem for problem in error.problems if problem.key not in named)
        return Values()


def _environment(request: Request, launch: Mapping[str, str], job: Job) -> tuple[str | None, str]:
    """The chosen environment, and who chose it."""
    launched = request.environment or launch.get(ENVIRONMENT_KEY) or launch.get("ETL_CONF_ENV")
    choices = (
        (launched, "the launcher"),
        (os.environ.get("ETL_CONF_ENV"), "the variable ETL_CONF_ENV"),
        (job.environment, "the notebook"),
    )
    return next((choice for choice in choices if choice[0]), (None, ""))


def _no_environment(job: Job) -> Problem:
    named = sorted(set(_environments(job)))
    known = f" Its stages name: {', '.join(named)}." if named else ""
    message = f"no environment is chosen, so it is not known which stages run.{known}"
    remedy = "Choose one: `--environment NAME`, the variable ETL_CONF_ENV, or a `%environment NAME` cell as default."
    return Problem("no-environment", message, remedy=remedy)


def _environments(job: Job) -> Iterable[str]:
    for cell in job.cells:
        try:
            trees = trees_of(cell)
        except CellError:
            continue
        for tree in trees:
            listed = tree.value.get("environments")
            yield from (name for name in listed if isinstance(name, str)) if isinstance(listed, list) else ()


def _engine(request: Request) -> str:
    name = request.engine or os.environ.get("ARCBOOK_ENGINE") or DEFAULT_ENGINE
    if name not in ENGINE_CAPABILITIES:
        known = ", ".join(ENGINE_CAPABILITIES)
        raise DefinitionError(
            f"There is no engine {name!r}. {did_you_mean(name, ENGINE_CAPABILITIES)} Engines: {known}.".replace(
                "  ", " "
            )
        )
    return name


def _notes(job: Job, launch: Mapping[str, str]) -> tuple[str, ...]:
    overruled = {*TIMES, *launch}
    names = {
        name
        for cell in job.cells
        if cell.magic == "env"
        for name in re.findall(r"(?m)^\s*([\w.]+)\s*=", cell.body)
        if name in overruled
    }
    return tuple(f"The launch's value of {name} was used, not that of a %env cell." for name in sorted(names))


def _settings(request: Request, prepared: Prepared, found: list[Problem]) -> RunSettings:
    """Arc's options and policies, from launch values and variables; the kernel reads the same ones."""
    try:
        chosen = settings_from(
            prepared.launch,
            os.environ | dict(prepared.launch),
            environment=prepared.environment,
            logical_time=prepared.logical_time,
        )
    except CellError as error:
        found.extend(error.problems)
        return RunSettings(environment=prepared.environment, logical_time=prepared.logical_time)
    return replace(chosen, job_name=chosen.job_name or job_name(request.source))


def _context(request: Request, prepared: Prepared, values: Values) -> Context:
    return Context(
        settings=prepared.settings,
        launch=prepared.launch,
        values=values,
        # By the job's own spelling first: under that the bundle keeps its documents.
        folder="",
        fetch=frozen(request.documents, relative_to(request.folder or "")),
        engine=prepared.engine,
    )


def _shown(values: Values) -> dict[str, Any]:
    """The values as a record shows them."""
    shown: dict[str, Any] = {}
    for name, value in values.typed.items():
        if name in values.secrets:
            shown[name] = getattr(value, "address", None) or (None if value is None else MASK)
        else:
            shown[name] = None if value is None else values.text[name]
    return shown


def _with_values(prepared: Prepared, own: Mapping[str, Any], given: Mapping[str, Any]) -> Prepared:
    """The notebook with its one injected cell: behind the declarations, as papermill does it, else first."""
    cells = list(own["cells"])
    if given:
        tagged = (i for i, cell in enumerate(cells) if PARAMETERS_TAG in cell.get("metadata", {}).get("tags", ()))
        position = next((index + 1 for index in tagged), 0)
        cell: dict[str, Any] = {
            "cell_type": "code",
            "metadata": {"tags": [INJECTED_TAG]},
            "execution_count": None,
            "outputs": [],
            "source": ArcTranslator.codify(given),
        }
        if any("id" in other for other in cells):
            cell["id"] = INJECTED_TAG
        cells.insert(position, cell)
    notebook = {**own, "cells": cells}
    return replace(prepared, notebook=notebook, numbers=code_numbers(notebook))


def _is_injected(cell: Mapping[str, Any]) -> bool:
    return INJECTED_TAG in cell.get("metadata", {}).get("tags", ())
