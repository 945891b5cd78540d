"""Completing the record of a run whose process is gone, from its journal."""

import socket
from datetime import datetime
from pathlib import Path
from typing import Protocol

from arcbook.core.failures import ArcbookError, InputError, TransientError
from arcbook.engines.processes import is_running
from arcbook.runs.journal import Event, events_text, read_events
from arcbook.runs.last_words import spooled
from arcbook.runs.prepare import code_numbers
from arcbook.runs.record import CellNote, Record, StageNote, stage_note
from arcbook.runs.recording import failure_note
from arcbook.runs.render import render
from arcbook.runs.request import now
from arcbook.runs.reusing import settled
from arcbook.runs.sources import to_bytes
from arcbook.runs.store import Folder
from arcbook.runs.usage import total

_LOST = "The process that ran this job ended without a word (killed, or its machine was lost)"


class Begun(Protocol):
    """What a record says of the process that writes it."""

    @property
    def pid(self) -> int | None: ...
    @property
    def host(self) -> str: ...
    @property
    def started(self) -> datetime: ...


def is_alive(record: Begun) -> bool:
    """Whether the process that writes a record still runs; False also for one of another machine."""
    if record.pid is None or record.host != socket.gethostname():
        return False
    if not is_running(record.pid):
        return False
    # The number may have been given to another process since: ours was older than its record.
    try:
        return Path(f"/proc/{record.pid}").stat().st_mtime <= record.started.timestamp() + 5
    except OSError:
        return True


def is_gone(record: Begun) -> bool:
    """Whether the process that wrote a record ran here and does not any more."""
    return record.pid is not None and record.host == socket.gethostname() and not is_alive(record)


def recover(folder: Folder, *, force: bool = False) -> Record:
    """Render the notebook, close the journal's story and complete the record of a run that was cut off.

    A complete record is returned as it is.

    Raises:
        InputError: the run still goes on here (`force` recovers nevertheless), or there is no journal.
    """
    record = folder.record()
    if record.status != "running":
        return record
    if is_alive(record) and not force:
        raise InputError(f"{record.run_id} still runs, as process {record.pid} on this machine.")
    events = list(read_events(folder.journal_text()))
    events += _closing(events)
    end = events[-1]
    notes, stages = _told(events)
    complete = record.model_dump() | {
        "status": end["status"],
        "ended": end["time"],
        "cells": notes,
        "stages": settled(stages, {}) if end["failure"] else stages,
        "usage": total(note.usage for note in notes),
        "failure": end["failure"],
        "logs": spooled(record.run_id) if end["failure"] else {},
        "notes": (*record.notes, f"Recovered from the journal at {now().isoformat(timespec='seconds')}."),
    }
    recovered = Record.model_validate(complete)
    if recovered.ended:
        recovered = recovered.model_copy(
            update={"seconds": max(0.0, (recovered.ended - recovered.started).total_seconds())}
        )
    folder.replace_journal(events_text(events).encode())
    folder.finish(recovered, to_bytes(render(events)))
    return recovered


def _closing(events: list[Event]) -> list[Event]:
    """The events that a run did not come to write, at the time of its last one."""
    if not events or events[-1]["event"] == "run-end":
        return []
    time = events[-1]["time"]
    open_cell: int | None = None
    for event in events:
        if event["event"] in {"cell", "cell-end"}:
            open_cell = event["cell"] if event["event"] == "cell" else None
    if open_cell is None:
        error = TransientError(f"{_LOST}, between two cells.")
        return [_run_end(error, None, time)]
    number = _numbers(events).get(open_cell)
    error = TransientError(f"{_LOST}, during {f'cell {number}' if number else 'a cell'}.")
    shown = {"output_type": "error", "ename": type(error).__name__, "evalue": error.message}
    begun = next(each["time"] for each in reversed(events) if each["event"] == "cell")
    seconds = (datetime.fromisoformat(time) - datetime.fromisoformat(begun)).total_seconds()
    return [
        {"event": "output", "time": time, "cell": open_cell, "output": {**shown, "traceback": [error.message]}},
        {"event": "cell-end", "time": time, "cell": open_cell, "status": "failed", "seconds": seconds},
        _run_end(error, number, time),
    ]


def _run_end(error: ArcbookError, cell: int | None, time: str) -> Event:
    return {"event": "run-end", "time": time, "status": "lost", "failure": failure_note(error, cell).model_dump()}


def _told(events: list[Event]) -> tuple[list[CellNote], list[StageNote]]:
    """The cells and stages that a journal tells of."""
    numbers = _numbers(events)
    notes: list[CellNote] = []
    stages: list[StageNote] = []
    for event in events:
        number = numbers.get(event["cell"]) if "cell" in event else None
        if number is None:
            continue
        if event["event"] == "cell-end":
            notes.append(CellNote.model_validate(event | {"cell": number, "index": event["cell"]}))
        elif event["event"] == "output" and (stage := stage_note(event["output"], number)):
            stages.append(stage)
    return notes, stages


def _numbers(events: list[Event]) -> dict[int, int]:
    run = next((event for event in events if event["event"] == "run"), None)
    return code_numbers(run["notebook"]) if run else {}
