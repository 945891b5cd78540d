"""Show what jobs would do: each view with its columns, what is read, written and replaced."""

import os
from typing import TYPE_CHECKING

import click

from arcbook.cli._output import (
    ParameterCommand,
    counted,
    echo_json,
    environment_option,
    json_option,
    pairs,
    parameter_option,
    show_problems,
)

if TYPE_CHECKING:
    from arcbook.planning.values import Place, Plan, PlannedStage, Write

_HELP = """Show what JOBS would do, without reading rows or writing anything.

Every stage is built as an empty view on the embedded engine, from the headers, footers and logs of what it reads, so
that the columns of each view are known and every statement is analysed by an engine. Several jobs are shown with the
edges between them: which reads what another writes. The exit code is 64 when something is wrong.
"""


@click.command(cls=ParameterCommand, help=_HELP)
@click.argument("jobs", nargs=-1, required=True, metavar="JOBS...")
@environment_option
@parameter_option
@json_option
def command(jobs: tuple[str, ...], environment: str | None, parameters: tuple[str, ...], as_json: bool) -> int:
    """Print the plan of each job, and the edges between them."""
    from contextlib import chdir
    from dataclasses import replace
    from pathlib import Path

    from arcbook.cells.asked import asked_apart, names_asked
    from arcbook.cells.fetch import folder_of
    from arcbook.cells.notebook import read_job
    from arcbook.cells.plan import Context
    from arcbook.core.addresses import scheme_of
    from arcbook.core.failures import CellError
    from arcbook.core.launch import settings_from
    from arcbook.core.problem import errors
    from arcbook.engines.open import open_engine
    from arcbook.planning.edges import edges
    from arcbook.planning.rehearsal import rehearse

    given, plans = pairs(parameters), []
    read = [read_job(address) for address in jobs]
    asked = [names_asked(job.sources) for job in read]
    known = set().union(*asked, *(job.declarations.by_name for job in read))
    engine = open_engine("embedded")
    try:
        for address, job, names in zip(jobs, read, asked, strict=True):
            parameters_given, launch = asked_apart(given, job.declarations, names)
            # Of several jobs each takes the values that it knows; what none knows is refused by the first.
            own = job.declarations.by_name
            taken = {name: value for name, value in parameters_given.items() if name in own or name not in known}
            values = job.declarations.bind({**job.injected, **taken})
            settings = settings_from([], os.environ, environment=environment)
            # As a run does: the notebook's own choice counts when nobody else chose.
            settings = replace(settings, environment=settings.environment or job.environment)
            remote = bool(scheme_of(address))
            # Relative addresses start at the job's folder, as in a run.
            with chdir(Path() if remote else Path(folder_of(address) or ".")):
                context = Context(
                    settings=settings,
                    launch=launch,
                    values=values,
                    complete=True,
                    engine="embedded",
                    folder=None if remote else "",
                )
                plans.append(rehearse(job, context, engine))
    finally:
        engine.close()
    between = edges(plans)
    problems = [problem for plan in plans for problem in plan.problems]
    if as_json:
        echo_json({"plans": [plan.to_dict() for plan in plans], "edges": [edge.to_dict() for edge in between]})
    else:
        for plan in plans:
            _show(plan)
        for edge in between:
            click.echo(f"{edge.reader} reads what {edge.writer} writes: {edge.address}")
        show_problems(problems)
    return CellError(errors(problems)).exit_code if errors(problems) else 0


def _show(plan: "Plan") -> None:
    from arcbook.planning.values import core_seconds

    click.secho(f"{plan.origin} in the environment `{plan.environment}`", bold=True)
    for stage in plan.stages:
        _show_stage(stage)
    size = plan.bytes_to_read
    least, most = core_seconds(size)
    click.echo(
        f"  to read: {counted(sum(each.files or 0 for each in plan.reads), 'file')}, {_size(size)}; "
        f"about {least} to {most} core-seconds"
    )
    for write in plan.writes:
        click.echo(f"  {_written(write)}")


def _show_stage(stage: "PlannedStage") -> None:
    cell = f"cell {stage.span.cell}" if stage.span and stage.span.cell else ""
    made = f" -> {stage.view}" if stage.view else ""
    if stage.skipped:
        click.secho(f"  {cell:<8} {stage.name}: does not run in this environment", dim=True)
        return
    click.echo(f"  {cell:<8} {stage.name}{made}")
    if stage.columns is not None:
        click.echo("           " + ", ".join(f"{name} {type_}" for name, type_ in stage.columns.items()))
    if stage.unknown:
        click.secho(f"           columns not known: {stage.unknown}", fg="yellow")
    for place in stage.reads:
        click.echo(f"           reads {_said(place)}")


def _said(place: "Place") -> str:
    if place.files is None:
        return place.address
    return f"{place.address} ({counted(place.files, 'file')}, {_size(place.bytes or 0)})"


def _written(write: "Write") -> str:
    place = _said(write.replaces) if write.replaces else write.address
    verb = "replaces" if write.replaces and write.mode == "Overwrite" else write.mode
    limits = f" where {write.where}" if write.where else ""
    folders = f", by {', '.join(write.partition_by)}" if write.partition_by else ""
    return f"writes: {verb} {place}{limits}{folders}"


def _size(size: int) -> str:
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
