"""Records on S3, through boto3 with its usual settings (AWS_ENDPOINT_URL and the like)."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from arcbook.core.addresses import bucket_and_key
from arcbook.core.failures import ArcbookError, InputError
from arcbook.core.translate import translating
from arcbook.runs import layout
from arcbook.runs.store import Folder, Store

#: New journal lines are sent this often, so that the loss of the machine costs less than 5 s.
SECONDS_BETWEEN_SEGMENTS = 2.0


class S3Folder(Folder):
    """A record under a prefix of a bucket."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        super().__init__(f"s3://{bucket}/{prefix}")
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._sender: SegmentSender | None = None

    def put(self, name: str, content: bytes) -> None:
        """Write an object; S3 shows it whole or not at all."""
        with translating():
            self._client.put_object(Bucket=self._bucket, Key=f"{self._prefix}/{name}", Body=content)

    def get(self, name: str) -> bytes:
        """An object's content."""
        with translating():
            content: bytes = self._client.get_object(Bucket=self._bucket, Key=f"{self._prefix}/{name}")["Body"].read()
        return content

    def journal_text(self) -> str:
        """The joined journal, or what its segments hold."""
        if f"{self._prefix}/{layout.JOURNAL}" in _keys(self._client, self._bucket, f"{self._prefix}/{layout.JOURNAL}"):
            return self.get(layout.JOURNAL).decode("utf-8", "replace")
        keys = sorted(_keys(self._client, self._bucket, f"{self._prefix}/{layout.SEGMENTS}"))
        parts = [self.get(key.removeprefix(f"{self._prefix}/")) for key in keys]
        if not parts:
            raise InputError(f"{self.address} has no journal.")
        return b"".join(parts).decode("utf-8", "replace")

    def start_journal(self) -> Path:
        """A file in a temporary folder, from which a thread sends what is new."""
        path = Path(tempfile.mkdtemp(prefix="arcbook-journal-")) / layout.JOURNAL
        self._sender = SegmentSender(path, self.put)
        return path

    def end_journal(self) -> None:
        """Put the journal in one piece, then take the segments away; the local copy goes only after that."""
        sender, self._sender = self._sender, None
        if sender is None:
            return
        sender.stop()
        try:
            self.put(layout.JOURNAL, sender.path.read_bytes())
        except ArcbookError as error:
            error.message += f" The journal is kept at {sender.path}."
            raise
        self._drop_segments()
        sender.path.unlink()
        sender.path.parent.rmdir()

    def replace_journal(self, content: bytes) -> None:
        """Put a mended journal in the place of the segments."""
        super().replace_journal(content)
        self._drop_segments()

    def _drop_segments(self) -> None:
        with translating():
            for key in _keys(self._client, self._bucket, f"{self._prefix}/{layout.SEGMENTS}"):
                self._client.delete_object(Bucket=self._bucket, Key=key)


class S3Store(Store):
    """Records under a prefix of a bucket; the client takes endpoint and credentials from boto3's usual places."""

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")
        self._bucket, self._prefix = bucket_and_key(root.rstrip("/"))
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
    meanwhile: sending twice is harmless. Failures are kept in `trouble`, never raised into the run.
    """

    def __init__(self, path: Path, put: Callable[[str, bytes], None]) -> None:
        self.path = path
        self.trouble: ArcbookError | None = None
        self._put = put
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
        while not self._stopping.wait(SECONDS_BETWEEN_SEGMENTS):
            self.send()

    def send(self) -> None:
        """Send what is new by whole lines."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._sent)
                new = file.read()
        except FileNotFoundError:
            return
        new = new[: new.rfind(b"\n") + 1]
        if not new:
            return
        try:
            self._put(layout.segment(self._number + 1), new)
        except ArcbookError as error:
            self.trouble = error
            return
        self._number += 1
        self._sent += len(new)
        self.trouble = None


def _client() -> Any:
    import boto3
    from botocore.config import Config

    options = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 4})
    with translating():
        return boto3.client("s3", config=options)


def _keys(client: Any, bucket: str, prefix: str) -> list[str]:
    with translating():
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", ())]
