"""The executed notebook, from the journal alone: a pure function, the same during a run, after it and after a crash."""

import copy
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from arcbook.core.failures import InputError
from arcbook.runs.journal import Event

Notebook = dict[str, Any]

#: papermill removes cells with this tag before it runs a notebook again; the anchor is its name too.
MARKER_TAG = "papermill-error-cell-tag"
_ANCHOR = "papermill-error-cell"


def render(events: Iterable[Event]) -> Notebook:
    """The notebook that `events` tell of: outputs, execution counts, papermill's metadata and its error markers.

    A journal that breaks off gives a valid notebook too; the cell it breaks off in has the status `running`.

    Raises:
        InputError: the journal has no `run` event, so there is no notebook in it.
    """
    page: _Page | None = None
    for event in events:
        if event["event"] == "run":
            page = _Page(event)
        elif page:
            page.take(event)
    if page is None:
        raise InputError("the journal does not begin with the notebook; nothing can be rendered from it.")
    return page.finished()


class _Page:
    """The notebook while events are added to it."""

    def __init__(self, run: Event) -> None:
        self.notebook: Notebook = copy.deepcopy(run["notebook"])
        self._head: dict[int, list[dict[str, Any]]] = {}
        self._tail: dict[int, Event] = {}
        self._shown: dict[str, list[dict[str, Any]]] = {}
        self._failed: int | None = None
        self._failure: Mapping[str, Any] | None = None
        papermill = self.notebook.setdefault("metadata", {}).setdefault("papermill", {})
        papermill.update(start_time=run["time"], end_time=None, duration=None, exception=None)
        self._papermill = papermill
        self._start = run["time"]
        for cell in self.notebook["cells"]:
            cell.setdefault("metadata", {})["papermill"] = {
                "exception": None, "start_time": None, "end_time": None, "duration": None, "status": "pending",
            }  # fmt: skip
            if cell["cell_type"] == "code":
                cell["outputs"] = []
                cell["execution_count"] = None

    def take(self, event: Event) -> None:
        """Add one event; kinds without a trace in the notebook are passed over."""
        match event["event"]:
            case "cell":
                self._notes(event).update(start_time=event["time"], status="running", exception=False)
            case "output":
                self._add(self._head.setdefault(event["cell"], []), event["output"], event.get("display"))
            case "update":
                for output in self._shown.get(event["display"], ()):
                    output.update(data=event["data"], metadata=event["metadata"])
            case "clear":
                self._head.pop(event["cell"], None)
                self._tail.pop(event["cell"], None)
            case "tail":
                self._tail[event["cell"]] = event
            case "cell-end":
                self._end_cell(event)
            case "metadata":
                self.notebook["metadata"].update(event["values"])
            case "run-end":
                self._end_run(event)

    def finished(self) -> Notebook:
        """The notebook with outputs in their places and marks around the failure."""
        for index, cell in enumerate(self.notebook["cells"]):
            if cell["cell_type"] != "code":
                continue
            outputs = self._head.get(index, [])
            if tail := self._tail.get(index):
                if tail["lost_bytes"]:
                    self._add(outputs, _notice(tail), None)
                for output in tail["outputs"]:
                    self._add(outputs, output, None)
            cell["outputs"] = outputs
        if self._failure:
            self._mark()
        return self.notebook

    def _add(self, outputs: list[dict[str, Any]], output: Mapping[str, Any], display: str | None) -> None:
        last = outputs[-1] if outputs else None
        if last and output["output_type"] == "stream" == last["output_type"] and output["name"] == last["name"]:
            last["text"] += output["text"]
            return
        outputs.append(dict(output))
        if display:
            self._shown.setdefault(display, []).append(outputs[-1])

    def _notes(self, event: Event) -> dict[str, Any]:
        notes: dict[str, Any] = self.notebook["cells"][event["cell"]]["metadata"]["papermill"]
        return notes

    def _end_cell(self, event: Event) -> None:
        cell = self.notebook["cells"][event["cell"]]
        failed = event["status"] in {"failed", "cancelled"}
        notes = self._notes(event)
        notes.update(end_time=event["time"], duration=event["seconds"], status="failed" if failed else "completed")
        notes["exception"] = failed
        notes.setdefault("start_time", event["time"])
        if cell["cell_type"] == "code":
            cell["execution_count"] = event.get("execution_count")
        if failed:
            self._failed = event["cell"]
            self._papermill["exception"] = True

    def _end_run(self, event: Event) -> None:
        started, ended = (datetime.fromisoformat(moment) for moment in (self._start, event["time"]))
        self._papermill.update(end_time=event["time"], duration=(ended - started).total_seconds())
        if event["status"] != "completed":
            self._papermill["exception"] = True
            self._failure = event.get("failure") or {}

    def _mark(self) -> None:
        failure = self._failure or {}
        what = str(failure.get("message", "")).strip() or "The run did not end."
        title = f"**This run failed** ({failure.get('failure', 'internal')}, exit code {failure.get('exit_code', 70)})"
        cells = self.notebook["cells"]
        if self._failed is None:
            cells.insert(0, _marker(f"{title}, before any cell ran:\n\n{_fenced(what)}", cells))
            return
        anchor = f'<span id="{_ANCHOR}">**The run stopped at this cell; the cells below it did not run.**</span>'
        cells.insert(self._failed, _marker(anchor, cells))
        cells.insert(0, _marker(f"{title} [here](#{_ANCHOR}):\n\n{_fenced(what)}", cells))


def is_marker(cell: Mapping[str, Any]) -> bool:
    """Whether `render` (or papermill) put the cell there to point at a failure."""
    return MARKER_TAG in cell.get("metadata", {}).get("tags", ())


def _marker(text: str, cells: list[dict[str, Any]]) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": "markdown", "metadata": {"tags": [MARKER_TAG]}, "source": text}
    taken = {other.get("id") for other in cells}
    if taken != {None}:  # nbformat 4.5: every cell has an id, or none; a job that could not be read has no cells
        names = (f"run-marker-{number}" for number in range(1, len(cells) + 2))
        cell["id"] = next(name for name in names if name not in taken)
    return cell


def _fenced(text: str) -> str:
    fence = "````" if "```" in text else "```"
    return f"{fence}text\n{text}\n{fence}"


def _notice(tail: Event) -> dict[str, Any]:
    lines, size = tail["lost_lines"], tail["lost_bytes"]
    text = f"\n[… {lines:,} lines ({size / 1_000_000:.1f} MB) of this cell's output are not kept …]\n"
    return {"output_type": "stream", "name": "stderr", "text": text}
