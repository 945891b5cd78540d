"""Making the plans that a command line asks for."""

import os
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from datetime import datetime

    from arcbook.cells.notebook import Job
    from arcbook.cells.plan import Context
    from arcbook.planning.values import Plan


def plans_of(
    addresses: tuple[str, ...],
    given: dict[str, Any],
    launch: dict[str, str],
    environment: str | None,
    logical_time: "datetime | None",
    *,
    join: bool,
) -> "list[Plan]":
    """The plans of the jobs, in the order given; each is made behind those whose output it reads.

    Raises:
        ArcbookError: a job cannot be read, or a value is given that none takes.
    """
    from contextlib import chdir

    from arcbook.cells.asked import takers
    from arcbook.core.failures import CellError
    from arcbook.engines.open import open_engine
    from arcbook.planning.edges import sequence
    from arcbook.planning.rehearsal import rehearse

    jobs = _jobs(addresses, join=join)
    shares = takers(jobs, given, launch) if len(jobs) > 1 else None
    if shares and shares.problems:
        raise CellError(shares.problems)
    contexts: dict[str, Context] = {}
    for address, job in jobs.items():
        own = shares.of(address) if shares else {"parameters": given, "launch": launch}
        with chdir(_folder(address)):
            contexts[address] = _context(job, address, environment, logical_time, **own)
    plans: dict[str, Plan] = {}
    written: dict[str, Any] = {}
    engine = open_engine("embedded")
    try:
        for address in sequence(_outlines(jobs, contexts)) if len(jobs) > 1 else jobs:
            # Relative addresses start at the job's folder, as in a run.
            with chdir(_folder(address)):
                plans[address] = rehearse(jobs[address], contexts[address], engine, written)
    finally:
        engine.close()
    return [plans[address] for address in jobs]


def _jobs(addresses: tuple[str, ...], *, join: bool) -> "dict[str, Job]":
    """The jobs by address, those of folders too but for parts of others; with `join` all as one, under the first."""
    from arcbook.cells.joined import joined
    from arcbook.cells.notebook import read_job
    from arcbook.folders.parts import parts_of

    found = {address: read_job(address) for address in _without_folders(addresses)}
    for part, outer in parts_of(found).items():
        if part not in addresses:
            click.echo(f"{part} is left out: it runs within {outer}.", err=True)
            del found[part]
    return {next(iter(found)): joined(list(found.values()))} if join else found


def _without_folders(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """The addresses with the jobs of a folder in its place."""
    from arcbook.core.addresses import local_path, scheme_of
    from arcbook.folders.find import find_jobs

    found: dict[str, None] = {}
    for address in addresses:
        here = scheme_of(address) in ("", "file")
        if here and local_path(address).is_dir():
            jobs = find_jobs(local_path(address))
            for name, why in jobs.left_out.items():
                click.echo(f"{name} is left out: {why}.", err=True)
            found |= dict.fromkeys(map(str, jobs.jobs.values()))
        else:
            found[address] = None
    return tuple(found)


def _folder(address: str) -> str:
    from arcbook.cells.fetch import folder_of
    from arcbook.core.addresses import scheme_of

    return "." if scheme_of(address) else folder_of(address) or "."


def _context(
    job: "Job",
    address: str,
    environment: str | None,
    logical_time: "datetime | None",
    *,
    parameters: dict[str, Any],
    launch: dict[str, str],
) -> "Context":
    """What decides on the job's meaning, as in a run of it.

    Raises:
        CellError: a value does not fit, or nothing takes it.
    """
    from dataclasses import replace

    from arcbook.cells.asked import asked_apart, names_asked, unasked
    from arcbook.cells.plan import Context
    from arcbook.core.addresses import scheme_of
    from arcbook.core.failures import CellError
    from arcbook.core.launch import settings_from, times
    from arcbook.core.problem import errors

    if wrong := errors(unasked(job.declarations, job.sources, launch)):
        raise CellError(wrong)
    named, launched = job.declarations.among(launch)
    taken, wanted = asked_apart({**named, **parameters}, job.declarations, names_asked(job.sources))
    launched |= {name: str(value) for name, value in wanted.items()}
    values = job.declarations.bind({**job.injected, **taken})
    settings = settings_from(launched, os.environ | launched, environment=environment, logical_time=logical_time)
    # As a run does: the notebook's own choice counts when nobody else chose.
    settings = replace(settings, environment=settings.environment or job.environment)
    return Context(
        settings=settings,
        launch=launched | times(launched, settings.logical_time),
        values=values,
        complete=True,
        engine="embedded",
        folder=None if scheme_of(address) else "",
    )


def _outlines(jobs: "dict[str, Job]", contexts: "dict[str, Context]") -> "list[Plan]":
    """What the jobs read and write, by their texts alone."""
    from contextlib import chdir

    from arcbook.cells.plan import check_job
    from arcbook.planning.traffic import outline

    found = []
    for address, job in jobs.items():
        with chdir(_folder(address)):
            report = check_job(job, contexts[address])
            found.append(outline(address, report.steps, contexts[address].settings))
    return found
