"""Reading and checking all jobs of a folder before any of them runs."""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import chdir
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from arcbook.cells.asked import takers
from arcbook.cells.notebook import Job, notebook_job
from arcbook.cells.plan import check_job
from arcbook.core.failures import ArcbookError, CellError, DefinitionError
from arcbook.core.problem import Problem
from arcbook.folders.find import find_jobs
from arcbook.folders.order import Order, order
from arcbook.folders.parts import parts_of
from arcbook.planning.traffic import outline
from arcbook.planning.values import Plan
from arcbook.runs.launch import read_request
from arcbook.runs.meaning import job_and_context
from arcbook.runs.prepare import prepare
from arcbook.runs.request import Prepared, Request


@dataclass(frozen=True, slots=True)
class Member:
    """One job of a folder, checked. `choices` are what `arcbook.runs.launch.read_request` is given for it."""

    name: str
    address: str
    choices: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """The checked jobs of a folder and their order; `notes` are sentences for whoever watches."""

    folder: str
    logical_time: datetime
    members: Mapping[str, Member]
    order: Order
    notes: tuple[str, ...] = ()


def read_folder(folder: Path, choices: Mapping[str, Any], logical_time: datetime) -> Batch:
    """The jobs of `folder`, each checked as its own run checks it.

    Args:
        folder: where they lie.
        choices: fields of `arcbook.runs.request.Request`, for all jobs; of `parameters` and `launch` each job is given
            those that it declares or asks for.
        logical_time: the one time of all the runs.

    Raises:
        CellError: all that is wrong with any of them, also a value that none takes, and that they have no order.
        ArcbookError: there is no job, or one cannot be read or run for another reason.
    """
    found = find_jobs(folder)
    common = {**choices, "logical_time": logical_time}
    requests = {name: read_request(str(path), **common) for name, path in found.jobs.items()}
    jobs = {name: _job(each) for name, each in requests.items() if not each.unreadable}
    parts = parts_of(jobs)
    for name in parts:
        del jobs[name], requests[name]
    given = {name: choices.get(name) or {} for name in ("parameters", "launch")}
    shared = takers(jobs, **given)
    problems: list[Problem] = list(shared.problems)
    others: list[ArcbookError] = []
    members, plans = {}, []
    for name, request in requests.items():
        own = {**shared.of(name), "run_key": f"{request.run_key}/{name}" if request.run_key else None}
        request = replace(request, **own)
        prepared = prepare(request, logical_time)
        if prepared.refused is None:
            plans.append(_outlined(name, request, prepared))
        elif prepared.refused.problems:
            problems += (each.placed(origin=request.source) for each in prepared.refused.problems)
        else:
            others.append(prepared.refused)
        members[name] = Member(name, request.source, {**common, **own})
    if problems:
        raise CellError(_once(problems))
    if others:
        raise _joined(others)
    left_out = found.left_out | {name: f"it runs within {outer}" for name, outer in parts.items()}
    return Batch(folder.resolve().name, logical_time, members, order(plans), tuple(_notes(left_out, plans)))


def _job(request: Request) -> Job:
    return request.job or notebook_job(json.dumps(request.notebook), request.source)


def _outlined(name: str, request: Request, prepared: Prepared) -> Plan:
    """What the job reads and writes with the values of its run."""
    # Relative addresses start at the job's folder, as in its run.
    with chdir(request.folder or os.curdir):
        job, context = job_and_context(request, prepared)
        return outline(name, check_job(job, context).steps, prepared.settings)


def _once(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Without repetitions: a wrong choice for all is found in each job."""
    return tuple(dict.fromkeys(problems))


def _joined(errors: list[ArcbookError]) -> ArcbookError:
    first = errors[0]
    if len(errors) == 1:
        return first
    message = "\n".join(dict.fromkeys(each.message for each in errors))
    alike = all(type(each) is type(first) for each in errors)
    return type(first)(message) if alike else DefinitionError(message)


def _notes(left_out: Mapping[str, str], plans: Iterable[Plan]) -> Iterable[str]:
    for name, why in left_out.items():
        yield f"{name} is left out: {why}."
    for plan in plans:
        for stage in plan.stages:
            if stage.unknown:
                yield (
                    f"{plan.origin}: what the stage `{stage.name}` reads and writes is not known before it runs, so it "
                    "does not count for the order."
                )
