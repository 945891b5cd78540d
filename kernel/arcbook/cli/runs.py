"""List, show, compare, open and recover the records of runs."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from arcbook.cli._folder_runs import (
    find_run,
    is_folder_run,
    list_folder_runs,
    of_folders,
    recover_folder_run,
    refuse_folder_run,
    running,
    say_gone,
    show_folder_run,
)
from arcbook.cli._output import echo_json, echo_table, json_option, size_text
from arcbook.runs import layout
from arcbook.runs.limits import KEPT_DAYS, MOST_GIGABYTES

if TYPE_CHECKING:
    from arcbook.runs.record import Record, StageNote, Usage
    from arcbook.runs.store import Folder, Store

_RECORD_OPTION = click.option(
    "--record", "root", metavar="DIR|s3://…", help="Where records are kept. Default: $ARCBOOK_RECORD, else ./runs."
)


@click.group("runs")
def command() -> None:
    """List, show, compare, open and recover the records of runs.

    RUN is a run id or its beginning, `job/run-id`, `latest`, or the address of a record.
    """


@command.command("list")
@_RECORD_OPTION
@json_option
@click.option("--job", help="Only runs of this job.")
@click.option("--folders", is_flag=True, help="The runs of folders instead of those of their jobs.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, the newest first.")
def list_(root: str | None, as_json: bool, job: str | None, folders: bool, limit: int) -> None:
    """List runs, the newest first; FOLDER RUN is the run of a folder that a run belongs to."""
    store = _store(root)
    if folders:
        if job:
            raise click.UsageError("--job is for the runs of jobs: `arcbook runs list --job` without --folders.")
        list_folder_runs(store, limit, as_json=as_json)
        return
    found = [run for run in store.runs() if job is None or layout.is_job(run[0], job)]
    records = [record for run in found[:limit] if (record := _record(store.folder(*run)))]
    if as_json:
        echo_json([record.model_dump(mode="json") for record in records])
        return
    if not records:
        click.echo(f"There are no runs{f' of {job}' if job else ''} in {store.root}.", err=True)
        return
    echo_table(
        ("RUN", "JOB", "STATUS", "ENVIRONMENT", "SECONDS", "FOLDER RUN"),
        [
            (each.run_id, each.job, _status(each), each.environment or "-", _seconds(each), each.part_of)
            for each in records
        ],
    )
    if len(found) > limit:
        click.echo(f"{len(found) - limit} more; --limit shows them.", err=True)
    say_gone(records)


@command.command("show")
@click.argument("run", default="latest")
@_RECORD_OPTION
@click.option("--more", is_flag=True, help="With the plans of slow and failed stages and, after a failure, the logs.")
@json_option
def show(run: str, root: str | None, more: bool, as_json: bool) -> None:
    """Show one run: what it was, what each cell did and used, how it ended.

    Of a folder's run: what became of each job, and where its record is.
    """
    from arcbook.runs.gates import shown_evidence

    folder = _find(run, root, folders=True)
    if is_folder_run(folder):
        show_folder_run(folder, as_json=as_json)
        return
    record = folder.record()
    if as_json:
        echo_json(record.model_dump(mode="json"))
        return
    click.echo(f"{record.job} {record.run_id}: {_ended(record)}")
    facts = {
        "source": record.source, "environment": record.environment, "engine": record.engine,
        "logical time": record.logical_time.isoformat(), "record": folder.address,
        "resumed from": record.resumed_from,
    }  # fmt: skip
    facts |= {f"-p {name}": value for name, value in record.parameters.items()}
    for name, value in facts.items():
        if value:
            click.echo(f"  {name:<14} {value}")
    for cell in record.cells:
        click.echo(f"  cell {cell.cell:<9} {', '.join([cell.status, f'{cell.seconds:.1f} s', *_used(cell.usage)])}")
        for stage in (each for each in record.stages if each.cell == cell.cell):
            click.echo(f"{'':<17}{stage.stage} {stage.name!r}{_counts(stage)}{_origin(stage)}")
    if used := _used(record.usage):
        click.echo(f"  {'in all':<14} {', '.join(used)}")
    for note in record.notes:
        click.echo(f"  note           {note}")
    for line in shown_evidence(record):
        click.echo(f"  {line}")
    if more:
        _show_more(record)
    if record.failure:
        place = f" in cell {record.failure.cell}" if record.failure.cell else ""
        click.echo(f"\n{record.failure.error}{place} (retry: {record.failure.retry}):\n{record.failure.message}")


@command.command("gates")
@click.argument("job", required=False)
@_RECORD_OPTION
@json_option
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many runs are looked at, the newest.",
)
def gates(job: str | None, root: str | None, as_json: bool, limit: int) -> None:
    """Show what each gate said in the latest runs (of JOB): pass, warn or fail, and what it measured, newest first."""
    from itertools import islice

    from arcbook.runs.gates import over_time

    store = _store(root)
    runs = islice((run for run in store.runs() if job is None or layout.is_job(run[0], job)), limit)
    found = over_time(record for run in runs if (record := _record(store.folder(*run))))
    if as_json:
        echo_json([each.to_dict() for results in found.values() for each in results])
        return
    for (of, name), results in found.items():
        said = [each.outcome for each in results]
        counts = ", ".join(
            f"{said.count(outcome)} {outcome}" for outcome in ("pass", "warn", "fail") if outcome in said
        )
        click.secho(f"{of}, {name}: {counts}", bold=True)
        click.echo(f"  {results[0].gate.get('rule')}")
        for each in results:
            click.echo(f"  {each.outcome:<4}  {each.run_id}  {each.logical_time:%Y-%m-%d %H:%M}  {each.count}")
    if not found:
        click.echo(f"No gate{f' of {job}' if job else ''} has a result in {store.root}.", err=True)


@command.command("compare")
@click.argument("before")
@click.argument("after", required=False)
@_RECORD_OPTION
@json_option
def compare(before: str, after: str | None, root: str | None, as_json: bool) -> None:
    """Show what the run AFTER did differently from the run BEFORE: inputs, outcome, stages, slow cells.

    Without AFTER it is the latest run of the same job.
    """
    from arcbook.runs.compare import differences

    earlier = _find(before, root)
    old = earlier.record()
    new = (_find(after, root) if after else _latest_beside(earlier)).record()
    found = differences(old, new)
    if as_json:
        runs = {"before": old.run_id, "after": new.run_id}
        echo_json(runs | {"differences": [each.to_dict() for each in found]})
        return
    click.echo(f"{old.job} {old.run_id}: {_ended(old)}")
    click.echo(f"{new.job} {new.run_id}: {_ended(new)}")
    for each in found:
        click.echo(f"  {each.what}: {_value(each.before)} -> {_value(each.after)}")
    if not found:
        same = old.run_id == new.run_id
        hint = f": both are the same run. `arcbook runs list --job {old.job}` shows others" if same else ""
        click.echo(f"  no difference{hint}")


@command.command("logs")
@click.argument("run", default="latest")
@_RECORD_OPTION
@click.option("--cell", type=click.IntRange(min=1), help="Only this code cell, counted from 1.")
def logs(run: str, root: str | None, cell: int | None) -> None:
    """Print what the cells of a run showed, as far as it has come: also of one that still runs or was killed."""
    from arcbook.runs.shown import shown_by

    for each in shown_by(_find(run, root), cell):
        click.secho(each.heading, bold=True)
        if each.text:
            click.echo(each.text)


@command.command("open")
@click.argument("run", default="latest")
@_RECORD_OPTION
def open_(run: str, root: str | None) -> None:
    """Print the address of a run's executed notebook, for example for `jupyter lab "$(arcbook runs open latest)"`."""
    folder = _find(run, root)
    folder.get(layout.NOTEBOOK)
    click.echo(f"{folder.address}/{layout.NOTEBOOK}")


