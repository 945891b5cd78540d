"""A folder on S3, where nothing can be renamed: staged objects are copied, by S3 itself, into their places."""

import uuid
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from arcbook.cells.fetch import objects_below, read_object
from arcbook.core.addresses import bucket_and_key
from arcbook.core.failures import InputError
from arcbook.core.translate import translating
from arcbook.runners.targets.base import OWN, STAGE, Target

_BATCH = 1000
_COPIES_AT_ONCE = 8
#: S3 knows no locks. A stage that nothing was written to for so long has lost its writer.
_ABANDONED = timedelta(days=1)
# What S3 says; the status stands for it where the answer was cut off before its text.
_MISSING = ("NoSuchKey", "404")
_THERE_ALREADY = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")


class Bucket(Target):
    """A prefix in a bucket."""

    def __init__(self, uri: str) -> None:
        self.uri = uri.rstrip("/")
        self.bucket, key = bucket_and_key(self.uri)
        self.prefix = f"{key}/" if key else ""

    def exists(self) -> bool:
        return bool(self.files())

    def address(self, file: str) -> str:
        return f"{self.uri}/{file}"

    def files(self) -> list[str]:
        return [name for name in self._sizes() if not name.startswith(f"{OWN}/")]

    def notes(self, kind: str) -> list[str]:
        return list(self._sizes(f"{kind}/"))

    def read(self, file: str) -> bytes | None:
        try:
            return read_object(self._client, self.bucket, self.prefix + file)
        except InputError as error:
            if _code(error.__cause__) in _MISSING:
                return None
            raise

    def put(self, file: str) -> None:
        self._client.put_object(Bucket=self.bucket, Key=self.prefix + file, Body=b"")

    def create(self, file: str, content: bytes, stage: str) -> bool:
        from botocore.exceptions import ClientError

        try:
            self._client.put_object(Bucket=self.bucket, Key=self.prefix + file, Body=content, IfNoneMatch="*")
        except ClientError as error:
            if _code(error) not in _THERE_ALREADY:
                raise
            # The one that is there may be ours: when S3's answer is lost, boto3 asks again.
            return self.read(file) == content
        return True

    def remove(self, files: Collection[str]) -> None:
        doomed = sorted(files)
        for start in range(0, len(doomed), _BATCH):
            objects = [{"Key": self.prefix + name} for name in doomed[start : start + _BATCH]]
            answer = self._client.delete_objects(Bucket=self.bucket, Delete={"Objects": objects, "Quiet": True})
            if refused := answer.get("Errors"):
                first = refused[0]
                raise PermissionError(f"s3://{self.bucket}/{first['Key']} cannot be deleted: {first.get('Code')}")

    @contextmanager
    def staged(self, stage: str, *, whole: bool) -> Iterator[str]:
        try:
            yield f"{self.uri}/{STAGE}/{stage}"
        except Exception:
            self._try()
            raise
        finally:
            self.clear(stage)

    def _try(self) -> None:
        """Write and delete an object, after a failure: a refusal is told here, where Sail only says that it failed."""
        key = f"{self.prefix}{OWN}/{uuid.uuid4().hex[:8]}"
        with translating(f"cannot write to {self.uri}"):
            self._client.put_object(Bucket=self.bucket, Key=key, Body=b"")
            self._client.delete_object(Bucket=self.bucket, Key=key)

    def files_of(self, stage: str) -> dict[str, int]:
        start = f"{STAGE}/{stage}/"
        sizes = self._sizes(start)
        # Spark's committer leaves a mark of its own, and of a folder that was one for a moment a key with a slash.
        return {name.removeprefix(start): size for name, size in sizes.items() if not name.endswith(("/", "/_SUCCESS"))}

    def add(self, stage: str, files: Sequence[str], added: list[str]) -> None:
        def copy(file: str) -> None:
            added.append(file)
            self._copy(f"{STAGE}/{stage}/{file}", file)

        with ThreadPoolExecutor(_COPIES_AT_ONCE) as pool:
            for done in [pool.submit(copy, file) for file in files]:
                done.result()

    def clear(self, stage: str) -> None:
        self.remove([*self._sizes(f"{STAGE}/{stage}/"), f"{STAGE}/{stage}/"])

    def recover(self) -> None:
        """Nothing to do: nothing is exchanged here."""

    def sweep(self) -> None:
        newest: dict[str, datetime] = {}
        for item in self._objects(f"{STAGE}/"):
            stage = item["Key"].removeprefix(f"{self.prefix}{STAGE}/").partition("/")[0]
            newest[stage] = max(newest.get(stage, item["LastModified"]), item["LastModified"])
        for stage, moment in newest.items():
            if datetime.now(UTC) - moment > _ABANDONED:
                self.clear(stage)

    def _copy(self, source: str, target: str) -> None:
        from boto3.s3.transfer import TransferConfig
        from botocore.exceptions import ClientError

        origin = {"Bucket": self.bucket, "Key": self.prefix + source}
        # One request up to 5 GB; beyond that S3 wants parts.
        config = TransferConfig(multipart_threshold=4 * 1024**3, multipart_chunksize=1024**3, use_threads=False)
        try:
            self._client.copy(origin, self.bucket, self.prefix + target, Config=config)
        except ClientError as error:
            # Whoever else settled this write has copied it and cleared the stage.
            if _code(error) not in _MISSING or target not in self._sizes(target):
                raise

    def _sizes(self, below: str = "") -> dict[str, int]:
        return {item["Key"].removeprefix(self.prefix): int(item["Size"]) for item in self._objects(below)}

    def _objects(self, below: str) -> Iterator[Any]:
        return objects_below(self._client, self.bucket, self.prefix + below)

    @cached_property
    def _client(self) -> Any:
        import boto3

        return boto3.client("s3")


def _code(error: Any) -> str:
    answer = getattr(error, "response", None) or {}
    return str(answer.get("Error", {}).get("Code", ""))
