"""What every engine is: something that opens sessions and can be stopped."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from arcbook.core.capabilities import ENGINE_CAPABILITIES
from arcbook.core.failures import ArcbookError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Engine(ABC):
    """A place where Spark SQL runs. Not thread-safe except for `interrupt`."""

    name: ClassVar[str]

    @property
    def capabilities(self) -> frozenset[str]:
        """What this engine offers (names in `arcbook.core.capabilities`)."""
        return ENGINE_CAPABILITIES[self.name]

    @property
    @abstractmethod
    def generation(self) -> int:
        """Counts how often the engine was replaced; views of an earlier generation are gone."""

    @abstractmethod
    def spark(self) -> "SparkSession":
        """The Spark session, opened on the first call and reopened after a loss.

        Raises:
            ArcbookError: the engine cannot be started; the message says what is missing.
        """

    def renew(self) -> str:
        """Called between stages: replace the engine if that is due, and say why; an empty text when it is not."""
        return ""

    def need(self, capability: str) -> None:  # noqa: B027  # most engines have all they offer at hand
        """Told before a stage that uses `capability`, for engines that load parts on demand."""

    def suspect(self) -> None:  # noqa: B027  # most engines see their server's end by themselves
        """Told after a failure that looks like a lost engine; the next `spark()` should make sure."""

    def is_gone(self) -> bool:
        """Whether its process has ended, so that `spark()` would start another one. Starts nothing itself."""
        return False

    def post_mortem(self) -> ArcbookError | None:
        """What is known, beyond the broken connection, of how the engine was lost; None when it lives or nobody knows.

        Asked after `suspect`.
        """
        return None

    @abstractmethod
    def interrupt(self) -> None:
        """Stop all work of this session, replacing the engine when it does not stop in time. Any thread may call."""

    @abstractmethod
    def close(self) -> None:
        """End the session and what this engine started. Safe to call twice."""
