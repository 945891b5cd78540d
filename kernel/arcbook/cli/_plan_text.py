"""A plan as text for people."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from arcbook.cli._output import counted, size_text
from arcbook.planning.cost import Prices, core_seconds

if TYPE_CHECKING:
    from arcbook.planning.edges import Edge
    from arcbook.planning.values import Place, Plan, PlannedStage, Write
    from arcbook.sql.origins import Lineage, Origins


def show_plan(plan: "Plan", prices: Prices, *, lineage: bool) -> None:
    """Print a job's plan: its stages, what there is to read, what that may cost, and what is written."""
    click.secho(f"{plan.origin} in the environment `{plan.environment}`", bold=True)
    for stage in plan.stages:
        _show_stage(stage, lineage=lineage)
    size = plan.bytes_to_read
    least, most = core_seconds(size)
    open_ended = [place.address for place in plan.reads if place.bytes is None]
    beside = f", and {', '.join(open_ended)}, whose size is not known" if open_ended else ""
    click.echo(
        f"  to read: {counted(sum(each.files or 0 for each in plan.reads), 'file')}, {size_text(size)}{beside}; "
        f"about {least} to {most} core-seconds"
    )
    if prices:
        low, high = prices.cost(size)
        click.echo(f"  cost: about {low:.2g} to {high:.2g} {prices.currency}")
    for write in plan.writes:
        click.echo(f"  {_written(write)}")


def show_edges(edges: Iterable["Edge"]) -> None:
    """Print which job reads what another one writes."""
    for edge in edges:
        click.echo(f"{edge.reader} reads what {edge.writer} writes: {edge.address}")


def _show_stage(stage: "PlannedStage", *, lineage: bool) -> None:
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
    if lineage and stage.lineage:
        _show_lineage(stage.lineage)


def _show_lineage(lineage: "Lineage") -> None:
    for name, origins in lineage.columns:
        click.echo(f"           {name} <- {_origins(origins) or 'no column'}")
    if lineage.influences:
        click.echo(f"           rows <- {_origins(lineage.influences)}")


def _origins(origins: "Origins") -> str:
    return ", ".join(f"{each.view}.{each.column} ({each.how.replace('_', ' ')})" for each in sorted(origins))


def _said(place: "Place") -> str:
    if place.files is None:
        return place.address
    return f"{place.address} ({counted(place.files, 'file')}, {size_text(place.bytes or 0)})"


def _written(write: "Write") -> str:
    place = _said(write.replaces) if write.replaces else write.address
    verb = "replaces" if write.replaces and write.mode == "Overwrite" else write.mode
    limits = f" where {write.where}" if write.where else ""
    folders = f", by {', '.join(write.partition_by)}" if write.partition_by else ""
    return f"writes: {verb} {place}{limits}{folders}"