@command.command("recover")
@click.argument("run", required=False)
@_RECORD_OPTION
@click.option("--force", is_flag=True, help="Also when the run's process seems to be alive.")
def recover(run: str | None, root: str | None, force: bool) -> None:
    """Complete the records of runs whose process is gone: all such runs, also of folders, or RUN.

    The executed notebook is rendered from the journal, with what the interrupted cell had shown by then.
    """
    from arcbook.core.failures import ArcbookError
    from arcbook.runs.recover import is_alive
    from arcbook.runs.recover import recover as recover_run

    store = _store(root)
    folders = [_find(run, root, folders=True)] if run else [store.folder(*each) for each in store.runs()]
    folders += [] if run else of_folders(store)
    recovered, failed = 0, []
    for folder in folders:
        try:
            if is_folder_run(folder):
                recovered += recover_folder_run(folder, force=force, named=run is not None)
                continue
            if run is None and ((record := folder.record()).status != "running" or is_alive(record)):
                continue
            record = recover_run(folder, force=force)
        except ArcbookError as error:  # a damaged record, or a run that was lost before its first line, hides no other
            failed.append(error)
            continue
        recovered += 1
        click.echo(f"{record.job} {record.run_id}: {_status(record)}; {folder.address}/{layout.NOTEBOOK}")
    for other in failed[1:]:
        click.echo(str(other), err=True)
    if failed:
        raise failed[0]
    if not recovered:
        click.echo("There is nothing to recover.", err=True)


