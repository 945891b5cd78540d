"""What the record of a run says: at its beginning, and when it has ended."""

import json
import os
import socket
from collections.abc import Iterable
from datetime import datetime

from arcbook.core.failures import ArcbookError
from arcbook.core.masking import Masker, mask_url
from arcbook.core.versions import installed_version
from arcbook.runs import layout
from arcbook.runs.gates import warnings_of
from arcbook.runs.last_words import masked
from arcbook.runs.record import FailureNote, Record, StageNote
from arcbook.runs.request import Ending, Prepared, Request
from arcbook.runs.reusing import lineage_of
from arcbook.runs.sources import source_hash
from arcbook.runs.usage import total

_PACKAGES = ("arcbook", "pyspark", "pysail", "papermill", "ipykernel")


def first_record(request: Request, prepared: Prepared, run_id: str, started: datetime) -> Record:
    """The record of a run that is about to begin."""
    return Record(
        run_id=run_id,
        job=layout.job_name(request.source),
        source=mask_url(request.bundle or request.source),
        further=tuple(map(mask_url, request.further)),
        folder=request.folder or "",
        source_hash=source_hash(prepared.notebook),
        status="running",
        kernel=request.kernel,
        engine=prepared.engine,
        environment=prepared.environment,
        logical_time=prepared.logical_time,
        run_key=prepared.run_key,
        part_of=request.part_of,
        resumed_from=request.resumes.run_id if request.resumes else "",
        first_run_id=lineage_of(request.resumes) if request.resumes else "",
        started=started,
        parameters=prepared.parameters,
        job_id=prepared.settings.job_id,
        tags=dict(prepared.settings.tags),
        launch=prepared.launch,
        notes=prepared.notes,
        refused=prepared.refused is not None,
        output=mask_url(request.output) if request.output else None,
        host=socket.gethostname(),
        pid=os.getpid(),
        versions=_versions(),
    )


def ended_record(record: Record, ending: Ending, ended: datetime, hidden: Masker) -> Record:
    """The record when the cells have run, or could not."""
    return record.model_copy(
        update={
            "status": status_of(ending.error), "ended": ended,
            "seconds": round((ended - record.started).total_seconds(), 3),
            "cells": tuple(ending.cells), "stages": tuple(ending.stages),
            "failure": failure_note(ending.error, ending.cell) if ending.error else None,
            "usage": total(cell.usage for cell in ending.cells), "logs": masked(ending.logs, hidden),
            "notes": (
                *record.notes, *_left_out(ending.stages), *warnings_of(ending.stages),
                *(str(each.details["warning"]) for each in ending.stages if "warning" in each.details),
                *ending.troubles,
            ),
        }
    )  # fmt: skip


def status_of(error: ArcbookError | None) -> str:
    """How a run that ended with `error`, or without one, is called in its record."""
    if error is None:
        return "completed"
    return "cancelled" if error.failure_name == "cancelled" else "failed"


def failure_note(error: ArcbookError, cell: int | None) -> FailureNote:
    """How a record tells of `error`."""
    return FailureNote(
        failure=error.failure.name,
        error=type(error).__name__,
        message=error.message,
        exit_code=error.exit_code,
        retry=str(error.failure.retry),
        cell=cell,
        problems=tuple(problem.to_dict() for problem in error.problems),
    )


def masked_record(record: Record, hidden: Masker) -> Record:
    """The record without secrets."""
    # Only free text: a secret like "2026" must not make times unreadable.
    free = record.model_dump(
        mode="json", include={"source", "parameters", "tags", "launch", "notes", "stages", "failure", "output"}
    )
    return Record.model_validate(record.model_dump(mode="json") | hidden.mask_tree(free))


def mask_error(error: ArcbookError, hidden: Masker) -> None:
    """Hide secrets in an error that commands print and programs catch."""
    error.message, error.detail = mask_url(hidden.mask(error.message)), hidden.mask(error.detail)
    error.args = tuple(hidden.mask_tree(list(error.args)))


def _left_out(stages: Iterable[StageNote]) -> tuple[str, ...]:
    """That a plugin ended the job early: such a run is a success, which nobody should take for a complete one."""
    left = [stage for stage in stages if stage.skipped and stage.details.get("reason")]
    if not left:
        return ()
    message = left[0].details.get("message")
    said = f" The message: {message if isinstance(message, str) else json.dumps(message)}" if message else ""
    return (f"Ended early, {len(left)} stages or cells were not run: {left[0].details['reason']}{said}",)


def _versions() -> dict[str, str]:
    import platform

    found = {package: installed_version(package) for package in _PACKAGES}
    return {"python": platform.python_version(), **{name: each for name, each in found.items() if each}}
