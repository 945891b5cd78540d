"""The command `arcbook`: one module per command, found by name.

A module of this package whose name does not start with `_` is a command: it defines `command` (a click command), and
the first line of its docstring is its summary. Modules are imported only when their command is called, so that
`arcbook --help` stays fast.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from arcbook.core.failures import FAILURES, ArcbookError, DefinitionError

_FOLDER = Path(__file__).parent
_CANCELLED = FAILURES["cancelled"].exit_code
#: What a shell says of a process that SIGPIPE ended: the reader of the output has left.
_UNREAD = 141


class Commands(click.Group):
    """Commands found as files; a summary is read from the file, without importing it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted(path.stem.replace("_", "-") for path in _FOLDER.glob("*.py") if not path.stem.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in self.list_commands(ctx):
            return None
        import importlib

        module = importlib.import_module(f"arcbook.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click, with a suggestion for an unknown name."""
        from arcbook.core.suggest import did_you_mean

        if args and not args[0].startswith("-") and args[0] not in (names := self.list_commands(ctx)):
            raise click.UsageError(f"there is no command `{args[0]}`. {did_you_mean(args[0], names)}".strip(), ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """As click, which would end with a code of its own when nobody reads any more."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise click.exceptions.Exit(_UNREAD) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands with their summaries."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _summary(name)) for name in self.list_commands(ctx)])


def _summary(name: str) -> str:
    with (_FOLDER / f"{name.replace('-', '_')}.py").open(encoding="utf-8") as source:
        return source.readline().strip().strip('"').rstrip(".")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="arcbook", message="%(prog)s %(version)s")
def arcbook() -> None:
    """Write ETL jobs as notebooks of SQL cells and stages, run them on Spark, promote them to Argo unchanged."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with the failure's exit code.

    This is the one place that turns errors into text, or into JSON when `--json` was given.
    """
    given = sys.argv[1:] if arguments is None else arguments
    code = invoke(given)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            # Nobody reads, or the disk is full. The interpreter would fail at its own attempt, with a code of its own.
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)


def invoke(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    as_json = "--json" in arguments
    try:
        result: Any = arcbook.main(arguments, prog_name="arcbook", standalone_mode=False)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.exceptions.Abort:
        return _CANCELLED
    except click.ClickException as wrong:
        return _refused(wrong, as_json=as_json)
    except ArcbookError as error:
        from arcbook.cli._output import show_error

        with suppress(OSError):  # nobody reads: the exit code still tells
            show_error(error, as_json=as_json)
        return error.exit_code
    except KeyboardInterrupt:
        click.echo("cancelled", err=True)
        return _CANCELLED
    except Exception as bug:  # noqa: BLE001 - the outermost border: a bug must end with its class's exit code too
        import traceback

        from arcbook.cli._output import show_error
        from arcbook.core.failures import InternalError

        shown = InternalError(f"arcbook failed: {type(bug).__name__}: {bug}", detail=traceback.format_exc())
        show_error(shown, as_json=as_json)
        return shown.exit_code
    return result if isinstance(result, int) else 0


def _refused(wrong: click.ClickException, *, as_json: bool) -> int:
    """Show what click, or an error in its form, has to say; a wrong command line is a wrong definition of the job."""
    if not isinstance(wrong, click.UsageError):
        wrong.show()
        return wrong.exit_code
    error = DefinitionError(wrong.format_message())
    if as_json:
        from arcbook.cli._output import show_error

        show_error(error, as_json=True)
    else:
        wrong.show()
    return error.exit_code
