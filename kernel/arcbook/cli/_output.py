"""What commands share: options, and printing problems and errors as text or JSON."""

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from arcbook.core.failures import ArcbookError, CellError, InternalError
from arcbook.core.launch import launch_values
from arcbook.core.problem import Problem, Severity

#: papermill's spellings as well; its `-r` keeps text, which every one of ours does.
_PARAMETER_OPTIONS = ("-p", "-r", "--parameter", "--parameters", "--parameters_raw")

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def json_option(function: Decorated) -> Decorated:
    """The option `--json`, passed on as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(function)


def engine_option(function: Decorated) -> Decorated:
    """The option `--engine`, None when neither it nor ARCBOOK_ENGINE says anything."""
    return click.option("--engine", envvar="ARCBOOK_ENGINE", metavar="NAME", help="embedded (default) or local.")(
        function
    )


def environment_option(function: Decorated) -> Decorated:
    """The option `--environment`."""
    return click.option("--environment", metavar="NAME", help="Which stages run: those that list it.")(function)


class ParameterCommand(click.Command):
    """A command with `parameter_option`, which may be written `-p name value` as well as `-p name=value`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Bring the first form into the second."""
        plain: list[str] = []
        waiting = iter(args)
        for arg in waiting:
            plain.append(arg)
            if arg in _PARAMETER_OPTIONS and (name := next(waiting, None)) is not None:
                value = None if "=" in name else next(waiting, None)
                plain.append(name if value is None else f"{name}={value}")
        return super().parse_args(ctx, self.without_extras(ctx, plain))

    def without_extras(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What is left for click when a command takes further arguments by itself; a `-p` already has its value."""
        return args


def parameter_option(function: Decorated) -> Decorated:
    """The options `-p` and `-r`, repeatable, passed on as `parameters`: a tuple of texts `name=value`."""
    return click.option(
        *_PARAMETER_OPTIONS, "parameters", multiple=True, metavar="NAME VALUE",
        help="A parameter; repeatable; `-p name=value` works too. The text is kept: 007 stays 007.",
    )(function)  # fmt: skip


def parameter_file_options(function: Decorated) -> Decorated:
    """The options `-f` and `-y`, repeatable, passed on as `files` and `documents`."""
    for option in (
        click.option(
            "-y", "--parameters-yaml", "--parameters_yaml", "documents", multiple=True, metavar="YAML",
            help="The same as text: -y 'tables: [a, b]'.",
        ),
        click.option(
            "-f", "--parameters-file", "--parameters_file", "files", multiple=True, metavar="FILE",
            help="Parameters in a YAML or JSON file; text is kept as with -p.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


def given_values(parameters: Iterable[str], files: Iterable[str], documents: Iterable[str]) -> dict[str, Any]:
    """The values of `-p`, which win over those of `-y`, and these over those of `-f`.

    Raises:
        ArcbookError: a file cannot be read, or says something else than names and values.
    """
    given: dict[str, Any] = {}
    if files or documents:
        from arcbook.runs.texts import parse_parameters, read_parameters

        for file in files:
            given |= read_parameters(file)
        for document in documents:
            given |= parse_parameters(document, "-y")
    return given | pairs(parameters)


def launch_value(argument: str) -> dict[str, str]:
    """What `--name=value` gives, also when the value is empty, which a run refuses."""
    name, _, value = argument.removeprefix("--").partition("=")
    return launch_values([argument]) or {name: value}


def pairs(texts: Iterable[str], option: str = "-p") -> dict[str, str]:
    """`name=value` texts of an option as a mapping; a text without `=` is a usage error."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise click.UsageError(f"`{option} {text}` gives no value: write `{option} name=value`.")
        found[name.strip()] = value
    return found


def counted(number: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size_text(size: int) -> str:
    """A number of bytes for people: `45 kB`, `1.2 GB`."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 999.5:
            return f"{amount:.0f} {unit}" if amount >= 9.95 or unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def echo_json(value: Any) -> None:
    """Print a value as JSON; what JSON does not know becomes text."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def echo_table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Print rows in columns as wide as what is in them."""
    from arcbook.cells.text_table import aligned

    for line in aligned([heading, *rows]):
        click.echo(line)


def show_problems(problems: Iterable[Problem], *, err: bool = False) -> None:
    """Print findings, one paragraph each."""
    for problem in problems:
        colour = "red" if problem.severity is Severity.ERROR else "yellow"
        first, _, rest = str(problem).partition("\n")
        click.secho(first, fg=colour, err=err)
        if rest:
            click.echo(rest, err=err)


def error_value(error: ArcbookError) -> dict[str, Any]:
    """An error as plain values, as `--json` prints it."""
    return {
        "error": {
            "class": type(error).__name__,
            "failure": error.failure.name,
            "exit_code": error.exit_code,
            "retry": str(error.failure.retry),
            "message": error.message,
            "problems": [problem.to_dict() for problem in error.problems],
        }
    }


def show_error(error: ArcbookError, *, as_json: bool) -> None:
    """Print an error: to standard output as JSON, else to standard error as text."""
    if as_json:
        echo_json(error_value(error))
        return
    if isinstance(error, CellError):
        show_problems(error.problems, err=True)
    else:
        click.secho(f"{error.failure.name} error: {error.message}", fg="red", err=True)
        show_problems(error.problems, err=True)
    if isinstance(error, InternalError) and error.detail:
        click.echo(error.detail, err=True)
