"""Check jobs without running them: text, keys, SQL, views, parameters."""

import gc
import os

import click

from arcbook.cli._output import (
    ParameterCommand,
    echo_json,
    engine_option,
    environment_option,
    json_option,
    pairs,
    parameter_option,
    show_problems,
)

_HELP = """Check JOBS (.ipynb, .json, .conf, .hocon; paths, http(s):// or s3://) and print all findings.

Nothing is run and no engine is started. With --join the jobs are one, as `arcbook run JOB JOB` runs them. The exit
code is 64 when a finding is an error, otherwise 0. Extra arguments `--name=value` are values for ${name}, and settings
by Arc's names (`--etl.config.environment=test`).
"""


@click.command(cls=ParameterCommand, help=_HELP, context_settings={"ignore_unknown_options": True})
@click.argument("jobs", nargs=-1, required=True, type=click.UNPROCESSED, metavar="JOBS... [--name=value]...")
@environment_option
@engine_option
@parameter_option
@click.option("--join", is_flag=True, help="Check the jobs as one: cells, parameters and values one after the other.")
@click.option("--complete", is_flag=True, help="Treat a ${name} without value as an error: no value will come later.")
@json_option
def command(
    jobs: tuple[str, ...],
    environment: str | None,
    engine: str | None,
    parameters: tuple[str, ...],
    join: bool,
    complete: bool,
    as_json: bool,
) -> int:
    """Check jobs and print all findings."""
    from arcbook.cells.joined import joined
    from arcbook.cells.notebook import read_job
    from arcbook.cells.plan import Context, check_job
    from arcbook.core.failures import CellError
    from arcbook.core.launch import launch_values, settings_from
    from arcbook.core.problem import Problem, Severity, errors

    # A check builds trees and drops few of them: by its own thresholds the collector would take a fifth of the time.
    gc.set_threshold(50_000, 20, 100)
    extra = [each for each in jobs if each.startswith("--")]
    addresses = [each for each in jobs if not each.startswith("-")]
    if unknown := [each for each in jobs if each.startswith("-") and ("=" not in each or not each.startswith("--"))]:
        raise click.UsageError(f"there is no option {unknown[0]}")
    if not addresses:
        raise click.UsageError("name a job to check")
    given = pairs(parameters)
    settings = settings_from(extra, os.environ, environment=environment)
    problems: list[Problem] = []
    stages = 0
    for group in [addresses] if join else [[address] for address in addresses]:
        try:
            job = joined([read_job(address) for address in group])
            named, launch = job.declarations.among(launch_values(extra))
            problems_of_values: list[Problem] = []
            values = job.values_of_parameters()
            if given or named or complete:
                try:
                    values = job.declarations.bind({**job.injected, **named, **given})
                except CellError as error:
                    problems_of_values = list(error.problems)
            context = Context(settings=settings, launch=launch, values=values, engine=engine, complete=complete)
            report = check_job(job, context)
        except CellError as error:
            problems += error.problems
            continue
        problems += [*problems_of_values, *report.problems]
        stages += len(report.steps)
    found = len(errors(problems))
    warnings = sum(problem.severity is Severity.WARNING for problem in problems)
    if as_json:
        echo_json(
            {
                "problems": [problem.to_dict() for problem in problems],
                "errors": found,
                "warnings": warnings,
                "stages": stages,
            }
        )
    else:
        show_problems(problems)
        click.echo(f"{_count(stages, 'sound stage')}, {_count(found, 'error')}, {_count(warnings, 'warning')}")
    return CellError(problems).exit_code if found else 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
