"""Check jobs without running them: text, keys, SQL, views, parameters."""

import gc
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from arcbook.cli._output import (
    ParameterCommand,
    counted,
    echo_json,
    engine_option,
    environment_option,
    given_values,
    json_option,
    launch_value,
    parameter_file_options,
    parameter_option,
    show_problems,
)

if TYPE_CHECKING:
    from arcbook.core.problem import Problem
    from arcbook.core.settings import RunSettings

_HELP = """Check JOBS (.ipynb, .json, .conf, .hocon; paths, http(s):// or s3://) and print all findings.

Nothing is run and no engine is started. The stages of the chosen environment are checked: that of `--environment`,
`ETL_CONF_ENV` or the notebook's `%environment` cell; without a choice all are. With --join the jobs are one, as
`arcbook run JOB JOB` runs them. The exit code is 64 when a finding is an error, otherwise 0. Extra arguments
`--name=value` are values for ${name}, and settings by Arc's names (`--etl.config.environment=test`); one that no job
asks for is an error.
"""


@click.command(cls=ParameterCommand, help=_HELP, context_settings={"ignore_unknown_options": True})
@click.argument("jobs", nargs=-1, required=True, type=click.UNPROCESSED, metavar="JOBS... [--name=value]...")
@environment_option
@engine_option
@parameter_option
@parameter_file_options
@click.option("--complete", is_flag=True, help="Treat a ${name} without value as an error: no value will come later.")
@click.option("--join", is_flag=True, help="Check the jobs as one: cells, parameters and values one after the other.")
@click.option(
    "--sarif", "as_sarif", is_flag=True, help="Print the findings as SARIF 2.1.0, for code hosts and editors."
)
@json_option
def command(
    jobs: tuple[str, ...],
    environment: str | None,
    engine: str | None,
    parameters: tuple[str, ...],
    files: tuple[str, ...],
    documents: tuple[str, ...],
    complete: bool,
    join: bool,
    as_sarif: bool,
    as_json: bool,
) -> int:
    """Check jobs and print all findings."""
    from arcbook.core.failures import CellError
    from arcbook.core.launch import settings_from
    from arcbook.core.problem import Severity, errors

    # A check builds trees and drops few of them: by its own thresholds the collector would take a fifth of the time.
    gc.set_threshold(50_000, 20, 100)
    launch, addresses = _split(jobs)
    if as_sarif and as_json:
        raise click.UsageError("choose one of --json and --sarif")
    settings = settings_from(launch, os.environ, environment=environment)
    asked = _Asked(settings, launch, given_values(parameters, files, documents), engine, complete)
    groups = [addresses] if join else [[address] for address in addresses]
    checked = (
        [_check(groups[0], asked)] if len(groups) == 1 else [_check_one_of_several(each, asked) for each in groups]
    )
    checked = _with_unasked(checked)
    problems = [problem for each in checked for problem in each.problems]
    stages = sum(each.stages for each in checked)
    found = len(errors(problems))
    warnings = sum(problem.severity is Severity.WARNING for problem in problems)
    if as_sarif:
        from arcbook.cli._sarif import sarif_of

        told = [(each.address_of(problem), problem) for each in checked for problem in each.problems]
        echo_json(sarif_of(told, {address: text for each in checked for address, text in each.texts.items()}))
    elif as_json:
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
        click.echo(f"{counted(stages, 'sound stage')}, {counted(found, 'error')}, {counted(warnings, 'warning')}")
    return CellError(problems).exit_code if found else 0


@dataclass(frozen=True)
class _Asked:
    """What the command line asks of every job."""

    settings: "RunSettings"
    launch: dict[str, str]
    given: dict[str, Any]
    engine: str | None
    complete: bool


@dataclass(frozen=True)
class _Checked:
    """One job (or several joined, whose texts stand by their addresses) with its findings, and its sound stages.

    `unasked` are findings about launch values that this job does not ask for.
    """

    texts: dict[str, str]
    problems: tuple["Problem", ...]
    stages: int = 0
    unasked: tuple["Problem", ...] = ()

    def address_of(self, problem: "Problem") -> str:
        """The job that a finding is about."""
        origin = problem.span.origin if problem.span else ""
        return origin if origin in self.texts else next(iter(self.texts))


def _split(jobs: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
    """Launch values and the jobs' addresses."""
    launch = {name: value for each in jobs if each.startswith("--") for name, value in launch_value(each).items()}
    addresses = [each for each in jobs if not each.startswith("-")]
    if unknown := [each for each in jobs if each.startswith("-") and ("=" not in each or not each.startswith("--"))]:
        raise click.UsageError(f"there is no option {unknown[0]}")
    if not addresses:
        raise click.UsageError("name a job to check")
    return launch, addresses


def _with_unasked(checked: list[_Checked]) -> list[_Checked]:
    """With the findings, at the first job, about launch values that none of the jobs asks for."""
    first, *others = checked
    found = [each for each in first.unasked if all(each.key in {one.key for one in other.unasked} for other in others)]
    return [replace(first, problems=(*found, *first.problems)), *others]


def _check_one_of_several(addresses: list[str], asked: _Asked) -> _Checked:
    """The same; a job that cannot be read is a finding, so that those of the others are not lost."""
    from arcbook.core.failures import AccessError, InputError
    from arcbook.core.problem import Problem

    try:
        return _check(addresses, asked)
    except (InputError, AccessError) as error:
        return _Checked(dict.fromkeys(addresses, ""), (Problem("missing-document", error.message),))


def _check(addresses: list[str], asked: _Asked) -> _Checked:
    from arcbook.cells.asked import asked_apart, names_asked, unasked
    from arcbook.cells.fetch import fetch_text
    from arcbook.cells.joined import joined
    from arcbook.cells.notebook import job_of
    from arcbook.cells.plan import Context, check_job
    from arcbook.core.failures import CellError
    from arcbook.core.launch import times

    texts = {address: fetch_text(address) for address in addresses}
    try:
        job = joined([job_of(texts[address], address) for address in addresses])
    except CellError as error:
        return _Checked(texts, tuple(error.problems))
    named, launch = job.declarations.among(asked.launch)
    found = tuple(unasked(job.declarations, job.sources, launch))
    given, wanted = asked_apart(asked.given, job.declarations, names_asked(job.sources) if asked.given else set())
    launch |= wanted
    problems: list[Problem] = []
    values = job.values_of_parameters()
    if given or named or asked.complete:
        try:
            values = job.declarations.bind({**job.injected, **named, **given})
        except CellError as error:
            problems += error.problems
    # As a run does: the notebook's own choice counts when nobody else chose.
    settings = replace(asked.settings, environment=asked.settings.environment or job.environment)
    context = Context(
        settings=settings,
        launch=launch | times(launch, settings.logical_time),
        values=values,
        engine=asked.engine,
        complete=asked.complete,
    )
    report = check_job(job, context)
    return _Checked(texts, (*problems, *report.problems), len(report.steps), found)
