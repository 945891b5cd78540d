"""An engine of which a plan uses a session of its own."""

from typing import TYPE_CHECKING, ClassVar

from arcbook.engines.base import Engine
from arcbook.engines.connect import end_session
from arcbook.engines.embedded import EmbeddedEngine

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Aside(Engine):
    """A running embedded engine with a session apart: views of a plan are no views of a notebook or of another plan.

    Closing it ends the session, which takes all views away at once, and leaves the engine running.
    """

    name: ClassVar[str] = EmbeddedEngine.name

    def __init__(self, engine: EmbeddedEngine) -> None:
        self._engine = engine
        self._session = engine.aside()

    @property
    def generation(self) -> int:
        """That of the engine."""
        return self._engine.generation

    def spark(self) -> "SparkSession":
        """The session; when the engine was replaced it is gone with its views, and so is the plan."""
        return self._session

    def interrupt(self) -> None:
        """Stop all work of the engine."""
        self._engine.interrupt()

    def close(self) -> None:
        """End the session."""
        end_session(self._session, alive=True)
