"""`arcbook runs` for the runs of folders."""

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NoReturn

import click

from arcbook.cli._output import counted, echo_json, echo_table
from arcbook.runs import layout

if TYPE_CHECKING:
    from collections.abc import Iterable

    from arcbook.folders.record import FolderRecord
    from arcbook.runs.record import Record
    from arcbook.runs.recover import Begun
    from arcbook.runs.store import Folder, Store


def is_folder_run(place: "Folder") -> bool:
    """Whether a record is that of a folder's run."""
    return place.address.split("/")[-3] == layout.FOLDERS


def find_run(store: "Store", run: str) -> "Folder":
    """The run of a job that somebody names or, where there is none, that of a folder.

    Raises:
        InputError: there is no such run, or several.
    """
    from arcbook.folders.kept import folder_runs
    from arcbook.runs.store import NoRunError

    try:
        return store.find(run, partial(click.echo, err=True))
    except NoRunError as error:
        try:
            return folder_runs(store).find(run)
        except NoRunError:
            raise error from None


def of_folders(store: "Store") -> "list[Folder]":
    """The records of all folders' runs, the newest first."""
    from arcbook.folders.kept import folder_runs

    above = folder_runs(store)
    return [above.folder(*each) for each in above.runs()]


def list_folder_runs(store: "Store", limit: int, *, as_json: bool) -> None:
    """Print the newest runs of folders."""
    places = of_folders(store)
    records = [record for place in islice(places, limit) if (record := _record(place))]
    if as_json:
        echo_json([record.model_dump(mode="json") | {"exit_code": record.exit_code} for record in records])
        return
    if not records:
        click.echo(f"There are no runs of folders in {store.root}.", err=True)
        return
    rows = [
        (
            each.run_id,
            each.folder,
            running(each) if each.status == "running" else each.status,
            "-" if each.seconds is None else f"{each.seconds:.1f}",
            _jobs(each),
        )
        for each in records
    ]
    echo_table(("FOLDER RUN", "FOLDER", "STATUS", "SECONDS", "JOBS"), rows)
    if len(places) > limit:
        click.echo(f"{len(places) - limit} more; --limit shows them.", err=True)
    say_gone(records)


def running(record: "Begun") -> str:
    """The status of a run that has no end in its record: it goes on, or its process is gone."""
    from arcbook.runs.recover import is_gone

    return "running (process gone)" if is_gone(record) else "running"


def say_gone(records: "Iterable[Record | FolderRecord]") -> None:
    """Say what helps where processes of runs are gone."""
    going = [each for each in records if each.status == "running"]
    if not going:
        return  # what knows of processes is slow to import
    from arcbook.runs.recover import is_gone

    gone = sum(map(is_gone, going))
    if gone:
        click.echo(f"The process of {counted(gone, 'run')} is gone: `arcbook runs recover` completes it.", err=True)


def show_folder_run(place: "Folder", *, as_json: bool) -> None:
    """Print what became of each job of a folder's run."""
    from arcbook.cli._folder import show_folder
    from arcbook.folders.kept import read_folder_record

    record = read_folder_record(place)
    if as_json:
        echo_json(record.model_dump(mode="json") | {"exit_code": record.exit_code, "record": place.address})
        return
    click.echo(f"{record.folder} {record.run_id}, logical time {record.logical_time.isoformat()}")
    show_folder(record, place.address)


def recover_folder_run(place: "Folder", *, force: bool, named: bool) -> int:
    """Complete the record of a folder's run; returns how many were.

    Raises:
        InputError: it was `named`, and its process or that of one of its jobs still runs here.
    """
    from arcbook.core.failures import InputError
    from arcbook.folders.kept import read_folder_record, recover_folder
    from arcbook.runs.store import open_store

    if not named and read_folder_record(place).status != "running":
        return 0
    store = open_store(place.address.rsplit("/", 3)[0])
    record = recover_folder(place, store, force=force)
    if record.status == "running":
        if named:
            raise InputError(
                f"{record.run_id} still runs, as process {record.pid} on this machine, or one of its jobs."
            )
        return 0
    click.echo(
        f"{record.folder} {record.run_id}: {record.status}, {_jobs(record)}; {place.address}/{layout.FOLDER_RECORD}"
    )
    return 1


def refuse_folder_run(place: "Folder") -> NoReturn:
    """Say what to do instead.

    Raises:
        InputError: always.
    """
    from arcbook.core.failures import InputError

    run_id = place.address.rpartition("/")[2]
    raise InputError(
        f"{run_id} is the run of a folder: `arcbook runs show {run_id}` tells the runs of its jobs. Name one of them."
    )


def _record(place: "Folder") -> "FolderRecord | None":
    """The record; one that cannot be read is named on stderr and passed over."""
    from arcbook.core.failures import InputError
    from arcbook.folders.kept import read_folder_record

    try:
        return read_folder_record(place)
    except InputError as error:
        click.echo(str(error), err=True)
        return None


def _jobs(record: "FolderRecord") -> str:
    """How many jobs ended in which way."""
    states = [job.status for job in record.jobs]
    parts = [f"{states.count(state)} {state}" for state in dict.fromkeys(states)]
    return f"{counted(len(states), 'job')}: {', '.join(parts)}"
