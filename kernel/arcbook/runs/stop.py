"""SIGINT and SIGTERM turned into a request that the run's loop answers in order."""

import asyncio
import signal
import threading
from collections.abc import Awaitable
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

_T = TypeVar("_T")


class StoppedError(Exception):
    """The wait was cut short because somebody asked the run to stop."""


class Stop:
    """Whether and why a run is asked to stop. As a context manager it takes over the two signals meanwhile.

    Outside the main thread no signals can be taken over; `request` works everywhere.
    """

    def __init__(self) -> None:
        self.reason = ""
        self.urgency = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event: asyncio.Event | None = None
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def request(self, reason: str) -> None:
        """Ask to stop; asking again makes it more urgent."""
        self.reason = self.reason or reason
        self.urgency += 1
        if self._loop and self._event:
            self._loop.call_soon_threadsafe(self._event.set)

    async def during(self, awaitable: Awaitable[_T]) -> _T:
        """Wait for `awaitable` unless somebody asks to stop; then it is cancelled.

        Raises:
            StoppedError: a request came first.
        """
        task = asyncio.ensure_future(awaitable)
        if not await self.before(task):
            task.cancel()
            await asyncio.wait({task})
            raise StoppedError(self.reason)
        return task.result()

    async def before(self, task: "asyncio.Future[Any]") -> bool:
        """Wait until `task` is done (True) or somebody asks to stop (False); the task goes on."""
        self._loop = asyncio.get_running_loop()
        self._event = self._event or asyncio.Event()
        if self.urgency:
            return task.done()
        asked = asyncio.ensure_future(self._event.wait())
        await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        return task.done()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.request(signal.Signals(number).name)
