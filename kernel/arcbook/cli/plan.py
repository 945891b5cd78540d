"""Show what jobs would do: each view with its columns, what is read, written and replaced."""

from typing import TYPE_CHECKING, Any

import click

from arcbook.cli._job_options import JobCommand
from arcbook.cli._output import (
    echo_json,
    environment_option,
    given_values,
    json_option,
    parameter_file_options,
    parameter_option,
    show_problems,
)

if TYPE_CHECKING:
    from arcbook.planning.cost import Prices
    from arcbook.planning.values import Plan

_HELP = """Show what JOBS would do, without reading rows or writing anything.

Every stage is built as an empty view on the embedded engine, from the headers, footers and logs of what it reads, so
that the columns of each view are known and every statement is analysed by an engine. Several jobs, or those of a
FOLDER, are shown with the edges between them: which reads what another writes. With --join they are one job, as
`arcbook run JOB JOB` runs them. Parameters and launch values are given as to `arcbook run`. The exit code is 64 when
something is wrong.
"""


@click.command(cls=JobCommand, help=_HELP)
@click.argument("jobs", nargs=-1, required=True, metavar="JOB|FOLDER...")
@environment_option
@parameter_option
@parameter_file_options
@click.option("--logical-time", metavar="TIME", help="The time that the run would have (ISO). Default: now.")
@click.option("--join", is_flag=True, help="The jobs are one: cells, parameters and values one after the other.")
@click.option("--lineage", is_flag=True, help="Show where each column comes from, too.")
@click.option("--svg", "svg", metavar="FILE", help="Draw a picture of it, too.")
@click.option("--columns", is_flag=True, help="In the picture, show the columns of each view and where they come from.")
@click.option(
    "--core-hour", type=click.FloatRange(min=0), default=0.0, envvar="ARCBOOK_PRICE_CORE_HOUR", metavar="PRICE",
    help="What a core costs for an hour: the plan then has a cost.",
)  # fmt: skip
@click.option(
    "--terabyte", type=click.FloatRange(min=0), default=0.0, envvar="ARCBOOK_PRICE_TERABYTE", metavar="PRICE",
    help="What reading a terabyte (10^12 bytes) costs.",
)  # fmt: skip
@click.option(
    "--currency", default="USD", envvar="ARCBOOK_PRICE_CURRENCY", show_default=True, metavar="NAME",
    help="The unit of both prices.",
)  # fmt: skip
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    jobs: tuple[str, ...],
    environment: str | None,
    parameters: tuple[str, ...],
    files: tuple[str, ...],
    documents: tuple[str, ...],
    logical_time: str | None,
    join: bool,
    lineage: bool,
    svg: str | None,
    columns: bool,
    core_hour: float,
    terabyte: float,
    currency: str,
    as_json: bool,
) -> int:
    """Print the plan of each job, and the edges between them."""
    from arcbook.cli._planning import plans_of
    from arcbook.core.failures import CellError
    from arcbook.core.problem import errors
    from arcbook.planning.cost import Prices
    from arcbook.runs.launch import read_logical_time

    if columns and not svg:
        raise click.UsageError("--columns is for the picture: give --svg FILE, too; --lineage shows columns as text.")
    given = given_values(parameters, files, documents)
    moment = read_logical_time(logical_time) if logical_time else None
    plans = plans_of(jobs, given, ctx.meta["arcbook.launch"], environment, moment, join=join)
    _tell(plans)
    if svg:
        _draw(plans, svg, columns=columns)
    problems = [problem for plan in plans for problem in plan.problems]
    _show(plans, Prices(core_hour, terabyte, currency), lineage=lineage, as_json=as_json)
    if not as_json:
        show_problems(problems)
    return CellError(errors(problems)).exit_code if errors(problems) else 0


def _show(plans: "list[Plan]", prices: "Prices", *, lineage: bool, as_json: bool) -> None:
    """Print the plans, and the edges between them."""
    from arcbook.cli._plan_text import show_edges, show_plan
    from arcbook.planning.edges import edges

    between = edges(plans)
    if as_json:
        told = [plan.to_dict() | _cost(plan, prices) for plan in plans]
        echo_json({"plans": told, "edges": [edge.to_dict() for edge in between]})
        return
    for plan in plans:
        show_plan(plan, prices, lineage=lineage)
    show_edges(between)


def _draw(plans: "list[Plan]", address: str, *, columns: bool) -> None:
    """Write the picture.

    Raises:
        ArcbookError: it cannot be written.
    """
    from pathlib import Path

    from arcbook.core.addresses import replace_file
    from arcbook.core.masking import masker
    from arcbook.core.translate import translating
    from arcbook.planning.picture import draw

    with translating(f"cannot write {address}"):
        replace_file(Path(address), masker().mask(draw(plans, columns=columns)).encode())
    click.echo(f"Picture: {address}", err=True)


def _tell(plans: "list[Plan]") -> None:
    """Send what the jobs would do to a lineage server, if one is configured."""
    from arcbook.events.switch import configured

    if not configured():
        return
    from arcbook.core.masking import masker
    from arcbook.core.problem import errors
    from arcbook.events.datasets import datasets
    from arcbook.events.namespace import namespace
    from arcbook.events.send import Sender
    from arcbook.runs.layout import job_name
    from arcbook.runs.request import now

    sender = Sender(masker().mask)
    for plan in plans:
        if not errors(plan.problems):

            def event(plan: "Plan" = plan) -> Any:
                from arcbook.events.build import JobFacts, job_event

                job = JobFacts(namespace=namespace(), name=job_name(plan.origin))
                return job_event(now(), job, *datasets(plan), masker().mask)

            sender.send(event)
    sender.close()
    if sender.trouble:
        click.echo(sender.trouble, err=True)


def _cost(plan: "Plan", prices: "Prices") -> dict[str, Any]:
    return {"cost": prices.to_dict(plan.bytes_to_read) if prices else None}
