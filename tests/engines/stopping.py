"""Stopping a statement, however long it takes the engine to begin with it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from arcbook.engines.base import Engine


class Stoppable(Protocol):
    """An engine or an executor."""

    def interrupt(self) -> None: ...


@contextmanager
def stopping(work: Stoppable, after: float = 1.0) -> Iterator[None]:
    """Stop what runs in the block `after` seconds, and again each second: an early stop may find nothing to stop."""
    ended = threading.Event()

    def stop() -> None:
        if not ended.wait(after):
            work.interrupt()
        while not ended.wait(1.0):
            work.interrupt()

    stopper = threading.Thread(target=stop, daemon=True)
    stopper.start()
    try:
        yield
    finally:
        ended.set()
        stopper.join()


def error_when_stopped(engine: Engine, statement: str, after: float = 1.0) -> BaseException:
    """The engine's own error for `statement`, which is stopped `after` seconds."""
    spark = engine.spark()
    try:
        with stopping(engine, after):
            spark.sql(statement).collect()
    except Exception as error:  # noqa: BLE001  # what a test wants to see
        return error
    raise AssertionError("the statement came to its end")
