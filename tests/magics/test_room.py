"""The thread in which the engine lives."""

import threading
from typing import Any, cast

from arcbook_magics.room import EngineRoom


class LateEngine:
    """In place of an executor: the first interrupt comes before its work has reached the engine."""

    def __init__(self) -> None:
        self.interrupts = 0
        self.begun, self.stopped = threading.Event(), threading.Event()

    def work(self) -> str:
        """Goes on until stopped."""
        self.begun.set()
        return "stopped" if self.stopped.wait(60) else "ran on"

    def interrupt(self) -> None:
        """Stops only what is there to be stopped."""
        self.interrupts += 1
        if self.interrupts > 1:
            self.stopped.set()

    def close(self) -> None:
        """Nothing to end."""


def test_interrupt_that_comes_early() -> None:
    """Work that an interrupt did not find on the engine yet is stopped by the next one."""
    executor = LateEngine()
    room = EngineRoom(lambda: cast("Any", executor))
    ended: list[str] = []
    cell = threading.Thread(target=lambda: ended.append(room.call(lambda late: cast("Any", late).work())))
    cell.start()
    assert executor.begun.wait(60)
    room.interrupt()
    cell.join(60)
    room.close()
    assert ended == ["stopped"]
    assert executor.interrupts == 2
