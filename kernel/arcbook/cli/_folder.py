"""`arcbook run FOLDER`: all jobs of a folder in their order."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arcbook.cli._output import counted, echo_json

if TYPE_CHECKING:
    from arcbook.folders.record import FolderRecord, JobNote


def run_folder(folder: str, choices: dict[str, Any], *, workers: int | None, as_json: bool) -> int:
    """Run the jobs of `folder`; `choices` are fields of the runs' requests. Returns the exit code.

    Raises:
        ArcbookError: something is wrong with a job or with their order, or no record can be kept; nothing was run.
    """
    from arcbook.core.masking import masker
    from arcbook.folders.prepare import read_folder
    from arcbook.folders.run import default_workers, run_batch
    from arcbook.runs.request import now

    if choices.get("output"):
        raise click.UsageError("--output is for one notebook; the record of each job has its executed notebook.")
    if choices.get("resumes"):
        raise click.UsageError(
            "--resume is for one job: resume the run of each job that failed (`arcbook runs show FOLDER/latest` tells "
            "which; `arcbook run --resume RUN`), or run the folder again."
        )
    given = {name: value for name, value in choices.items() if value is not None}
    batch = read_folder(Path(folder), given, given.get("logical_time") or now())
    workers = min(workers or default_workers(), len(batch.members))

    def say(line: str) -> None:
        with suppress(OSError):  # whether anybody reads decides neither what runs nor how it ends
            click.echo(masker().mask(line), err=True)

    for note in batch.notes:
        say(note)
    sequence = ", ".join(batch.order.sequence())
    say(f"{counted(len(batch.members), 'job')}, {workers} at once, in the order {sequence}")
    record, address = run_batch(batch, workers=workers, record_root=given.get("record_root"), say=say)
    with suppress(OSError):
        if as_json:
            echo_json({**record.model_dump(mode="json"), "exit_code": record.exit_code, "record": address})
        else:
            show_folder(record, address)
    return record.exit_code


def show_folder(record: "FolderRecord", address: str) -> None:
    """Print what became of each job of a folder's run, and of the whole; `address` is where its record is."""
    from arcbook.cells.text_table import aligned
    from arcbook.runs.layout import FOLDER_RECORD

    for line in aligned([(job.name, _ending(job)) for job in record.jobs]):
        click.echo(line)
    if record.failure:
        click.echo(record.failure.message)
    took = f" in {record.seconds:.1f} s" if record.seconds is not None else ""
    click.echo(f"{record.status.capitalize()} {record.folder}{took}.")
    if address:
        click.echo(f"Record: {address}/{FOLDER_RECORD}")


def _ending(job: "JobNote") -> str:
    if job.status == "skipped":
        return job.reason
    seconds = f" in {job.seconds:.1f} s" if job.seconds is not None else ""
    failure = f" ({job.failure.failure})" if job.failure else ""
    return f"{job.status}{failure}{seconds}  {job.record}".rstrip()
