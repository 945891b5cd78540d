"""Promote a job to Argo: an immutable bundle and its manifests."""

from pathlib import Path
from typing import Any

import click

from arcbook.cli._output import ParameterCommand, echo_json, json_option, pairs, parameter_option, show_problems

# Defaults are those of arcbook.promote.target.Target, named here because importing it would slow down `--help`.


@click.command("promote", cls=ParameterCommand)
@click.argument("job", metavar="NOTEBOOK|JOB")
@click.option("--out", "folder", required=True, metavar="DIR", type=click.Path(path_type=Path), help="Where to write.")
@click.option("--schedule", "schedules", multiple=True, metavar="CRON", help="Five fields, as 0 3 * * *; repeatable.")
@click.option("--timezone", metavar="ZONE", help="The schedule's time zone, as Asia/Seoul. Default: UTC.")
@click.option("--starting-deadline", type=int, metavar="SECONDS", help="How late a missed start is made up (3600).")
@click.option("--environment", default="prod", show_default=True, metavar="NAME", help="Which stages run.")
@click.option("--engine", default="embedded", show_default=True, metavar="NAME", help="Where SQL runs.")
@click.option("--image", metavar="REF", help="The container image, by digest. Default: a stand-in, with a warning.")
@click.option(
    "--bucket", metavar="NAME[/PREFIX]", help="Keeps bundles and records. Default: a stand-in, with a warning."
)
@click.option("--namespace", default="arcbook", show_default=True, metavar="NAME", help="The Kubernetes namespace.")
@click.option("--service-account", default="arcbook-job", show_default=True, metavar="NAME", help="The pod's account.")
@click.option("--size", default="small", show_default=True, metavar="NAME", help="The pod: small, medium or large.")
@click.option("--name", metavar="NAME", help="The job's name in Kubernetes. Default: from the file's name.")
@click.option("--owner", default="", metavar="WHO", help="Whom to ask about the job; noted on everything it makes.")
@click.option("--env", "variables", multiple=True, metavar="NAME=VALUE", help="An environment variable; repeatable.")
@click.option(
    "--secret", "secrets", multiple=True, nargs=2, metavar="NAME ADDRESS",
    help="Where a secret parameter is kept: aws-secretsmanager://NAME, env://NAME or k8s://SECRET/KEY; repeatable.",
)  # fmt: skip
@click.option("--deadline", type=click.IntRange(min=1), metavar="SECONDS", help="The longest a run may take (14400).")
@parameter_option
@json_option
def command(
    job: str,
    folder: Path,
    schedules: tuple[str, ...],
    timezone: str | None,
    starting_deadline: int | None,
    bucket: str | None,
    image: str | None,
    size: str,
    name: str | None,
    variables: tuple[str, ...],
    secrets: tuple[tuple[str, str], ...],
    deadline: int | None,
    parameters: tuple[str, ...],
    as_json: bool,
    **choices: Any,
) -> None:
    """Check NOTEBOOK or JOB for its environment and write what Argo needs to run it into DIR.

    Written are bundles/HASH/ (the job's sources, verified when they are loaded), NAME.workflow-template.yaml and, with
    --schedule, NAME.cron-workflow.yaml. Nothing is written when the job or a choice has an error (exit code 64). `-p`
    replaces a parameter's default.
    """
    from arcbook.promote.prepare import prepare
    from arcbook.promote.target import Schedule, Target
    from arcbook.promote.write import write

    if (timezone or starting_deadline) and not schedules:
        raise click.UsageError("--timezone and --starting-deadline belong to a --schedule, and there is none.")
    optional: dict[str, Any] = {"image": image, "store": bucket, "deadline_seconds": deadline}
    target = Target(
        profile=size,
        variables=pairs(variables, "--env"),
        secrets=dict(secrets),
        **{key: value for key, value in optional.items() if value is not None},
        **choices,
    )
    schedule = None
    if schedules:
        given: dict[str, Any] = {"timezone": timezone, "starting_deadline_seconds": starting_deadline}
        schedule = Schedule(crons=schedules, **{key: value for key, value in given.items() if value is not None})
    promotion = prepare(job, target, name=name, schedule=schedule, parameters=pairs(parameters))
    written = write(promotion, folder)
    address = target.address(f"bundles/{promotion.bundle.name}")
    if as_json:
        echo_json(
            {
                "job": promotion.job.name,
                "bundle": promotion.bundle.name,
                "address": address,
                "folder": str(written.bundle),
                "manifests": list(map(str, written.manifests)),
                "stale": list(map(str, written.stale)),
                "warnings": [problem.to_dict() for problem in promotion.warnings],
            }
        )
        return
    show_problems(promotion.warnings, err=True)
    for path in (written.bundle, *written.manifests):
        click.echo(f"wrote {path}")
    for path in written.stale:
        click.echo(f"not part of this promotion any more: {path}", err=True)
    click.echo("\nTo bring it to the cluster:")
    click.echo(f"  aws s3 sync {written.bundle} {address}")
    for path in written.manifests:
        click.echo(f"  kubectl apply -f {path}")
