"""What all loads share: the view to write, columns that cannot be written."""

import json
from typing import TYPE_CHECKING, Any, Protocol

from arcbook.core.failures import InputError
from arcbook.engines.session import Session
from arcbook.runners.views import read_view, repartitioned
from arcbook.sql.quote import identifier
from arcbook.stages.base import Stage

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class WritesView(Protocol):
    """The keys of a stage that writes a view."""

    @property
    def input_view(self) -> str: ...
    @property
    def output_uri(self) -> str: ...
    @property
    def num_partitions(self) -> int | None: ...
    @property
    def partition_by(self) -> tuple[str, ...]: ...
    @property
    def save_mode(self) -> str: ...


class WritesFiles(WritesView, Protocol):
    """The keys of a stage that writes a view as files."""

    @property
    def replace_where(self) -> str | None: ...
    @property
    def partition_overwrite_mode(self) -> str: ...


def write_key(stage: WritesView, session: Session) -> str:
    """What names this write in all attempts at a run; empty when nobody could repeat it."""
    assert isinstance(stage, Stage)
    return session.key_of(stage.id or stage.name)


def rows_to_write(stage: WritesView, session: Session) -> tuple["DataFrame", dict[str, Any]]:
    """The view's rows, partitioned as wanted and without columns of no type, and details that name what was dropped.

    Raises:
        InputError: there is no such view, or it has columns of no type and the policy forbids to drop them.
    """
    frame = read_view(stage.input_view, session)
    details: dict[str, Any] = {
        "inputView": stage.input_view,
        "outputURI": stage.output_uri,
        "saveMode": stage.save_mode,
    }
    void = [field.name for field in frame.schema.fields if field.dataType.typeName() == "void"]
    if void and not session.settings.drop_unsupported:
        assert isinstance(stage, Stage)
        names = ",".join(f'"{name}"' for name in void)
        raise InputError(
            f"inputView '{stage.input_view}' contains types {{\"NullType\":[{names}]}} which are unsupported by "
            f"{stage.type_name()} and 'dropUnsupported' is set to false."
        )
    if void:
        details["drop"] = {"NullType": void}
        frame = frame.drop(*void)
    return repartitioned(frame, stage.num_partitions, stage.partition_by), details


def nullable(frame: "DataFrame", session: Session) -> "DataFrame":
    """`frame` with all its columns nullable, as Spark's Delta writer makes them.

    Sail keeps `NOT NULL` in the table it writes, and then fills columns that old rows lack with zeros.
    """
    if session.engine != "embedded":
        return frame
    from pyspark.sql.types import StructType

    described = json.loads(frame.schema.json())
    _loosen(described)
    # The only form whose nullability Sail's optimizer leaves alone.
    loose = session.spark.createDataFrame([], StructType.fromJson(described)).union(frame)
    return loose.select(
        *(loose[identifier(each.name)].alias(each.name, metadata=each.metadata) for each in frame.schema.fields)
    )


def _loosen(described: Any) -> None:
    for each in described if isinstance(described, list) else described.values() if isinstance(described, dict) else ():
        _loosen(each)
    if isinstance(described, dict):
        described.update({key: True for key in ("nullable", "containsNull", "valueContainsNull") if key in described})
        # Sail cannot read a schema whose metadata holds anything but text; that of columns is put back afterwards.
        if "metadata" in described:
            described["metadata"] = {}
