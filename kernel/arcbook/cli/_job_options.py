"""A job's own parameters as options of a command: `--run-date 2026-11-23`, and the help that lists them."""

import re
from typing import TYPE_CHECKING

import click

from arcbook.cli._output import ParameterCommand, launch_value
from arcbook.core.suggest import did_you_mean

if TYPE_CHECKING:
    from arcbook.cells.declarations import Declaration
    from arcbook.cells.params import Declarations

_LAUNCH = "arcbook.launch"
_JOBS = "arcbook.jobs"
#: What may stand as a value behind `--name`: another option may not, a negative number may.
_VALUE = re.compile(r"(?!-)|-\.?\d|-$|-P")


class JobCommand(ParameterCommand):
    """Takes the job's parameters and Arc's launch values: `--name value` behind the job, `--name=value` anywhere.

    Both are kept as text in `ctx.meta["arcbook.launch"]`; which names the job declares is known once it is read.
    """

    def without_extras(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Set them apart."""
        options = {name: each for each in self.get_params(ctx) for name in (*each.opts, *each.secondary_opts)}
        launch: dict[str, str] = {}
        jobs: list[str] = []
        plain: list[str] = []
        waiting = list(reversed(args))
        while waiting:
            arg = waiting.pop()
            name, equals, _ = arg.partition("=")
            known = options.get(name)
            if not arg.startswith("--") or arg == "--" or known is not None:
                plain.append(arg)
                if isinstance(known, click.Option) and not known.is_flag and not equals and waiting:
                    plain.append(waiting.pop())
                elif not arg.startswith("-"):
                    jobs.append(arg)
            elif equals:
                launch |= launch_value(arg)
            elif jobs and waiting and _VALUE.match(waiting[-1]):
                launch[name[2:]] = waiting.pop()
            else:
                raise click.UsageError(_no_option(name, options, asked=bool(jobs)), ctx)
        ctx.meta[_LAUNCH], ctx.meta[_JOBS] = launch, jobs
        return plain

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, and the parameters of each job that was named."""
        super().format_options(ctx, formatter)
        taken = {name for each in self.get_params(ctx) for name in each.opts}
        for job in ctx.meta.get(_JOBS, ()):
            with formatter.section(f"Parameters of {job}"):
                _write_parameters(job, taken, formatter)


def _no_option(name: str, options: "dict[str, click.Parameter]", *, asked: bool) -> str:
    remedy = did_you_mean(name, [each for each in options if each.startswith("--")])
    behind = "" if asked else " A parameter of the job stands behind the job: `arcbook run JOB --name value`."
    message = f"`{name}` needs a value, or there is no such option." if asked else f"there is no option {name}."
    return f"{message} {remedy}{behind}".replace("  ", " ").strip()


def _write_parameters(job: str, taken: set[str], formatter: click.HelpFormatter) -> None:
    from arcbook.core.failures import ArcbookError

    try:
        declarations = _declarations(job)
    except ArcbookError as error:
        formatter.write_text(f"They cannot be listed: {error.message}")
        return
    rows = [(_option(each, taken), _described(each)) for each in declarations]
    if rows:
        formatter.write_dl(rows)
    else:
        formatter.write_text("The job declares none.")


def _declarations(job: str) -> "Declarations":
    """What a job, or the job in a bundle, declares.

    Raises:
        ArcbookError: it cannot be read.
    """
    from arcbook.cells.notebook import declarations_of, read_job
    from arcbook.promote.load import is_bundle, opened_bundle

    if not is_bundle(job):
        return declarations_of(read_job(job))
    with opened_bundle(job) as opened:
        return declarations_of(read_job(str(opened.entry)))


def _option(declaration: "Declaration", taken: set[str]) -> str:
    """How the parameter is given; by `-p` where its name is that of an option of the command."""
    option = f"--{declaration.name.replace('_', '-')}"
    written = f"-p {declaration.name}" if option in taken or f"--{declaration.name}" in taken else option
    return f"{written} {'|'.join(declaration.type.choices) or declaration.type.kind.upper()}"


def _described(declaration: "Declaration") -> str:
    default = "required" if declaration.required else f"default: {declaration.default_text() or 'none'}"
    facts = "; ".join(part for part in (str(declaration.type), declaration.rules(), default) if part)
    return f"{declaration.help}  [{facts}]".strip()
