"""Records on S3, through boto3 with its usual settings (AWS_ENDPOINT_URL and the like)."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from arcbook.cells.fetch import objects_below, read_object
from arcbook.core.addresses import bucket_and_key
from arcbook.core.failures import ArcbookError, DefinitionError, InputError, TransientError
from arcbook.core.growing import whole_lines
from arcbook.core.translate import translating
from arcbook.runs import layout
from arcbook.runs.record import Record
from arcbook.runs.store import Folder, Say, Store, nobody

#: New journal lines are sent this often, so that the loss of the machine costs less than 5 s, also on a slow network.
SECONDS_BETWEEN_SEGMENTS = 1.0
SECONDS_TO_THE_FIRST = 0.2
#: How long the end of a run waits for a bucket that throttles or cannot be reached.
SECONDS_TO_THE_END = 60.0
#: The same when somebody asked the run to stop: schedulers kill half a minute after they have asked.
SECONDS_IN_A_HURRY = 8.0
#: A recovered journal may have thousands of segments; so many are read at once.
_READERS = 16
#: What S3 deletes with one request.
_BATCH = 1000


class S3Folder(Folder):
    """A record under a prefix of a bucket."""

    def __init__(self, client: Any, bucket: str, prefix: str, *, patience: float = SECONDS_TO_THE_END) -> None:
        super().__init__(f"s3://{bucket}/{prefix}")
        self._patience = patience
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._sender: SegmentSender | None = None
        self._local: Path | None = None

    def put(self, name: str, content: bytes) -> None:
        """Write an object; S3 shows it whole or not at all."""
        with translating(f"cannot write {self.address}/{name}"):
            self._client.put_object(Bucket=self._bucket, Key=f"{self._prefix}/{name}", Body=content)

    def get(self, name: str) -> bytes:
        """An object's content."""
        return read_object(self._client, self._bucket, f"{self._prefix}/{name}")

    def journal_text(self) -> str:
        """The joined journal, or what its segments hold."""
        if f"{self._prefix}/{layout.JOURNAL}" in _keys(self._client, self._bucket, f"{self._prefix}/{layout.JOURNAL}"):
            return self.get(layout.JOURNAL).decode("utf-8", "replace")
        keys = sorted(_keys(self._client, self._bucket, f"{self._prefix}/{layout.SEGMENTS}"))
        if not keys:
            raise InputError(f"{self.address} has no journal.")
        with ThreadPoolExecutor(_READERS) as readers:
            parts = readers.map(lambda key: self.get(key.removeprefix(f"{self._prefix}/")), keys)
            return b"".join(parts).decode("utf-8", "replace")

    def start_journal(self, say: Say = nobody) -> Path:
        """A file in a temporary folder, from which a thread sends what is new."""
        path = Path(tempfile.mkdtemp(prefix="arcbook-journal-")) / layout.JOURNAL
        sending = S3Folder(_client(patient=False), self._bucket, self._prefix)
        self._sender = SegmentSender(path, sending.put, say)
        return path

    def end_journal(self) -> None:
        """Put the journal in one piece, then take the segments away; the local copy stays until all is finished."""
        sender, self._sender = self._sender, None
        if sender is None:
            return
        sender.stop()
        self._local = sender.path
        journal = sender.path.read_bytes()
        self._insist(lambda: self.put(layout.JOURNAL, journal))
        self._drop_segments()

    def finish(self, record: Record, notebook: bytes) -> None:
        """Write what ends a run, trying again for a while: nobody would come back to do it."""
        self._insist(lambda: super(S3Folder, self).finish(record, notebook))
        if self._local is not None:
            self._local.unlink()
            self._local.parent.rmdir()
            self._local = None

    def hurry(self) -> None:
        """Give up a bucket that does not answer before the system kills this process."""
        self._patience = min(self._patience, SECONDS_IN_A_HURRY)

    def _insist(self, work: Callable[[], None]) -> None:
        """Do `work` again and again while it fails for a passing reason, until the patience is at its end."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                work()
            except TransientError:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(SECONDS_BETWEEN_SEGMENTS)
            else:
                return

    def replace_journal(self, content: bytes) -> None:
        """Put a mended journal in the place of the segments."""
        super().replace_journal(content)
        self._drop_segments()

    def _drop_segments(self) -> None:
        """Delete the segments of a journal that is there in one piece. They are not read any more: whoever may not
        delete objects, for example, has a complete record all the same."""
        with suppress(ArcbookError), translating():
            keys = _keys(self._client, self._bucket, f"{self._prefix}/{layout.SEGMENTS}")
            for start in range(0, len(keys), _BATCH):
                listed = [{"Key": key} for key in keys[start : start + _BATCH]]
                self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": listed, "Quiet": True})


class S3Store(Store):
    """Records under a prefix of a bucket; the client takes endpoint and credentials from boto3's usual places.

    Raises:
        DefinitionError: the address names no bucket.
    """

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")
        self._bucket, self._prefix = bucket_and_key(root.rstrip("/"))
        if not self._bucket:
            raise DefinitionError(f"The place of records, {root}, names no bucket: write s3://BUCKET/PREFIX.")
        self._client = _client()

    def folder(self, job: str, run_id: str) -> S3Folder:
        """The prefix of a run."""
        return S3Folder(self._client, self._bucket, "/".join(filter(None, (self._prefix, job, run_id))))

    def runs(self) -> Iterator[tuple[str, str]]:
        """Every run id that has at least one object."""
        prefix = f"{self._prefix}/" if self._prefix else ""
        found = set()
        for key in _keys(self._client, self._bucket, prefix):
            parts = key.removeprefix(prefix).split("/")
            if len(parts) > 2 and layout.RUN_ID.match(parts[1]):
                found.add((parts[0], parts[1]))
        yield from sorted(found, key=lambda run: run[1], reverse=True)


class SegmentSender:
    """Sends what is new in a growing file as numbered segments, from a thread of its own.

    A segment that could not be sent is sent again with the next beat, under the same number and with what has come
    meanwhile: sending twice is harmless. Failures are kept in `trouble`, never raised into the run; when sending
    begins to fail and when it works again, `say` is told.
    """

    def __init__(self, path: Path, put: Callable[[str, bytes], None], say: Say = nobody) -> None:
        self.path = path
        self.trouble: ArcbookError | None = None
        self._put = put
        self._say = say
        self._sent = 0
        self._number = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="arcbook-journal", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop sending; what is new is left to the caller."""
        self._stopping.set()
        self._thread.join(timeout=30)

    def _beat(self) -> None:
        # The first lines have the notebook, without which nothing can be recovered.
        wait = min(SECONDS_TO_THE_FIRST, SECONDS_BETWEEN_SEGMENTS)
        while not self._stopping.wait(wait):
            self.send()
            wait = SECONDS_BETWEEN_SEGMENTS if self._number else wait

    def send(self) -> None:
        """Send what is new by whole lines."""
        try:
            new = whole_lines(self.path, self._sent)
        except FileNotFoundError:
            return
        if not new:
            return
        try:
            self._put(layout.segment(self._number + 1), new)
        except ArcbookError as error:
            if self.trouble is None:
                self._say(
                    f"The journal cannot be sent ({error.failure_name}): {error.message} The run goes on; what is not "
                    f"sent is at {self.path} and is sent again until the end."
                )
            self.trouble = error
            return
        if self.trouble is not None:
            self._say("The journal is being sent again; nothing of it is missing.")
        self._number += 1
        self._sent += len(new)
        self.trouble = None


def _client(*, patient: bool = True) -> Any:
    """S3's client; one that is not patient gives up soon, for work that is done again anyway."""
    import boto3
    from botocore.config import Config

    seconds, attempts = (20, 5) if patient else (5, 2)
    options = Config(connect_timeout=5, read_timeout=seconds, retries={"mode": "standard", "max_attempts": attempts})
    with translating():
        return boto3.client("s3", config=options)


def _keys(client: Any, bucket: str, prefix: str) -> list[str]:
    with translating():
        return [item["Key"] for item in objects_below(client, bucket, prefix)]
