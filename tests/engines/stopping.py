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
def stopping(work: Stoppable) -> Iterator[None]:
    """Stop what runs in the block again and again until it has ended: an early stop finds nothing to stop yet."""
    ended = threading.Event()

    def stop() -> None:
        while not ended.wait(1.0):
            work.interrupt()

    stopper = threading.Thread(target=stop, daemon=True)
    stopper.start()
    try:
        yield
    finally:
        ended.set()
        stopper.join()


def error_when_stopped(engine: Engine, statement: str) -> BaseException:
    """The engine's own error for `statement`, which is stopped."""
    spark = engine.spark()
    try:
        with stopping(engine):
            spark.sql(statement).collect()
    except Exception as error:  # noqa: BLE001  # what a test wants to see
        return error
    raise AssertionError("the statement came to its end")
