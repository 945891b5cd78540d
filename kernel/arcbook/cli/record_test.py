"""Make a test of the stage at which a run failed."""

from functools import partial
from pathlib import Path

import click

from arcbook.cli._output import echo_json, engine_option, json_option
from arcbook.core.launcher import DEFAULT_ENGINE


@click.command("record-test")
@click.argument("run", default="latest")
@click.option(
    "--record", "root", metavar="DIR|s3://…", help="Where records are kept. Default: $ARCBOOK_RECORD, else ./runs."
)
@click.option("--name", default="", help="The test's name.")
@click.option(
    "--file", type=click.Path(path_type=Path), metavar="FILE", help="The test file. Default: the one of the notebook."
)
@click.option("--unmasked", default="", metavar="COLUMNS", help="Columns whose values stay, with commas between.")
@click.option("--tries", default=60, show_default=True, help="How often the stage may be run to leave out rows.")
@engine_option
@json_option
def command(
    run: str, root: str | None, name: str, file: Path | None, unmasked: str, tries: int, engine: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Make a test of the stage at which RUN failed: its input rows, fewer and masked, and the failure.

    RUN is a run id or its beginning, `job/run-id`, or `latest`. The views that the stage reads are made again, as the
    run made them; nothing is written but the test, which has passed once.
    """
    from arcbook.engines.open import open_engine
    from arcbook.runs.store import open_store
    from arcbook.testing.recording.inputs import inputs_of_run
    from arcbook.testing.recording.record import Wish, record_test

    record = open_store(root).find(run, partial(click.echo, err=True)).record()
    columns = tuple(each.strip() for each in unmasked.split(",") if each.strip())
    wish = Wish(notebook=Path(), stage=("", ""), name=name, file=file, unmasked=columns, tries=tries)
    opened = open_engine(engine or record.engine or DEFAULT_ENGINE)
    try:
        recorded = record_test(*inputs_of_run(record, wish, opened), opened)
    finally:
        opened.close()
    if as_json:
        echo_json({
            "file": str(recorded.file), "name": recorded.name, "rows": recorded.after, "of": recorded.before,
            "unmasked": recorded.kept,
        })  # fmt: skip
        return
    kept = f"; not masked: {', '.join(recorded.kept)}" if recorded.kept else ""
    click.echo(f"{recorded.file}: `{recorded.name}`, {recorded.after} of {recorded.before} input rows, masked{kept}")
