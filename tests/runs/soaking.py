"""Make many runs in one process, as a scheduler's worker would, and print after each what this process holds.

Run as `python -m tests.runs.soaking COUNT RECORDS NOTEBOOK…`; the notebooks take turns. One JSON object a line.
"""

import json
import os
import sys
import threading
from pathlib import Path

from arcbook.engines.processes import memory_of
from arcbook.runs.launch import read_request, run


def main() -> None:
    """Make the runs."""
    count, records, *notebooks = sys.argv[1:]
    for number in range(int(count)):
        outcome = run(read_request(notebooks[number % len(notebooks)], record_root=records))
        failure = outcome.record.failure.failure if outcome.record.failure else ""
        held = {
            "status": outcome.record.status,
            "failure": failure,
            "memory": memory_of(os.getpid()),
            "files": len(list(Path("/proc/self/fd").iterdir())),
            "threads": threading.active_count(),
        }
        print(json.dumps(held), flush=True)


if __name__ == "__main__":
    main()
