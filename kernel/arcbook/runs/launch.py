"""Starting a run from an address and what the command line says: `arcbook run`."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from arcbook.cells.fetch import fetch_text, folder_of, frozen, relative_to
from arcbook.cells.joined import joined
from arcbook.cells.notebook import job_notebook, job_of, read_job
from arcbook.core.addresses import bucket_and_key, is_s3, local_path, replace_file, scheme_of
from arcbook.core.failures import ArcbookError, DefinitionError
from arcbook.runs.execute import execute
from arcbook.runs.request import OnCell, Outcome, Request
from arcbook.runs.sources import to_bytes

_EMPTY: dict[str, Any] = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def read_request(address: str, *further: str, **choices: Any) -> Request:
    """The request for the notebook or job file at `address`; `choices` are fields of Request.

    Jobs at `further` addresses are joined to it; the record bears the name of the first. A file that cannot be read
    gives a request that will be refused, so that a record of the attempt is left.
    """
    choices["further"] = further
    if scheme_of(address) in ("", "file"):
        path = local_path(address)
        choices.setdefault("folder", str(path.resolve().parent) if path.is_file() else None)
    try:
        fetch = frozen(choices.get("documents", {}), relative_to(folder_of(address)))
        job = job_of(fetch_text(address), address, fetch)
        job = joined([job, *map(read_job, further)])
    except ArcbookError as error:
        return Request(notebook=_EMPTY, source=address, unreadable=error, **choices)
    kept = job if job.kind != "notebook" else None
    return Request(notebook=job_notebook(job), source=address, job=kept, **choices)


def run(request: Request, on_cell: OnCell | None = None) -> Outcome:
    """Make the run and write the executed notebook to `request.output`, if there is one.

    Raises:
        ArcbookError: no record can be kept. What fails later is in the outcome, also an output that cannot be written.
    """
    outcome = execute(request, on_cell) if on_cell else execute(request)
    if request.output:
        try:
            write_output(request.output, to_bytes(outcome.notebook))
        except ArcbookError as error:
            trouble = f"The run is over, but its notebook could not be written to --output: {error.message}"
            return replace(outcome, error=outcome.error or error, record_trouble=trouble)
    return outcome


def write_output(address: str, content: bytes) -> None:
    """Write a notebook whole, to a path or an `s3://` address.

    Raises:
        ArcbookError: it cannot be written.
    """
    from arcbook.core.translate import translating

    with translating():
        if is_s3(address):
            import boto3

            bucket, key = bucket_and_key(address)
            boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
            return
        replace_file(Path(address.removeprefix("file://")), content)


def read_logical_time(text: str) -> datetime:
    """A time of day on a date, in ISO form; without a zone it is UTC.

    Raises:
        DefinitionError: it is no such time.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise DefinitionError(f"`{text}` is no time. Write it like 2026-11-23T08:00:00+00:00.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
