"""What `arcbook.runners.placing` needs of a place. Files are named relative to the folder, with `/`."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager

#: Below the folder: hidden from every reader by its first letter, as `_delta_log` is.
OWN = "_arcbook"
PENDING = f"{OWN}/pending"
DONE = f"{OWN}/done"
STAGE = f"{OWN}/stage"


class Target(ABC):
    """A folder, with a stage for each write."""

    @abstractmethod
    def exists(self) -> bool:
        """Whether anything is there."""

    @abstractmethod
    def address(self, file: str) -> str:
        """The address of a file, in the spelling of the folder's."""

    @abstractmethod
    def files(self) -> list[str]:
        """All files, but not what is ours."""

    @abstractmethod
    def notes(self, kind: str) -> list[str]:
        """Our notes of a kind (`PENDING`, `DONE`)."""

    @abstractmethod
    def read(self, file: str) -> bytes | None:
        """A file's content; None when there is none."""

    @abstractmethod
    def put(self, file: str) -> None:
        """Write an empty file."""

    @abstractmethod
    def create(self, file: str, content: bytes, stage: str) -> bool:
        """Write a file whole, unless it exists: then False. What is half written is in the stage."""

    @abstractmethod
    def remove(self, files: Collection[str]) -> None:
        """Delete files that may be gone already, and folders that become empty."""

    @abstractmethod
    def staged(self, stage: str, *, whole: bool) -> AbstractContextManager[str]:
        """A stage's address until the block ends; `whole` says that its files take the place of all others."""

    @abstractmethod
    def files_of(self, stage: str) -> dict[str, int]:
        """The files of a stage with their sizes."""

    @abstractmethod
    def add(self, stage: str, files: Sequence[str], added: list[str]) -> None:
        """Put files of a stage into the folder, unless they are there; names those it put there in `added`."""

    @abstractmethod
    def clear(self, stage: str) -> None:
        """Remove a stage with all in it."""

    def is_beside(self, stage: str) -> bool:
        """Whether a stage can take the folder's place in one step."""
        return False

    def put_staged(self, stage: str, file: str) -> None:
        """Write an empty file into a stage that is beside the folder."""
        raise NotImplementedError

    def exchange(self, stage: str) -> None:
        """Put a stage in the folder's place, which a reader sees as it was or as it is then."""
        raise NotImplementedError

    def is_alive(self, stage: str) -> bool:
        """Whether the writer of a stage is known to be at work."""
        return False

    @abstractmethod
    def recover(self) -> None:
        """End an exchange whose writer died."""

    @abstractmethod
    def sweep(self) -> None:
        """Remove stages whose writers died before their note."""
