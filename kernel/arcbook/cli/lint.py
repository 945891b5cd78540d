"""Find and repair what has one right answer: misspelt magics, arguments, types and keys, missing environments."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arcbook.cli._output import counted, echo_json, json_option, show_problems
from arcbook.core.failures import FAILURES

if TYPE_CHECKING:
    from arcbook.core.problem import Problem

_HELP = """Show what can be repaired in JOBS (.ipynb, .json, .conf, .hocon); with --fix repair it.

Only the repaired text changes: line ends, indentation and escapes stay as they were. The exit code is 64 when something
is left to repair.

With --arc nothing is repaired: it tells what original Arc would do differently with the jobs.
"""


@click.command(help=_HELP)
@click.argument("jobs", nargs=-1, required=True, metavar="JOBS...")
@click.option("--fix", is_flag=True, help="Repair the files in place.")
@click.option(
    "--environments", metavar="NAMES",
    help="What a stage shall list that lists no environments, separated by commas; "
    "by default `environments` of [tool.arcbook.lint] in pyproject.toml.",
)  # fmt: skip
@click.option("--arc", is_flag=True, help="Tell what original Arc would do differently.")
@json_option
def command(jobs: tuple[str, ...], fix: bool, environments: str | None, arc: bool, as_json: bool) -> int:
    """Repair jobs, or compare them with Arc."""
    if arc and (fix or environments):
        raise click.UsageError("--arc repairs nothing: leave out --fix and --environments")
    return _compare(jobs, as_json=as_json) if arc else _repair(jobs, fix, _names(environments), as_json=as_json)


def _names(environments: str | None) -> tuple[str, ...] | None:
    if environments is None:
        return None
    names = tuple(name.strip() for name in environments.split(",") if name.strip())
    if not names:
        raise click.UsageError("--environments names none")
    return names


def _repair(jobs: tuple[str, ...], fix: bool, environments: tuple[str, ...] | None, *, as_json: bool) -> int:
    from arcbook.cells.lint import fix_document, fix_text
    from arcbook.cli._policy import demanded_environments

    found: dict[str, list[str]] = {}
    for address in jobs:
        path = Path(address)
        demanded = environments if environments is not None else demanded_environments(path)
        text = _text(address)
        if address.lower().endswith(".ipynb"):
            repaired, done = fix_text(text, demanded)
        else:
            repaired, done = fix_document(text, demanded, address)
        if done:
            found[address] = done
            if fix:
                if not path.is_file():
                    raise click.UsageError(f"{address} is no file of this machine, so it cannot be repaired in place")
                path.write_bytes(repaired.encode("utf-8"))
    left = 0 if fix else sum(map(len, found.values()))
    code = FAILURES["definition"].exit_code if left else 0
    if as_json:
        echo_json({"fixed": fix, "repairs": found})
        return code
    for address, repairs in found.items():
        for repair in repairs:
            click.echo(f"{address}: {repair}" if fix else f"{address}: to repair: {repair}")
    if left:
        click.echo("Repair with `arcbook lint --fix`.")
    elif not found:
        click.echo("nothing to repair")
    return code


def _compare(jobs: tuple[str, ...], *, as_json: bool) -> int:
    from arcbook.cells.arc_lint import arc_differences
    from arcbook.cells.fetch import fetch_text
    from arcbook.cells.notebook import job_of

    found: list[Problem] = []
    for address in jobs:
        text = fetch_text(address)
        found += arc_differences(job_of(text, address), text)
    if as_json:
        echo_json({"differences": [problem.to_dict() for problem in found]})
        return 0
    show_problems(found)
    click.echo(f"{counted(len(found), 'difference')} from original Arc")
    return 0


def _text(address: str) -> str:
    """The file's text with its own line ends, which must come back as they were."""
    from arcbook.cells.fetch import fetch_text

    path = Path(address)
    if path.is_file():
        with suppress(UnicodeDecodeError):
            return path.read_bytes().decode("utf-8")
    return fetch_text(address)
