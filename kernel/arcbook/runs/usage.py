"""What running cells took: processor time and memory of the kernel and its engine, rows and bytes of the stages.

The kernel is the process that papermill or `arcbook run` starts; the engine is the process that it names in its notes
(`arcbook.core.notes`). The engine `embedded` is a child of the kernel. That of `local` is shared by all who use it: its
figures are of the server as a whole while the cell ran, and its memory is looked at once a second.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from arcbook.core.masking import Masker
from arcbook.core.notes import Notes
from arcbook.engines.processes import is_running, memory_of, peak_memory_of, processor_seconds_of, reset_peak
from arcbook.runners.delta import METRICS_OF_BYTES
from arcbook.runs.record import PlanNote, StageNote, Usage

_Told = TypeVar("_Told")

#: Seconds between two looks at processes while a cell runs: what one that is killed had used is known this exactly.
SECONDS_BETWEEN_LOOKS = 1.0

#: What a commit of a Delta table calls its rows: Spark and Sail first, then the deltalake package.
_COMMIT_ROWS = ("numOutputRows", "num_added_rows")


class Meter:
    """Measures the processes of one run cell by cell: `begin`, `look` now and then, `end`."""

    def __init__(self, kernel: int | None, notes: Notes, masker: Masker) -> None:
        self._kernel = _Process(kernel)
        self._masker = masker
        self._engine: _Process | None = None
        self._notes = notes
        #: The log that the engine shares with others, and where this run's part of it begins.
        self.shared_log: tuple[str, int] | None = None
        self._plans: list[PlanNote] = []
        #: The engine's full text of what failed in the cell; empty when nothing did.
        self.trace = ""
        #: What the kernel could not do beside the cells' work, as sentences.
        self.troubles: list[str] = []
        #: What became of views that were left for the case that a cell fails, by their keys: why they are not stored.
        self.kept: dict[str, str] = {}

    def begin(self) -> None:
        """A cell begins."""
        self._read_notes()
        self._plans.clear()
        self.trace = ""
        for process in self._processes():
            process.begin()

    def look(self) -> None:
        """See what the processes have used by now."""
        self._read_notes()
        for process in self._processes():
            process.look()

    def end(self) -> Usage:
        """What the cell took, as far as processes can tell."""
        self.look()
        engine = self._engine
        return Usage(
            kernel_peak_bytes=self._kernel.peak,
            kernel_core_seconds=self._kernel.spent,
            engine_peak_bytes=engine.peak if engine else None,
            engine_core_seconds=engine.spent if engine else None,
        )

    def plans(self) -> tuple[PlanNote, ...]:
        """The plans that the cell's stages told."""
        return tuple(self._plans)

    def _processes(self) -> Iterable["_Process"]:
        return [self._kernel, self._engine] if self._engine else [self._kernel]

    def _read_notes(self) -> None:
        for note in self._notes.new(by=self._kernel.pid):
            match note["note"]:
                case "engine":
                    self._take_engine(note)
                case "trace":
                    self.trace = str(note["text"])
                case "trouble":
                    self.troubles.append(str(note["text"]))
                case "kept":
                    self.kept[str(note["key"])] = str(note["why_not"])
                case "plan":
                    self._plans.append(PlanNote.model_validate(self._masker.mask_tree(note)))

    def _take_engine(self, note: Mapping[str, Any]) -> None:
        if note.get("shared"):
            self.shared_log = (str(note["log"]), int(note["log_start"]))
        process = _Process(note["pid"], shared=bool(note.get("shared")), before=float(note.get("core_seconds") or 0.0))
        if self._engine is not None:
            process.follow(self._engine)
        self._engine = process


