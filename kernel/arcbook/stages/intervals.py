"""What stages check that can replace a part of a folder."""

from typing import Any, Protocol

from pydantic_core import PydanticCustomError

from arcbook.stages.keys import given

_ASKED = [
    given("replaceWhere"),
    {"required": ["partitionOverwriteMode"], "properties": {"partitionOverwriteMode": {"const": "dynamic"}}},
]
_PARTITIONED = {"required": ["partitionBy"], "properties": {"partitionBy": {"minItems": 1}}}
#: What `require_partitions` checks, in JSON Schema's words.
NEEDS_PARTITIONS: dict[str, Any] = {"allOf": [{"if": {"anyOf": _ASKED}, "then": _PARTITIONED}]}


class ReplacesPartitions(Protocol):
    """The keys that say which part."""

    @property
    def partition_by(self) -> tuple[str, ...]: ...
    @property
    def replace_where(self) -> str | None: ...
    @property
    def partition_overwrite_mode(self) -> str: ...


def require_partitions(stage: ReplacesPartitions) -> None:
    """Refuse an interval of a folder that has no partitions.

    Raises:
        PydanticCustomError: `partitionBy` is missing.
    """
    key = "replaceWhere" if stage.replace_where else "partitionOverwriteMode"
    if not stage.partition_by and (stage.replace_where or stage.partition_overwrite_mode == "dynamic"):
        context = {"code": "missing-key", "key": key, "remedy": "Name the columns in `partitionBy`."}
        raise PydanticCustomError("interval", "only whole partitions of files can be replaced", context)
