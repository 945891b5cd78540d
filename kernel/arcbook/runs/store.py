"""Where records are kept: a folder, or `s3://bucket/prefix` (`arcbook.runs.s3`). Same layout in both."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from arcbook.core.addresses import is_s3, replace_file
from arcbook.core.failures import InputError
from arcbook.runs import layout
from arcbook.runs.record import Record, read_record

#: Takes a sentence for whoever looks at the run.
Say = Callable[[str], None]


def nobody(text: str) -> None:
    """Nobody looks."""


class NoRunError(InputError):
    """There is no record of a run that somebody named."""


class Folder(ABC):
    """The place of one run's record."""

    def __init__(self, address: str) -> None:
        self.address = address

    @abstractmethod
    def put(self, name: str, content: bytes) -> None:
        """Write a file whole, or not at all."""

    @abstractmethod
    def get(self, name: str) -> bytes:
        """A file's content.

        Raises:
            InputError: it does not exist.
        """

    @abstractmethod
    def journal_text(self) -> str:
        """The journal as far as it has been written, joined from segments where the run has not ended properly."""

    @abstractmethod
    def start_journal(self, say: Say = nobody) -> Path:
        """The local file to write the journal to; what is in it by now and later reaches the record by itself.

        `say` is told of trouble with that, which is none of the run's.
        """

    @abstractmethod
    def end_journal(self) -> None:
        """The journal is complete and closed: see that all of it is in the record. Safe to call twice."""

    def hurry(self) -> None:  # noqa: B027  # only a place far away can be waited for
        """Somebody asked the run to stop: do not wait long for a place that does not answer."""

    def replace_journal(self, content: bytes) -> None:
        """Put a mended journal in the place of what is there."""
        self.put(layout.JOURNAL, content)

    def record(self) -> Record:
        """The run's record.

        Raises:
            InputError: there is none, or it cannot be read.
        """
        return read_record(self.get(layout.RECORD).decode(), address=f"{self.address}/{layout.RECORD}")

    def finish(self, record: Record, notebook: bytes) -> None:
        """Write what ends a run: notebook, final record, manifest, in this order; the journal must have been ended."""
        journal = self.journal_text().encode()
        files = {layout.NOTEBOOK: notebook, layout.RECORD: record.to_json().encode()}
        for name, content in files.items():
            self.put(name, content)
        self.put(layout.MANIFEST, layout.manifest({**files, layout.JOURNAL: journal}).encode())


class Store(ABC):
    """A root with the records of many runs."""

    root: str

    @abstractmethod
    def folder(self, job: str, run_id: str) -> Folder:
        """The place of a run's record, whether it exists or not."""

    @abstractmethod
    def runs(self) -> Iterator[tuple[str, str]]:
        """Job and run id of every record, the newest first."""

    def find(self, run_id: str, say: Say = nobody) -> Folder:
        """The record whose run id is, or begins with, `run_id`; `job/run-id` is understood too, and `latest`.

        Attempts that were refused before anything ran do not hide the failed run of the same job before them from
        `latest`; `say` is told of them.

        Raises:
            NoRunError: none matches.
            InputError: several match.
        """
        job, _, wanted = run_id.strip("/").rpartition("/")
        latest = wanted == "latest"
        matches = [
            (name, found)
            for name, found in self.runs()
            if (latest or found.startswith(wanted)) and (not job or layout.is_job(name, job.rsplit("/", 1)[-1]))
        ]
        if not matches:
            raise NoRunError(f"there is no run {run_id!r} in {self.root}. `arcbook runs list` shows what there is.")
        if len(matches) > 1 and not latest and matches[0][1] != wanted:
            shown = ", ".join(found for _, found in matches[:5])
            raise InputError(f"{run_id!r} fits several runs in {self.root}: {shown}. Give more of the run id.")
        return self._latest(matches, say) if latest else self.folder(*matches[0])

    def _latest(self, runs: Sequence[tuple[str, str]], say: Say) -> Folder:
        """The latest of some runs, the newest first."""
        job, newest = runs[0]
        for run_id in (run_id for name, run_id in runs if name == job):
            place = self.folder(job, run_id)
            try:
                record = place.record()
            except InputError:
                break  # nobody knows what it was
            if record.refused:
                continue
            if record.status == "completed":
                break
            if run_id != newest:
                say(
                    f"`latest` is the run {run_id}: the later attempt {newest} was refused before anything ran "
                    f"(`arcbook runs show {newest}`)."
                )
            return place
        return self.folder(job, newest)


def open_store(root: str | None = None) -> Store:
    """The store at `root`; without one, that of ARCBOOK_RECORD, else the folder `runs` here."""
    chosen = root or os.environ.get(layout.ROOT_VARIABLE) or layout.DEFAULT_ROOT
    if is_s3(chosen):
        from arcbook.runs.s3 import S3Store

        return S3Store(chosen)
    return LocalStore(chosen.removeprefix("file://"))


class LocalFolder(Folder):
    """A record in a folder of this machine."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path

    def put(self, name: str, content: bytes) -> None:
        """Write a file whole: under another name first, then renamed."""
        replace_file(self.path / name, content)

    def get(self, name: str) -> bytes:
        """A file's content."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError as error:
            raise InputError(f"{self.path / name} does not exist.") from error

    def journal_text(self) -> str:
        """The journal's text."""
        return self.get(layout.JOURNAL).decode("utf-8", "replace")

    def start_journal(self, say: Say = nobody) -> Path:
        """The journal itself."""
        return self.path / layout.JOURNAL

    def end_journal(self) -> None:
        """Nothing to do: the journal was written in its place."""


class LocalStore(Store):
    """Records under a folder."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._path = Path(root).expanduser()

    def folder(self, job: str, run_id: str) -> LocalFolder:
        """The folder of a run, as an absolute path: a job may change the working directory."""
        return LocalFolder(self._path.absolute() / job / run_id)

    def runs(self) -> Iterator[tuple[str, str]]:
        """Every folder whose name is a run id."""
        found = [
            (path.parent.name, path.name)
            for path in self._path.glob("*/*")
            if layout.RUN_ID.match(path.name) and path.is_dir()
        ]
        yield from sorted(found, key=lambda run: run[1], reverse=True)
