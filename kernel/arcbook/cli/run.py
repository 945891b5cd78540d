"""Run a notebook or job file and leave a record."""

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from arcbook.cli._job_options import JobCommand
from arcbook.cli._output import (
    echo_json,
    engine_option,
    environment_option,
    given_values,
    json_option,
    parameter_file_options,
    parameter_option,
)
from arcbook.runs import layout

if TYPE_CHECKING:
    from arcbook.runs.request import Outcome


@click.command("run", cls=JobCommand)
@click.argument("jobs", nargs=-1, metavar="NOTEBOOK|JOB|BUNDLE|FOLDER...")
@parameter_option
@parameter_file_options
@engine_option
@environment_option
@click.option("--logical-time", metavar="TIME", help="The run's one time (ISO; UTC without a zone). Default: now.")
@click.option(
    "--run-key", metavar="KEY", help="The same for every attempt at this run, so that a retry appends nothing twice."
)
@click.option("--record", metavar="DIR|s3://…", help="Where records are kept. Default: $ARCBOOK_RECORD, else ./runs.")
@click.option("--output", metavar="FILE", help="Write the executed notebook here too (path or s3://).")
@click.option("--cwd", metavar="DIR", help="The kernel's working directory. Default: the job's folder.")
@click.option("--timeout", type=click.IntRange(min=1), metavar="SECONDS", help="The longest a cell may take.")
@click.option("--jobs", "workers", type=click.IntRange(min=1), metavar="N", help="Of a folder: how many at once.")
@click.option("--resume", metavar="RUN", help="Go on with a failed run: execute what failed and what follows.")
@click.option(
    "--python-again/--no-python-again",
    default=None,
    help="With --resume: run completed %python cells once more, or leave them out.",
)
@click.option("--cache", is_flag=True, help="Take unchanged work from earlier runs. Also: ARCBOOK_REUSE=true.")
@click.option(
    "--checkpoints",
    type=click.Choice(("never", "small", "always")),
    help="Which views are kept for resuming. Default: $ARCBOOK_CHECKPOINTS, else small ones; all with --cache.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    jobs: tuple[str, ...],
    parameters: tuple[str, ...],
    files: tuple[str, ...],
    documents: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> None:
    """Run NOTEBOOK (.ipynb), JOB (Arc's HOCON or JSON) or a promoted BUNDLE from top to bottom and leave a record.

    FOLDER runs all notebooks and job files in and below it, in the order that what they read and write gives; each has
    a record of its own, and takes the parameters that it declares.

    Several jobs are joined: one run with the cells, parameters and values of all, one after the other. A bundle is a
    folder or `s3://` prefix whose last part is its hash; every byte of it is verified first.

    The parameters that the job declares are options too, behind its name: `arcbook run JOB --help` lists them. Arc's
    launch values are taken as well: `--etl.config.environment=test`, `--ETL_CONF_NAME=value`. The exit code is that of
    the failure class (docs/failures.md); 0 means that every cell ran.

    `--resume RUN` needs no job: it takes that of the run, with its parameters, its time and its environment.
    """
    choices = _choices(given_values(parameters, files, documents), ctx.meta["arcbook.launch"], options)
    if options["resume"]:
        jobs, choices = _resumed(options["resume"], jobs, choices)
    elif not jobs:
        raise click.UsageError("Missing argument 'NOTEBOOK|JOB|BUNDLE|FOLDER...'.")
    elif options["python_again"] is not None:
        raise click.UsageError("--python-again and --no-python-again say what --resume does.")
    folder = _folder_in(jobs)
    if folder is not None:
        from arcbook.cli._folder import run_folder

        ctx.exit(run_folder(folder, choices, workers=options["workers"], as_json=as_json))
    if options["workers"]:
        raise click.UsageError("--jobs is for a folder: one job runs by itself.")
    _report(ctx, _outcome(jobs, choices), options["output"], as_json)


def _choices(given: dict[str, Any], launch: dict[str, str], options: dict[str, Any]) -> dict[str, Any]:
    """What the options choose, as fields of `arcbook.runs.request.Request`."""
    from arcbook.runs.launch import read_logical_time

    if options["run_key"] and not options["logical_time"]:
        raise click.UsageError("--run-key needs --logical-time: all attempts at a run share their time, too.")
    choices: dict[str, Any] = {"folder": options["cwd"]} if options["cwd"] else {}
    if options["logical_time"]:
        choices["logical_time"] = read_logical_time(options["logical_time"])
    same = ("environment", "run_key", "engine", "output", "cache", "checkpoints", "python_again")
    return {
        **choices,
        **{name: options[name] for name in same},
        "parameters": given,
        "launch": launch,
        "record_root": options["record"],
        "cell_timeout": options["timeout"],
    }


def _folder_in(jobs: tuple[str, ...]) -> str | None:
    """The folder whose jobs are to run; None where jobs are named themselves."""
    from arcbook.core.addresses import local_path
    from arcbook.promote.load import is_bundle

    folders = [local_path(each) for each in jobs if not is_bundle(each) and local_path(each).is_dir()]
    if folders and len(jobs) > 1:
        raise click.UsageError("a folder runs by itself: give its path alone")
    return str(folders[0]) if folders else None


def _outcome(jobs: tuple[str, ...], choices: dict[str, Any]) -> "Outcome":
    """Run a bundle, or jobs joined to one."""
    from arcbook.promote.load import is_bundle, opened_bundle

    job, *others = jobs
    if not any(map(is_bundle, jobs)):
        return _run(job, choices, *others)
    if others:
        raise click.UsageError("a bundle runs by itself: it is what was promoted")
    with opened_bundle(job) as opened:
        copies = {address: str(path) for address, path in opened.documents.items()}
        return _run(str(opened.entry), choices | {"bundle": job, "documents": copies})


def _resumed(run: str, jobs: tuple[str, ...], choices: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The jobs of a run to resume, and the choices with its record."""
    from arcbook.cli._folder_runs import find_run, is_folder_run, refuse_folder_run
    from arcbook.runs.resume import FIXED, failed_run, sources_of_run
    from arcbook.runs.store import NoRunError, open_store

    for name in FIXED:
        if choices.get(name):
            option = f"--{name.replace('_', '-')}" if name != "launch" else f"--{next(iter(choices['launch']))}"
            raise click.UsageError(f"{option} and --resume exclude each other: the failed run has chosen it.")
    try:
        record = failed_run(run, choices["record_root"], partial(click.echo, err=True))
    except NoRunError:
        if is_folder_run(place := find_run(open_store(choices["record_root"]), run)):
            refuse_folder_run(place)
        raise
    return jobs or sources_of_run(record), choices | {"resumes": record}


def _run(job: str, choices: dict[str, Any], *others: str) -> "Outcome":
    from arcbook.runs.launch import read_request, run
    from arcbook.runs.progress import progress
    from arcbook.runs.resume import resume_request

    record = choices.pop("resumes", None)
    request = resume_request(record, job, *others, **choices) if record else read_request(job, *others, **choices)
    with progress(request.notebook) as on_cell:
        return run(request, on_cell)


def _report(ctx: click.Context, outcome: "Outcome", output: str | None, as_json: bool) -> None:
    """Print how the run went, and end with its exit code, whether anybody reads it or not."""
    with suppress(OSError):
        _show(outcome, output, as_json)
    if outcome.error and not as_json:
        raise outcome.error
    ctx.exit(outcome.error.exit_code if outcome.error else 0)


def _show(outcome: "Outcome", output: str | None, as_json: bool) -> None:
    for line in (*outcome.warnings, *outcome.record.notes, outcome.record_trouble):
        if line:
            click.echo(line, err=True)
    from arcbook.runs.gates import shown_evidence

    if as_json:
        echo_json({**outcome.record.model_dump(mode="json"), "record": outcome.address})
        return
    failure = outcome.record.failure
    if failure and failure.cell:
        click.echo(f"Cell {failure.cell} failed.", err=True)
    for line in shown_evidence(outcome.record):
        click.echo(line, err=True)
    if not outcome.error:
        click.echo(f"Completed {outcome.record.job} in {outcome.record.seconds or 0.0:.1f} s.")
    click.echo(f"Record: {outcome.address}/{layout.RECORD}", err=bool(outcome.error))
    written = output and not outcome.record_trouble
    click.echo(f"Notebook: {output if written else f'{outcome.address}/{layout.NOTEBOOK}'}", err=bool(outcome.error))