class _Process:
    """One process and what it used in the current cell; None where the system does not tell."""

    def __init__(self, pid: int | None, *, shared: bool = False, before: float = 0.0) -> None:
        self.pid = pid
        self.peak: int | None = None
        self.spent: float | None = None
        self._shared = shared
        # Whether the system's high-water mark is of this cell alone: so it is for a process that begins in it.
        self._fresh = True
        self._at_begin = before
        self._earlier = 0.0

    def begin(self) -> None:
        self._earlier, self.spent, self.peak = 0.0, None, None
        used = self._used()
        if used is not None:
            self._at_begin = used
        # The high-water mark of a server is everybody's: it is left alone.
        self._fresh = not self._shared and self.pid is not None and reset_peak(self.pid)
        self.look()

    def look(self) -> None:
        used, memory = self._used(), self._memory()
        if used is not None:
            self.spent = round(self._earlier + used - self._at_begin, 2)
        if memory is not None:
            self.peak = max(memory, self.peak or 0)

    def follow(self, earlier: "_Process") -> None:
        """Take the place of a process that was replaced during the cell."""
        self._earlier, self.peak = earlier.spent or 0.0, earlier.peak

    def _used(self) -> float | None:
        # 0 is that of a process which is gone: what it had used by the last look counts.
        return (processor_seconds_of(self.pid) or None) if self.pid is not None else None

    def _memory(self) -> int | None:
        if self.pid is None or not is_running(self.pid):
            return None
        if self._shared:
            return memory_of(self.pid)
        return peak_memory_of(self.pid) if self._fresh else None


def moved(stages: Iterable[StageNote]) -> dict[str, int | None]:
    """Rows and bytes that stages read and wrote, by the names of `Usage`; None where no stage tells.

    The details of a reused stage are those of the run that did its work, which are not counted again.
    """
    worked = [
        stage
        for stage in stages
        if not stage.skipped and not stage.is_reused and stage.details.get("skipped") is not True
    ]
    details = [stage.details for stage in worked]
    return {
        "rows_in": _total(details, lambda each: each.get("records") if _reads_files(each) else None),
        "rows_out": _total(details, _rows_written),
        "bytes_in": _total(worked, _bytes_read),
        "bytes_out": _total(details, _bytes_written),
    }


def total(cells: Iterable[Usage]) -> Usage:
    """The sum of all cells; of memory the highest. What no cell tells is None."""
    every = list(cells)
    sums: dict[str, Any] = {}
    for name in Usage.model_fields:
        told = [value for value in (getattr(each, name) for each in every) if value is not None]
        sums[name] = (max(told) if name.endswith("_peak_bytes") else round(sum(told), 2)) if told else None
    return Usage(**sums)


def _reads_files(details: Mapping[str, Any]) -> bool:
    return "inputBytes" in details or "inputFiles" in details


def _bytes_read(stage: StageNote) -> Any:
    """What the stage tells, else the size of the files that were there when its key was made of them."""
    told = stage.details.get("inputBytes", stage.details.get("bytesScanned"))
    files = stage.details.get("inputFiles")
    if told is not None or files is None:
        return told
    found: Sequence[Mapping[str, Any]] = stage.reuse.get("inputs") or []
    return found[0].get("bytes") if len(found) == 1 and found[0].get("files") == files else None


def _rows_written(details: Mapping[str, Any]) -> Any:
    rows = details.get("rows")
    if isinstance(rows, Mapping):
        return rows.get("affected")
    if "recordsWritten" in details:
        return details["recordsWritten"]
    return _of_commit(details, _COMMIT_ROWS)


def _bytes_written(details: Mapping[str, Any]) -> Any:
    return details.get("bytesWritten", _of_commit(details, METRICS_OF_BYTES))


def _of_commit(details: Mapping[str, Any], names: Iterable[str]) -> Any:
    """A figure of the commit that a load made; an extract tells of somebody else's."""
    metrics = (details.get("commit") or {}).get("operationMetrics") or {}
    found = [metrics[name] for name in names if name in metrics]
    return found[0] if found and "outputURI" in details else None


def _total(of: Iterable[_Told], figure: Callable[[_Told], Any]) -> int | None:
    told = [value for value in map(figure, of) if type(value) is int]
    return sum(told) if told else None
