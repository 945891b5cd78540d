"""One job of a folder's run, in a process of its own: `python -m arcbook.folders.child`.

The first line of standard input is a JSON object with `address` and `choices` (fields of a run's request); its end asks
to stop, since then the parent is gone. Progress goes to standard error, the outcome as JSON to standard output.
"""

import json
import os
import signal
import sys
import threading
from contextlib import suppress
from datetime import datetime
from types import FrameType
from typing import Any

_asked: list[int] = []


def _remember(number: int, frame: FrameType | None) -> None:
    """A signal that comes before the run listens to signals itself."""
    _asked.append(number)


def main() -> None:
    """Run the job that standard input names."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _remember)
    outcome = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever prints to standard output must not get between
    message = json.loads(sys.stdin.readline())
    threading.Thread(target=_watch_parent, daemon=True).start()
    told = json.dumps(_run(message["address"], message["choices"]))
    with suppress(BrokenPipeError), outcome:
        outcome.write(told)


def _watch_parent() -> None:
    """Standard input ends with the parent: stop as if it had asked, so that the record is completed."""
    # Not by sys.stdin, whose lock this thread would hold when the interpreter ends.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _run(address: str, choices: dict[str, Any]) -> dict[str, Any]:
    from arcbook.core.failures import ArcbookError, CancelledError
    from arcbook.runs.launch import read_request, run
    from arcbook.runs.progress import progress
    from arcbook.runs.recording import failure_note

    choices["logical_time"] = datetime.fromisoformat(choices["logical_time"])
    try:
        request = read_request(address, **choices)
        if _asked:
            raise CancelledError(f"The run was stopped by {signal.Signals(_asked[0]).name} before it began.")
        with progress(request.notebook) as on_cell:

            def told(index: int, number: int | None, status: str) -> None:
                if _asked:  # came while the run took over the signals: say it again
                    os.kill(os.getpid(), _asked.pop())
                with suppress(OSError):  # the parent is gone: the run must end well nevertheless
                    on_cell(index, number, status)

            outcome = run(request, told)
    except ArcbookError as error:
        return {"failure": failure_note(error, None).model_dump(mode="json")}
    failure = outcome.record.failure or (failure_note(outcome.error, None) if outcome.error else None)
    return {
        "run_id": outcome.record.run_id,
        "record": outcome.address,
        "seconds": outcome.record.seconds,
        "failure": failure.model_dump(mode="json") if failure else None,
        "notes": [note for note in (*outcome.warnings, *outcome.record.notes, outcome.record_trouble) if note],
    }


if __name__ == "__main__":
    main()
