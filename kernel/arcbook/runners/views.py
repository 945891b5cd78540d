"""Making and reading views, the same on every engine."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from arcbook.core.failures import DefinitionError, InputError
from arcbook.core.suggest import did_you_mean
from arcbook.engines.session import Session
from arcbook.engines.views import View
from arcbook.runners.base import Result

if TYPE_CHECKING:
    from pyspark import StorageLevel
    from pyspark.sql import DataFrame


class MakesView(Protocol):
    """The keys of a stage that ends in a view."""

    @property
    def output_view(self) -> str | None: ...
    @property
    def persist(self) -> bool: ...
    @property
    def num_partitions(self) -> int | None: ...
    @property
    def partition_by(self) -> tuple[str, ...]: ...


def make_view(
    frame: "DataFrame",
    stage: MakesView,
    session: Session,
    *,
    details: Mapping[str, Any] | None = None,
    delta_path: str | None = None,
) -> Result:
    """Register `frame` as the stage's output view; the details gain `outputColumns` and, with persist, `records`.

    `delta_path` says that the view is a Delta table as it stands.

    Raises:
        DefinitionError: the view exists and views are immutable in this run, or a column of partitionBy is missing.
    """
    if stage.output_view is None:
        raise DefinitionError("The stage needs `outputView` to keep its result.")
    frame = repartitioned(frame, stage.num_partitions, stage.partition_by)
    gained: dict[str, Any] = {"outputView": stage.output_view, "outputColumns": len(frame.columns)}
    if stage.num_partitions is not None:
        gained["numPartitions"] = stage.num_partitions
    register(frame, stage.output_view, session, delta_path=None if stage.persist else delta_path)
    if stage.persist:
        if "persist" in session.capabilities:
            frame.persist(storage_level(session.settings.storage_level))
        gained["records"] = frame.count()
    return Result(frame=frame, view=stage.output_view, details={**(details or {}), **gained})


def storage_level(name: str) -> "StorageLevel":
    """Spark's storage level of a name that Arc knows (`arcbook.core.launch.STORAGE_LEVELS`).

    PySpark has no constants for them: its own of the same name mean rows in serialised form.
    """
    from pyspark import StorageLevel

    in_memory = "MEMORY" in name
    serialised = "_SER" in name
    return StorageLevel(
        useDisk="DISK" in name,
        useMemory=in_memory,
        useOffHeap=False,
        deserialized=in_memory and not serialised,
        replication=2 if name.endswith("_2") else 1,
    )


def register(frame: "DataFrame", name: str, session: Session, *, delta_path: str | None = None) -> None:
    """Make `frame` the temporary view `name` and note it, replacing one of the same name in any case."""
    known = session.views.get(name)
    if session.settings.immutable_views and session.spark.catalog.tableExists(known.name if known else name):
        raise DefinitionError(
            f"The view `{name}` exists already, and this run has immutable views; use another outputView."
        )
    frame.createOrReplaceTempView(name)
    if known is not None and known.name != name:
        # An engine whose catalogue minds case would keep both.
        session.spark.catalog.dropTempView(known.name)
        frame.createOrReplaceTempView(name)
    session.views.put(View(name, delta_path, known.maker if known else None))


def read_view(name: str, session: Session) -> "DataFrame":
    """The rows of a view, found in any case.

    Raises:
        InputError: there is no such view.
    """
    known = session.views.get(name)
    spelt = known.name if known else name.strip("`")
    if known is None and not session.spark.catalog.tableExists(spelt):
        remedy = did_you_mean(spelt, [view.name for view in session.views])
        raise InputError(f"There is no view `{name}`. {remedy}".strip())
    return session.spark.table(spelt)


def repartitioned(frame: "DataFrame", parts: int | None, columns: tuple[str, ...]) -> "DataFrame":
    """`frame` in `parts` partitions, by `columns` when given; unchanged when neither is."""
    require_columns(frame, columns, "partitionBy")
    if columns:
        return frame.repartition(parts, *columns) if parts else frame.repartition(*columns)
    return frame.repartition(parts) if parts else frame


def require_columns(frame: "DataFrame", names: tuple[str, ...], key: str) -> None:
    """Refuse names of `key` that are no columns of `frame`."""
    if not names:
        return  # without asking the engine for the columns
    known = {column.lower() for column in frame.columns}
    for name in names:
        if name.lower() not in known:
            remedy = did_you_mean(name, frame.columns)
            raise DefinitionError(f"`{key}` names `{name}`, which is no column of the view. {remedy}".strip())
