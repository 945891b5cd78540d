"""The shell of the `arc` kernel: IPython's, in which a cell is a stage cell unless it begins with `%python`.

Everything IPython does around a cell (history, counters, results in `_` and `Out`, asynchronous Python, error
messages) is kept: a cell of ours becomes one Python call, as IPython turns `%%magic` cells into calls.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ipykernel.zmqshell import ZMQInteractiveShell

from arcbook.core.failures import CancelledError
from arcbook_magics.benches import get_workbench
from arcbook_magics.python_cells import python_source
from arcbook_magics.workbench import Workbench

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: Names that Python cells find; each is made when a cell mentions it, so that other cells do not wait for the engine.
_OFFERED = ("spark", "views", "params")
_MENTIONED = re.compile(rf"\b({'|'.join(_OFFERED)})\b")


class Views(Mapping[str, "DataFrame"]):
    """The views of the session by name."""

    def __init__(self, spark: "SparkSession", names: Sequence[str]) -> None:
        self._spark = spark
        self._names = tuple(names)

    def __getitem__(self, name: str) -> "DataFrame":
        if name not in self._names:
            raise KeyError(name)
        frame: DataFrame = self._spark.table(name)
        return frame

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


# ipykernel's class has no types; as Any, its methods can be called from typed code.
_Shell: Any = ZMQInteractiveShell


class ArcShell(_Shell):  # type: ignore[misc]
    """IPython's shell with the language of arc cells in front of Python."""

    #: Whether user code runs: then text to be transformed (by `%time`, `%run`, …) is Python, not a cell.
    _running = False

    @property
    def workbench(self) -> Workbench:
        """The state of this kernel's cells."""
        return get_workbench(self)

    def transform_cell(self, raw_cell: str) -> str:
        """Python that does what the cell says."""
        if not raw_cell.strip():
            return ""
        if self._running:
            nested: str = super().transform_cell(raw_cell)
            return nested
        python = python_source(raw_cell)
        bench = self.workbench
        if python is None or bench.abandoned() is not None or bench.leaves_out(raw_cell):
            return f"get_ipython().run_arc_cell({raw_cell!r})\n"
        transformed: str = super().transform_cell(python)
        names = sorted(set(_MENTIONED.findall(python)))
        before = [f"get_ipython().offer({names!r})"] if names else []
        if bench.launch.reuse:
            before.append(f"get_ipython().note_python({raw_cell!r})")
        if before:
            # In place of the comment that stands for the magic's line: the lines below keep their numbers.
            transformed = "; ".join(before) + "\n" + transformed.removeprefix("#\n")
        return transformed

    async def run_code(self, *args: Any, **kwargs: Any) -> Any:
        """Run compiled code."""
        before, self._running = self._running, True
        try:
            with self.kernel.interruptible():
                return await super().run_code(*args, **kwargs)
        finally:
            self._running = before

    def run_arc_cell(self, source: str) -> Any:
        """Run a cell that is not Python; what it returns is the cell's result."""
        return self.workbench.run(source)

    def note_python(self, source: str) -> None:
        """Tell what is kept of the run that a cell of Python runs."""
        from arcbook.reuse.keys import digest_of_text

        self.workbench.note_python(digest_of_text(source))

    def offer(self, names: Sequence[str]) -> None:
        """Set the names that a Python cell mentions and has not defined itself.

        Raises:
            ArcbookError: the engine cannot be opened, or a parameter has no value.
        """
        bench = self.workbench
        try:
            values = bench.names_for_python(names, Views)
        except BaseException as error:  # noqa: BLE001  # the border to IPython
            raise bench.presentable(error, "") from None
        for name, value in values.items():
            if self.user_ns.get(name) is self._offered.get(name):
                self.user_ns[name] = self._offered[name] = value

    @property
    def _offered(self) -> dict[str, Any]:
        found: dict[str, Any] = self.__dict__.setdefault("_arcbook_offered", {})
        return found

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException, stb: list[str]) -> None:
        """Send an error; an interrupt of Python code has the same name as one of a stage, and stops the engine too."""
        if issubclass(etype, KeyboardInterrupt):
            etype, evalue = CancelledError, CancelledError("the cell was interrupted")
            stb = [f"CancelledError: {evalue}"]
            self.workbench.room.interrupt()
        super()._showtraceback(etype, evalue, stb)