@command.command("clean")
@_RECORD_OPTION
@json_option
@click.option("--older-than", default=f"{KEPT_DAYS}d", show_default=True, metavar="TIME", help="Not used for so long.")
@click.option("--max-size", metavar="SIZE", help=f"What all may take: 500MB, 2GB. Default: {MOST_GIGABYTES}GB.")
@click.option("--all", "everything", is_flag=True, help="All checkpoints.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def clean(
    root: str | None, as_json: bool, older_than: str, max_size: str | None, everything: bool, dry_run: bool
) -> None:
    """Remove checkpoints of views that nobody used for a time, and then until the rest fits; records stay.

    Runs do this by themselves, with the limits that are the defaults here. A run whose checkpoints are gone can still
    be resumed as long as its inputs are there.
    """
    from arcbook.reuse.checkpoints import Checkpoints, checkpoints_in

    age = timedelta(0) if everything else _age(older_than)
    most = MOST_GIGABYTES * 10**9 if max_size is None else _bytes(max_size)
    store = Checkpoints(checkpoints_in(_store(root).root))
    gone = store.clean(older_than=age, most_bytes=most, dry_run=dry_run)
    if as_json:
        echo_json({"removed": [{"key": each.key, "bytes": each.bytes} for each in gone], "dryRun": dry_run})
        return
    size = sum(each.bytes for each in gone)
    verb = "would be removed" if dry_run else "removed"
    click.echo(f"{len(gone)} checkpoints {verb}, {size / 1e6:.1f} MB, from {store.root}.")


def _age(text: str) -> timedelta:
    from arcbook.core.units import UnitError, read_duration

    try:
        return read_duration(text).timedelta
    except UnitError as error:
        raise click.BadParameter(str(error), param_hint="--older-than") from None


def _bytes(text: str) -> int:
    from arcbook.core.units import UnitError, read_size

    try:
        return read_size(text).bytes
    except UnitError as error:
        raise click.BadParameter(str(error), param_hint="--max-size") from None


def _store(root: str | None) -> "Store":
    from arcbook.runs.store import open_store

    return open_store(root)


def _find(run: str, root: str | None, *, folders: bool = False) -> "Folder":
    """The record that somebody names; an address, as runs print it, says its root itself.

    Raises:
        InputError: there is none, or it is that of a folder's run, which only some commands take (`folders`).
    """
    address = run.rstrip("/").removesuffix(f"/{layout.RECORD}").removesuffix(f"/{layout.FOLDER_RECORD}")
    place, _, run_id = address.rpartition("/")
    above, _, job = place.rpartition("/")
    is_address = above and layout.RUN_ID.match(run_id)
    found = _store(above).folder(job, run_id) if is_address else find_run(_store(root), run)
    if is_folder_run(found) and not folders:
        refuse_folder_run(found)
    return found


def _latest_beside(folder: "Folder") -> "Folder":
    """The latest run of the same job, among the records where `folder` is."""
    root, job, _ = folder.address.rsplit("/", 2)
    return _store(root).find(f"{job}/latest")


def _record(folder: "Folder") -> "Record | None":
    """A run's record; one that cannot be read is named on stderr and passed over."""
    from arcbook.core.failures import InputError

    try:
        return folder.record()
    except InputError as error:
        click.echo(str(error), err=True)
        return None


def _status(record: "Record") -> str:
    if record.status == "running":
        return running(record)
    return f"{record.status} ({record.failure.failure})" if record.failure else record.status


def _counts(stage: "StageNote") -> str:
    """What a stage said of its work in numbers: rows, files, bytes."""
    counts = [f"{name} {value}" for name, value in stage.details.items() if type(value) is int]
    return f": {', '.join(counts)}" if counts else ""


def _origin(stage: "StageNote") -> str:
    """The run whose work was taken, when it was; or that a load found its rows there."""
    if stage.is_reused:
        return f" (reused from {stage.reuse['from']})"
    return " (nothing written: it is there already)" if stage.details.get("skipped") is True else ""


def _used(usage: "Usage") -> list[str]:
    """What a cell or run moved and used, without what nobody told."""
    counts = {"rows in": usage.rows_in, "rows out": usage.rows_out}
    sizes = {"in": usage.bytes_in, "out": usage.bytes_out}
    used = [f"{value:,} {name}" for name, value in counts.items() if value is not None]
    used += [f"{size_text(value)} {name}" for name, value in sizes.items() if value is not None]
    for name, peak, seconds in (
        ("kernel", usage.kernel_peak_bytes, usage.kernel_core_seconds),
        ("engine", usage.engine_peak_bytes, usage.engine_core_seconds),
    ):
        parts = [size_text(peak)] if peak is not None else []
        parts += [f"{seconds:.1f} core-s"] if seconds is not None else []
        used += [f"{name} {' '.join(parts)}"] if parts else []
    return used


def _show_more(record: "Record") -> None:
    for cell in record.cells:
        for plan in cell.plans:
            click.secho(f"\nPlan of {plan.stage} {plan.name!r} in cell {cell.cell}:", bold=True)
            click.echo(plan.text + ("\n…" if plan.cut else ""))
    for name, text in record.logs.items():
        title = "The engine's full text of the error" if name == "trace" else f"Last lines of the {name}'s log"
        click.secho(f"\n{title}:", bold=True)
        click.echo(text.rstrip("\n"))


def _value(value: Any) -> str:
    """A fact in a line of its own; `-` is none."""
    return "-" if value in (None, "") else " ".join(str(value).split())


def _ended(record: "Record") -> str:
    return _status(record) if record.seconds is None else f"{_status(record)}, {record.seconds:.1f} s"


def _seconds(record: "Record") -> str:
    return "-" if record.seconds is None else f"{record.seconds:.1f}"
