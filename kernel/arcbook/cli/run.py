"""Run a notebook or job file and leave a record."""

import json
import re
from typing import Any

import click

from arcbook.runs import layout

_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
_PARAMETER_OPTIONS = ("-p", "--parameter")


class RunCommand(click.Command):
    """Also takes `-p name=value`, and Arc's launch values: `--etl.config.environment=test`, `--NAME=value`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Bring `-p name=value` into the form `-p name value` and set launch values apart."""
        known = {name for option in self.get_params(ctx) for name in (*option.opts, *option.secondary_opts)}
        launch: dict[str, str] = {}
        plain: list[str] = []
        waiting = iter(args)
        for arg in waiting:
            name, equals, value = arg.partition("=")
            if arg in _PARAMETER_OPTIONS:
                first = next(waiting, None)
                pair = (
                    first.split("=", 1)
                    if first is not None and _ASSIGNMENT.match(first)
                    else [first, next(waiting, None)]
                )
                plain += [arg, *(part for part in pair if part is not None)]
            elif arg.startswith("--") and equals and name not in known:
                launch[name[2:]] = value
            else:
                plain.append(arg)
        ctx.meta["arcbook.launch"] = launch
        return super().parse_args(ctx, plain)


@click.command("run", cls=RunCommand)
@click.argument("job", metavar="NOTEBOOK|JOB")
@click.option(
    "-p",
    "--parameter",
    "pairs",
    nargs=2,
    multiple=True,
    metavar="NAME VALUE",
    help="A parameter; repeatable. `-p name=value` works too. The text is kept: 007 stays 007.",
)
@click.option("-f", "--parameters-file", "files", multiple=True, metavar="FILE", help="Parameters in YAML or JSON.")
@click.option("--engine", metavar="NAME", help="Where SQL runs: embedded (default) or local.")
@click.option("--environment", metavar="NAME", help="Which stages run: those that list this environment.")
@click.option("--logical-time", metavar="TIME", help="The run's one time (ISO; UTC without a zone). Default: now.")
@click.option("--record", metavar="DIR|s3://…", help="Where records are kept. Default: $ARCBOOK_RECORD, else ./runs.")
@click.option("--output", metavar="FILE", help="Write the executed notebook here too (path or s3://).")
@click.option("--cwd", metavar="DIR", help="The kernel's working directory. Default: the job's folder.")
@click.option("--timeout", type=click.IntRange(min=1), metavar="SECONDS", help="The longest a cell may take.")
@click.option("--json", "as_json", is_flag=True, help="Print the record as JSON instead of text.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    job: str,
    pairs: tuple[tuple[str, str], ...],
    files: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> None:
    """Run NOTEBOOK (.ipynb) or JOB (Arc's HOCON or JSON) from top to bottom and leave a record.

    Arc's launch values are taken as well: `--etl.config.environment=test`, `--ETL_CONF_NAME=value`. The exit code is
    that of the failure class (docs/failures.md); 0 means that every cell ran.
    """
    from arcbook.runs.launch import read_logical_time, read_parameters, read_request, run
    from arcbook.runs.progress import progress

    parameters: dict[str, Any] = {}
    for file in files:
        parameters |= read_parameters(file)
    parameters |= dict(pairs)
    choices: dict[str, Any] = {"folder": options["cwd"]} if options["cwd"] else {}
    if options["logical_time"]:
        choices["logical_time"] = read_logical_time(options["logical_time"])
    request = read_request(
        job,
        parameters=parameters,
        launch=ctx.meta["arcbook.launch"],
        environment=options["environment"],
        engine=options["engine"],
        record_root=options["record"],
        output=options["output"],
        cell_timeout=options["timeout"],
        **choices,
    )
    with progress(request.notebook) as on_cell:
        outcome = run(request, on_cell)
    for line in (*outcome.warnings, *outcome.record.notes, outcome.record_trouble):
        if line:
            click.echo(line, err=True)
    if as_json:
        click.echo(json.dumps({**outcome.record.model_dump(mode="json"), "record": outcome.address}, indent=1))
        ctx.exit(outcome.error.exit_code if outcome.error else 0)
    if outcome.error:
        click.echo(f"Record: {outcome.address}", err=True)
        raise outcome.error
    seconds = outcome.record.seconds or 0.0
    click.echo(f"Completed {outcome.record.job} in {seconds:.1f} s.")
    click.echo(f"Record: {outcome.address}/{layout.RECORD}")
    click.echo(f"Notebook: {request.output or f'{outcome.address}/{layout.NOTEBOOK}'}")
