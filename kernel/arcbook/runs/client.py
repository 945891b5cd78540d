"""The execution loop: nbclient's kernel handling, our journal instead of a notebook that grows in memory."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import Empty
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbclient.util import ensure_async
from nbformat import NotebookNode
from nbformat.v4 import output_from_msg

from arcbook.core.failures import ArcbookError, CancelledError, DefinitionError, InternalError, TransientError
from arcbook.core.growing import tail_of
from arcbook.core.kernelspec import KERNEL
from arcbook.core.masking import Masker
from arcbook.core.notes import Notes
from arcbook.core.translate import translate
from arcbook.engines.processes import oom_kills
from arcbook.runs import kernels
from arcbook.runs.classify import error_of
from arcbook.runs.journal import Journal
from arcbook.runs.last_words import LIMIT, RunLog, Spool
from arcbook.runs.outputs import CellOutputs
from arcbook.runs.record import CellNote, StageNote, stage_note
from arcbook.runs.request import Ending
from arcbook.runs.reusing import settled
from arcbook.runs.scratch import scratch_folder
from arcbook.runs.stop import Stop, StoppedError
from arcbook.runs.usage import SECONDS_BETWEEN_LOOKS, Meter, moved

#: How long an interrupted cell may take to end before its kernel is killed.
INTERRUPT_SECONDS = 10.0

#: Messages of the kernel that may wait to be read. A cell that flushes each line soon reaches ZeroMQ's own limit of
#: 1,000, and what comes then is dropped without a word.
MESSAGES_IN_WAITING = 50_000


class JournalClient(NotebookClient):
    """Runs the cells of one notebook in a new kernel and journals what happens.

    `numbers` gives the user's number of the code cell at a position (injected cells have none). `on_cell` is called as
    a cell begins and ends, with its position and "begins" or the status.
    """

    def __init__(
        self,
        nb: NotebookNode,
        *,
        journal: Journal,
        masker: Masker,
        stop: Stop,
        log: RunLog,
        numbers: Mapping[int, int],
        on_cell: Callable[[int, str], None] = lambda index, status: None,
        **options: Any,
    ) -> None:
        # An error always fails the run, whatever a cell's tags say. A lost "idle" message must not end it: the reply
        # of the cell says how it ended.
        super().__init__(nb, force_raise_errors=True, raise_on_iopub_timeout=False, iopub_timeout=30, **options)
        self._journal = journal
        self._masker = masker
        self._stop = stop
        self._say, self._log = log.say, log
        self._spool: Spool | None = None
        self._meter: Meter | None = None
        self._numbers = numbers
        self._on_cell = on_cell
        self._outputs: CellOutputs | None = None
        self._error_shown: Mapping[str, Any] | None = None
        self._ending = Ending()
        self._oom_kills = oom_kills()

    async def run(self, run_id: str, **kernel_options: Any) -> Ending:
        """Start the kernel, run the cells until one fails, end the kernel. Never raises for what a cell does."""
        self.reset_execution_trackers()
        with scratch_folder() as folder:
            await self._run_in(folder, run_id, **kernel_options)
        return self._ending

    async def _run_in(self, folder: Path, run_id: str, **kernel_options: Any) -> None:
        manager = self.create_kernel_manager()
        # Sockets in a folder of our own: no other account of this machine can read along, as it could over TCP.
        manager.transport, manager.ip = "ipc", str(folder / "k")
        manager.connection_file = str(folder / "kernel.json")
        context = zmq.asyncio.Context()
        context.setsockopt(zmq.RCVHWM, MESSAGES_IN_WAITING)
        manager.client = partial(manager.client, context=context)  # type: ignore[method-assign]
        notes, kernel_log = Notes(folder), folder / "kernel.log"
        others = asyncio.all_tasks()
        try:
            with kernel_log.open("ab") as log:
                kernel_options["env"] = {**kernel_options["env"], **notes.variables()}
                process = await self._start(manager, **kernel_options, stdout=log, stderr=log)
            self._meter = Meter(process, notes, self._masker)
            self._spool = Spool(folder, run_id, lambda: self._logs(notes, kernel_log), self._masker)
            await self._run_cells()
            self._write_metadata()
        except StoppedError:
            self._ending.error = self._cancelled()
        except Exception as error:  # noqa: BLE001  # also a bug of ours, or a journal on a full disk: the run has an end
            self._ending.error = translate(error)
        finally:
            await self._end_kernel(manager)
            kernels.end_leftovers(run_id)
            self._ending.troubles += self._meter.troubles if self._meter else ()
            if self._ending.error is not None:
                self._ending.stages = settled(self._ending.stages, self._meter.kept if self._meter else {})
                self._ending.logs = self._logs(notes, kernel_log)
            await _ended(asyncio.all_tasks() - others)
            context.destroy(linger=0)

    def _logs(self, notes: Notes, kernel_log: Path) -> dict[str, str]:
        trace = self._meter.trace if self._meter else ""
        engine, kernel = self._engine_log(notes), tail_of(kernel_log, LIMIT)
        return {"trace": trace, "engine": engine, "kernel": kernel, "run": self._log.tail()}

    def _engine_log(self, notes: Notes) -> str:
        if self._meter and self._meter.shared_log:
            path, start = self._meter.shared_log
            return tail_of(Path(path), LIMIT, start)
        return tail_of(notes.engine_log, LIMIT)

    async def _start(self, manager: KernelManager, **kernel_options: Any) -> int | None:
        """Start the kernel and wait until it answers; returns its process id, where it has one."""
        process = None
        try:
            await self._stop.during(self.async_start_new_kernel(**kernel_options))
            process = getattr(getattr(manager, "provisioner", None), "process", None)
            pid: int | None = getattr(process, "pid", None)
            self._journal.write("kernel", pid=pid, name=self.kernel_name)
            self._say(f"kernel {self.kernel_name} started as process {pid}")
            await self._stop.during(self.async_start_new_kernel_client())
            info = await self._stop.during(self._kernel_info())
        except NoSuchKernel:
            install = "Install it with `python -m arcbook.jupyter install`."
            remedy = install if self.kernel_name == KERNEL else "`jupyter kernelspec list` shows those that are."
            raise DefinitionError(f"No kernel is installed under the name {self.kernel_name!r}. {remedy}") from None
        except (RuntimeError, OSError) as error:
            status = process.poll() if process is not None else None
            if status is not None and status > 0:
                raise InternalError(f"The kernel did not start: it ended at once with exit code {status}.") from error
            raise TransientError(f"The kernel did not start: {error}") from error
        self.nb.metadata["language_info"] = info["content"]["language_info"]
        return pid

    async def _kernel_info(self) -> Any:
        assert self.kc is not None
        return await self.async_wait_for_reply(self.kc.kernel_info())

    async def _run_cells(self) -> None:
        for index, cell in enumerate(self.nb.cells):
            if self._stop.urgency:
                raise StoppedError(self._stop.reason)
            if not await self._run_cell(index, cell):
                return

    async def _run_cell(self, index: int, cell: NotebookNode) -> bool:
        """Run one cell; returns whether the next one may run."""
        tags = cell.metadata.get("tags", ())
        if cell.cell_type != "code" or not cell.source.strip() or self.skip_cells_with_tag in tags:
            return True
        assert self._meter is not None
        self._journal.write("cell", cell=index)
        self._say(f"{self._called(index)} begins")
        self._tell_last_words()
        self._meter.begin()
        self._on_cell(index, "begins")
        started = time.monotonic()
        self._outputs = CellOutputs(index, self._journal.write, self._masker)
        self._error_shown = None
        cell.outputs = []
        skips = len(self._ending.stages)
        looking = asyncio.ensure_future(self._look())
        try:
            error = await self._outcome(index, cell)
        finally:
            looking.cancel()
        self._outputs.finish()
        if error is not None and self._error_shown is None:
            shown = {"output_type": "error", "ename": type(error).__name__, "evalue": error.message}
            self._journal.write("output", cell=index, output={**shown, "traceback": [error.message]})
        stages = self._ending.stages[skips:]
        status = "completed"
        if error is not None:
            status = "cancelled" if isinstance(error, CancelledError) else "failed"
            self._ending.error, self._ending.cell, self._ending.index = error, self._numbers.get(index), index
        elif stages and all(stage.skipped for stage in stages):
            status = "skipped"
        self._end_cell(index, cell, status, time.monotonic() - started, stages)
        return error is None

    def _called(self, index: int) -> str:
        number = self._numbers.get(index)
        return f"cell {number}" if number else "the cell of given parameters"

    async def _look(self) -> None:
        """See now and then what the running cell uses and shows, lest it be unknown when a process is killed."""
        assert self._meter is not None
        assert self._outputs is not None
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            self._meter.look()
            self._tell_last_words()
            with suppress(OSError):  # a full disk ends the run with the next line that has to be written
                self._outputs.look()

    def _tell_last_words(self) -> None:
        if self._spool is not None:
            self._spool.look()

    def _end_cell(
        self, index: int, cell: NotebookNode, status: Any, seconds: float, stages: Sequence[StageNote]
    ) -> None:
        assert self._meter is not None
        told = CellNote(
            cell=self._numbers.get(index, 0),
            index=index,
            status=status,
            seconds=round(seconds, 4),
            lost_bytes=self._outputs.lost_bytes if self._outputs else 0,
            usage=self._meter.end().model_copy(update=moved(stages)),
            plans=self._meter.plans(),
        )
        values = told.model_dump(mode="json", exclude={"cell", "index"}, exclude_defaults=True)
        self._journal.write(
            "cell-end", cell=index, execution_count=cell.execution_count, **{"status": status, **values}
        )
        self._say(f"{self._called(index)} ended: {status}, {seconds:.3f} s")
        if told.cell:
            self._ending.cells.append(told)
        reused = status == "completed" and stages and all(stage.is_reused for stage in stages)
        self._on_cell(index, "reused" if reused else status)

    async def _outcome(self, index: int, cell: NotebookNode) -> ArcbookError | None:
        """Run the cell's code in the kernel; what went wrong, or None."""
        assert self.kc is not None
        # The kernel reads the cell's identity from here; nbclient itself sends none.
        self.kc.session.metadata = {
            "cellId": cell.get("id", ""),
            "tags": list(cell.metadata.get("tags", ())),
            "arcbook": {"cell": self._numbers.get(index)},
        }
        task = asyncio.ensure_future(self.async_execute_cell(cell, index))
        stopped = not await self._stop.before(task)
        if stopped:
            await self._interrupt(task)
        try:
            task.result()
        except CellExecutionError as raised:
            error = error_of(raised.ename, raised.evalue, self._error_shown)
        except DeadKernelError:
            error = kernels.death(kernels.exit_status(self.km), self._oom_kills)
        except CellTimeoutError:
            await self._interrupt(asyncio.ensure_future(self._late_reply()))
            error = TransientError(f"The cell took longer than the {self.timeout} s it may take.")
        except asyncio.CancelledError:
            error = self._cancelled()
        else:
            shown = self._error_shown
            if shown is None:
                return None
            # A kernel that shows an error and then reports success: the error counts.
            error = error_of(str(shown.get("ename", "")), str(shown.get("evalue", "")), shown)
        return self._cancelled() if stopped else error

    async def _late_reply(self) -> None:
        """Wait until the kernel answers the cell that nobody waits for any more."""
        assert self.kc is not None
        with suppress(Empty):
            await ensure_async(self.kc.shell_channel.get_msg(timeout=INTERRUPT_SECONDS))

    async def _interrupt(self, task: "asyncio.Future[Any]") -> None:
        """Stop the running cell: an interrupt, and when that does not help in time or is asked for again, a kill."""
        assert self.km is not None
        with suppress(RuntimeError):  # the kernel is gone already
            await self.km.interrupt_kernel()  # type: ignore[misc]
        deadline = time.monotonic() + INTERRUPT_SECONDS
        while not task.done() and time.monotonic() < deadline and self._stop.urgency < 2:
            await asyncio.wait({task}, timeout=0.1)
        if not task.done():
            await self.km.shutdown_kernel(now=True)  # type: ignore[misc]
            await asyncio.wait({task}, timeout=2)
            task.cancel()
            await asyncio.wait({task})

    def _cancelled(self) -> CancelledError:
        return CancelledError(f"The run was stopped by {self._stop.reason or 'a request'}.")

    async def _end_kernel(self, manager: KernelManager) -> None:
        self.km = self.km or manager
        if self.km.has_kernel:
            self.shutdown_kernel = "immediate" if self._stop.urgency > 1 else "graceful"
            await self._async_cleanup_kernel()

    def _write_metadata(self) -> None:
        self.set_widgets_metadata()
        wanted = {key: self.nb.metadata[key] for key in ("language_info", "widgets") if key in self.nb.metadata}
        self._journal.write("metadata", values=wanted)

    # What nbclient does with messages: into the journal, not into the notebook.

    def output(
        self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str | None, cell_index: int
    ) -> NotebookNode | None:
        """Take one output message of the running cell."""
        if self.output_hook_stack[msg["parent_header"].get("msg_id")]:
            super().output(outs, msg, display_id, cell_index)  # an Output widget shows it
            return None
        assert self._outputs is not None
        if self.clear_before_next_output:
            self._outputs.clear()
            self.clear_before_next_output = False
        content = msg["content"]
        if msg["msg_type"] == "stream":
            self._outputs.stream(content["name"], content["text"])
            return None
        try:
            output = output_from_msg(msg)  # type: ignore[no-untyped-call]
        except ValueError:
            self.log.warning("a message of type %s is not an output", msg["msg_type"])
            return None
        if output.output_type == "error":
            self._error_shown = content
        number = self._numbers.get(cell_index)
        if number is not None and (stage := stage_note(output, number)):
            self._ending.stages.append(stage)
        self._outputs.rich(dict(output), display_id)
        return None

    def clear_output(self, outs: list[NotebookNode], msg: dict[str, Any], cell_index: int) -> None:
        """Clear what the running cell shows, now or before its next output."""
        if self.output_hook_stack[msg["parent_header"].get("msg_id")]:
            super().clear_output(outs, msg, cell_index)
        elif msg["content"].get("wait"):
            self.clear_before_next_output = True
        elif self._outputs is not None:
            self._outputs.clear()

    def _update_display_id(self, display_id: str, msg: dict[str, Any]) -> None:
        if msg["msg_type"] == "update_display_data" and self._outputs is not None:
            content = msg["content"]
            self._outputs.update(display_id, content["data"], content["metadata"])


async def _ended(tasks: set["asyncio.Task[Any]"]) -> None:
    """End what nbclient left waiting for a kernel that is gone; its loop may be used again."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.gather(*tasks, return_exceptions=True)
