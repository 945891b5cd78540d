"""Find and repair what has one right answer: misspelt magics and arguments, a missing kernel name."""

from pathlib import Path

import click

from arcbook.cli._output import echo_json, json_option
from arcbook.core.failures import FAILURES


@click.command(help="Show what can be repaired in NOTEBOOKS; with --fix repair it. Only the repaired text changes.")
@click.argument("notebooks", nargs=-1, required=True, metavar="NOTEBOOKS...")
@click.option("--fix", is_flag=True, help="Repair the files in place.")
@json_option
def command(notebooks: tuple[str, ...], fix: bool, as_json: bool) -> int:
    """The exit code is 64 when something is left to repair."""
    from arcbook.cells.fetch import fetch_text
    from arcbook.cells.lint import fix_text

    found: dict[str, list[str]] = {}
    for address in notebooks:
        # The file's own line ends must come back as they were.
        path = Path(address)
        text = path.read_bytes().decode("utf-8") if path.is_file() else fetch_text(address)
        repaired, done = fix_text(text)
        if done:
            found[address] = done
            if fix:
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
