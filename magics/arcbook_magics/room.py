"""Where the engine lives: one thread in which everything that needs it runs, opened while the user is still typing.

The thread that runs cells only waits. So an interrupt, which Python delivers to that thread alone, ends the cell at
once, whatever the engine's client is doing, and the engine is stopped from aside.
"""

import contextvars
import gc
import queue
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from arcbook.core.failures import CancelledError

if TYPE_CHECKING:
    from arcbook.runners.executor import Executor

T = TypeVar("T")

#: Seconds an interrupted cell waits for its work to end before the prompt returns; the engine is being stopped.
PATIENCE = 0.3
#: Seconds a thread may run before another gets its turn, while the engine is being opened.
TURN = 0.0005
#: Seconds between two attempts to stop work: what was on its way to the engine at the first is stopped by the next.
AGAIN = 0.5
#: Seconds that closing waits for the engine.
CLOSING = 5.0


class Opener(Protocol):
    """How an executor comes to be; slow, so it runs in the room's thread."""

    def __call__(self) -> "Executor": ...


class EngineRoom:
    """The executor and its thread. `call` is for the thread that runs cells; the rest any thread may use.

    Args:
        opener: makes the executor, in the room's thread.
        imports: imports what cells need, in the room's thread, before the engine is opened. The thread that runs cells
            must not import: an interrupt within Python's import system can leave a lock behind that stops every thread.
    """

    def __init__(self, opener: Opener, imports: Callable[[], None] = lambda: None) -> None:
        self._opener = opener
        self._imports = imports
        self._imported = threading.Event()
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._hurry = threading.Event()
        self._executor: Executor | None = None
        self._stopping: threading.Thread | None = None
        self._current: Future[Any] | None = None
        self._closed = False

    def warm_up(self, delay: float = 0.0) -> None:
        """Begin to open the engine after `delay` seconds, or as soon as a cell needs it. Later calls do nothing."""
        with self._lock:
            if self._thread is not None or self._closed:
                return
            self._thread = threading.Thread(target=self._run, args=(delay,), name="arcbook-engine", daemon=True)
            self._thread.start()

    def wait_for_imports(self) -> None:
        """Return when what cells need is imported; an interrupt ends the wait."""
        if not self._imported.is_set():
            self._hurry.set()
            self.warm_up()
            self._imported.wait()

    @property
    def opened(self) -> bool:
        """Whether the engine is there."""
        return self._executor is not None

    def call(self, work: "Callable[[Executor], T]") -> T:
        """Do `work` with the executor and wait for it.

        Raises:
            CancelledError: the wait was interrupted; the engine is being stopped.
            ArcbookError: the engine could not be opened (the next call tries again), or what `work` raised.
        """
        self._hurry.set()
        self.warm_up()
        done: Future[T] = Future()
        context = contextvars.copy_context()

        def task() -> None:
            if not done.set_running_or_notify_cancel():
                return
            self._current = done
            try:
                done.set_result(context.run(work, self._opened()))
            except BaseException as error:  # noqa: BLE001  # handed over to the waiting thread, whatever it is
                done.set_exception(error)

        self._work.put(task)
        try:
            return done.result()
        except KeyboardInterrupt:
            if not done.cancel():
                self.interrupt()
                _wait_briefly(done)
            raise CancelledError("the cell was interrupted") from None

    def interrupt(self) -> None:
        """Stop the engine's work, without waiting for it; the next call waits until it has stopped."""
        executor = self._executor
        if executor is None:
            return
        with self._lock:
            if self._stopping is None or not self._stopping.is_alive():
                work = (executor, self._current)
                self._stopping = threading.Thread(target=_stop, args=work, name="arcbook-interrupt", daemon=True)
                self._stopping.start()

    def close(self) -> None:
        """End the engine and the thread. Safe to call twice."""
        with self._lock:
            already, self._closed = self._closed, True
        self._imported.set()
        if already:
            return
        self._work.put(None)
        executor = self._executor
        if executor is not None:
            closing = threading.Thread(target=executor.close, name="arcbook-close", daemon=True)
            closing.start()
            closing.join(CLOSING)

    def _run(self, delay: float) -> None:
        self._hurry.wait(delay)
        if not self._closed:
            # Imports hold the interpreter; shorter turns let cells run meanwhile nearly as fast as otherwise.
            before = sys.getswitchinterval()
            sys.setswitchinterval(TURN)
            # What is imported stays; looking for garbage in it again and again takes a tenth of the time.
            collecting = gc.isenabled()
            gc.disable()
            try:
                with suppress(Exception):  # the first cell that needs the engine opens again and reports
                    try:
                        self._imports()
                    finally:
                        self._imported.set()
                    self._opened()
            finally:
                sys.setswitchinterval(before)
                if collecting:
                    gc.enable()
        while (task := self._work.get()) is not None:
            stopping = self._stopping
            if stopping is not None:
                stopping.join()
            task()

    def _opened(self) -> "Executor":
        if self._executor is None:
            executor = self._opener()
            if self._closed:
                executor.close()
                raise CancelledError("the kernel was shut down")
            self._executor = executor
        return self._executor


def _stop(executor: "Executor", work: "Future[Any] | None") -> None:
    """Stop the engine's work until nobody waits for it any more."""
    executor.interrupt()
    while work is not None and not _wait_briefly(work, AGAIN):
        executor.interrupt()


def _wait_briefly(done: "Future[Any]", seconds: float = PATIENCE) -> bool:
    """Give work that is being stopped the time to end, so that its messages come before the prompt; whether it did."""
    return bool(wait([done], seconds).done)
