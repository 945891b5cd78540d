"""Run the tests of jobs: rows in, rows out, on one engine."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from arcbook.cli._output import echo_json, engine_option, json_option
from arcbook.core.launcher import DEFAULT_ENGINE

if TYPE_CHECKING:
    from arcbook.testing.run import Verdict

_HELP = """Run the tests in PLACES: files `NAME.test.yaml`, or folders that are searched for them (default: this one).

A test gives rows for some views of a job and says what other views must then hold; the stages between them run, loads
do not. The exit code is 65 when a test fails.
"""


@click.command(help=_HELP)
@click.argument("places", nargs=-1, type=click.Path(path_type=Path), metavar="[PLACES]...")
@click.option("-k", "names", default="", metavar="TEXT", help="Only tests whose name contains this.")
@engine_option
@json_option
def command(places: tuple[Path, ...], names: str, engine: str | None, as_json: bool) -> int:
    """Run tests and print a line for each, with what was not as expected below it."""
    from arcbook.core.failures import FAILURES, DefinitionError
    from arcbook.engines.open import open_engine
    from arcbook.testing.run import find_test_files, run_file

    files = find_test_files(list(places) or [Path()])
    if not files:
        raise DefinitionError("There is no test file (`NAME.test.yaml`) here.")
    verdicts: list[Verdict] = []
    opened = open_engine(engine or DEFAULT_ENGINE)
    try:
        for path in files:
            for verdict in run_file(path, opened, names):
                verdicts.append(verdict)
                if not as_json:
                    _show(verdict)
    finally:
        opened.close()
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if as_json:
        echo_json({
            "tests": [
                {"file": str(each.file), "name": each.name, "passed": each.passed, "seconds": round(each.seconds, 3),
                 "faults": each.faults}
                for each in verdicts
            ],
            "failed": len(failed),
        })  # fmt: skip
    else:
        click.echo(f"{len(verdicts) - len(failed)} passed, {len(failed)} failed")
    if not verdicts:
        raise DefinitionError(f"No test's name contains `{names}`.")
    return FAILURES["quality"].exit_code if failed else 0


def _show(verdict: "Verdict") -> None:
    mark, colour = ("ok    ", "green") if verdict.passed else ("FAILED", "red")
    click.echo(f"{click.style(mark, fg=colour)} {verdict.file}: {verdict.name} ({verdict.seconds:.2f} s)")
    for fault in verdict.faults:
        click.echo("  " + fault.replace("\n", "\n  "))
