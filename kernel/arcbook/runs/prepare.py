"""From a request to what a kernel is given: the job read and checked before anything starts."""

from datetime import datetime

from arcbook.runs.request import INJECTED_TAG, Prepared, Request


def prepare(request: Request, started: datetime) -> Prepared:
    """Check everything that can be checked without an engine; what is wrong is in `Prepared.refused`."""
    logical_time = request.logical_time or started
    numbers = code_numbers(request.notebook)
    return Prepared(notebook=request.notebook, numbers=numbers, environment=None, engine="", logical_time=logical_time)


def code_numbers(notebook: dict) -> dict[int, int]:
    """The number of the code cell at each position, as its author counts: from 1, injected cells left out."""
    numbers: dict[int, int] = {}
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code" and INJECTED_TAG not in cell.get("metadata", {}).get("tags", ()):
            numbers[index] = len(numbers) + 1
    return numbers
