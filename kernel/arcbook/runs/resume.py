"""The request that goes on with a failed run: its job, its values, its time, its environment."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from arcbook.cells.notebook import Job, declarations_of, notebook_job
from arcbook.core.addresses import scheme_of
from arcbook.core.failures import InputError
from arcbook.core.kernelspec import KERNEL
from arcbook.core.masking import MASK
from arcbook.runs.chain import chain_of
from arcbook.runs.launch import read_request
from arcbook.runs.record import Record
from arcbook.runs.recover import is_alive, recover
from arcbook.runs.request import Request
from arcbook.runs.store import Say, nobody, open_store

#: What a resumed run has from the one it resumes, so that nobody may choose it anew.
FIXED = ("environment", "engine", "logical_time", "run_key", "launch")


def failed_run(run: str, record_root: str | None, say: Say = nobody) -> Record:
    """The record of a run that can be resumed; one whose process is gone is completed first.

    `say` is told which run `latest` is, where there are later ones.

    Raises:
        InputError: there is no such run, it goes on or it has completed, or it has nothing that could be taken.
    """
    store = open_store(record_root)
    folder = store.find(run, say)
    record = folder.record()
    if record.status == "running":
        if is_alive(record):
            raise InputError(f"The run {record.run_id} still goes on, as process {record.pid} on this machine.")
        record = recover(folder)
    if record.status == "completed":
        raise InputError(f"The run {record.run_id} has completed: there is nothing to resume.")
    if record.kernel != KERNEL:
        raise InputError(
            f"The run {record.run_id} is of the kernel {record.kernel!r}: only runs of `{KERNEL}` can be resumed."
        )
    list(chain_of(store, record))  # whether all that is needed is there
    return record


def sources_of_run(record: Record) -> tuple[str, ...]:
    """The addresses of the run's job, and of those that were joined to it.

    Raises:
        InputError: one of them cannot be told, or nothing is there from here.
    """
    for source in (record.source, *record.further):
        missing = not source or (not scheme_of(source) and not Path(source).exists())
        if missing or MASK in source:
            known = f" ({source})" if source else ""
            raise InputError(
                f"The job of the run {record.run_id}{known} is not found from here. Name it: "
                f"`arcbook run JOB --resume {record.run_id}`."
            )
    return (record.source, *record.further)


def resume_request(record: Record, *jobs: str, **choices: Any) -> Request:
    """The request that resumes a run of the jobs at these addresses; `choices` are fields of Request.

    Raises:
        InputError: a parameter was given that is no secret: the others have the values of the run.
    """
    given: Mapping[str, Any] = choices.pop("parameters", {})
    if record.folder and Path(record.folder).is_dir():
        choices.setdefault("folder", record.folder)
    request = read_request(
        *jobs,
        **choices
        | {
            "environment": record.environment,
            "engine": record.engine or None,
            "logical_time": record.logical_time,
            "run_key": record.run_key or None,
            "launch": {name: value for name, value in record.launch.items() if MASK not in value},
            "resumes": record,
        },
    )
    if request.unreadable is not None:
        return request
    job = request.job or _job(request)
    declared = declarations_of(job).by_name
    changed = [name for name in given if name not in declared or declared[name].type.kind != "secret"]
    if changed:
        raise InputError(
            f"A resumed run has the parameters of {record.run_id}, so `{changed[0]}` cannot be given anew; only "
            "secrets, which no record holds, can. Start a new run for other values."
        )
    kept = {name: value for name, value in record.parameters.items() if name in declared and _is_kept(value)}
    return replace(request, parameters={**kept, **given})


def _job(request: Request) -> Job:
    import json

    return notebook_job(json.dumps(request.notebook), request.source)


def _is_kept(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and MASK in value)
