"""What the cells of a run showed, as text: from the journal, so also of a run that still goes on or was killed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from arcbook.core.failures import InputError
from arcbook.runs.journal import read_events
from arcbook.runs.prepare import code_numbers
from arcbook.runs.render import render
from arcbook.runs.store import Folder


@dataclass(frozen=True, slots=True)
class Shown:
    """The output of one code cell that was reached; `cell` counts from 1, `seconds` is None while it runs."""

    cell: int
    status: str
    seconds: float | None
    text: str

    @property
    def heading(self) -> str:
        """One line that says which cell this is and how it ended."""
        took = "" if self.seconds is None else f", {self.seconds:.1f} s"
        return f"cell {self.cell}: {self.status}{took}"


def shown_by(folder: Folder, cell: int | None = None) -> list[Shown]:
    """The cells that a run has reached, or one of them, with what they showed.

    Raises:
        InputError: there is no journal, or the run has not reached that cell.
    """
    found = list(_shown(render(read_events(folder.journal_text()))))
    if cell is None:
        return found
    chosen = [each for each in found if each.cell == cell]
    if not chosen:
        reached = f"it reached cells 1 to {found[-1].cell}" if found else "it reached none"
        raise InputError(f"The run did not reach cell {cell}; {reached}.")
    return chosen


def _shown(notebook: Mapping[str, Any]) -> Iterator[Shown]:
    for index, number in code_numbers(notebook).items():
        cell = notebook["cells"][index]
        notes = cell["metadata"]["papermill"]
        if notes["status"] != "pending":
            text = "".join(map(_text, cell["outputs"])).rstrip("\n")
            yield Shown(number, notes["status"], notes["duration"], text)


def _text(output: Mapping[str, Any]) -> str:
    """An output's text, with a line's end; nothing of a picture that has none."""
    if output["output_type"] == "stream":
        return str(output["text"])
    if output["output_type"] == "error":
        lines = output.get("traceback") or [f"{output['ename']}: {output['evalue']}"]
        return "\n".join(lines) + "\n"
    text = output["data"].get("text/plain", "")
    return "".join(text) + "\n" if text else ""
