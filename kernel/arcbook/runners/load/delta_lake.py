"""DeltaLakeLoad."""

from typing import TYPE_CHECKING, Any

from arcbook.core.addresses import is_s3
from arcbook.core.failures import InputError
from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.delta import append_once, is_table, newest_commit, write_manifest
from arcbook.runners.loading import nullable, rows_to_write
from arcbook.runners.reading.listing import absolute, can_list, local_path
from arcbook.runners.refresh import refresh
from arcbook.sql.rewrite import delta_path
from arcbook.stages.load.delta_lake import DeltaLakeLoad

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@run.register
def run_delta_lake_load(stage: DeltaLakeLoad, session: Session) -> Result:
    """Write the rows in one commit."""
    rows, details = rows_to_write(stage, session)
    frame = nullable(rows, session)
    place = stage.output_uri
    if can_list(place) and not is_s3(place):
        place = absolute(local_path(place))
    exists = is_table(place)
    if exists and stage.save_mode in ("ErrorIfExists", "Ignore"):
        if stage.save_mode == "Ignore":
            return Result(frame=frame, details={**details, "skipped": True})
        raise InputError(f"There is a Delta table at {stage.output_uri} already, and `saveMode` is ErrorIfExists.")
    options = _options(stage)
    repeated = False
    if stage.save_mode == "Append" and _key(stage, session):
        repeated = not _append_once(frame, place, stage, options, session)
    else:
        _write(frame, place, stage, options, session)
    if stage.generate_symlink_manifest:
        _write_manifest(place, session)
    refresh(place, session)
    commit = newest_commit(place)
    details["commit"] = {key: commit[key] for key in ("version", "timestamp", "operationMetrics")}
    details["skipped"] = repeated
    return Result(frame=frame, details=details)


def _options(stage: DeltaLakeLoad) -> dict[str, str]:
    """The writer's options; those of `options` win over the same at the top."""
    top = {
        "overwriteSchema": stage.overwrite_schema,
        "mergeSchema": stage.merge_schema,
        "replaceWhere": stage.replace_where,
    }
    options = {name: str(value).lower() if isinstance(value, bool) else value for name, value in top.items() if value}
    options |= stage.options
    if stage.save_mode == "Overwrite" and "replaceWhere" not in options and stage.overwrite_schema is not False:
        options.setdefault("overwriteSchema", "true")
    return options


def _key(stage: DeltaLakeLoad, session: Session) -> str:
    """What names this write when its run is repeated; empty when nobody could repeat it."""
    settings = session.settings
    if not settings.run_id:
        return ""
    first = settings.first_run_id or settings.run_id
    # Attempts at a run share its key; with the time, lest a key that never changes keep tomorrow's rows out.
    run = f"{settings.run_key}@{settings.logical_time.isoformat()}" if settings.run_key else first
    # With the position, since stages may share a name.
    return f"arcbook/{settings.job_name}/{run}/{session.position}/{stage.id or stage.name}"


def _write(frame: "DataFrame", place: str, stage: DeltaLakeLoad, options: dict[str, str], session: Session) -> None:
    merges = options.get("mergeSchema") == "true" and stage.save_mode == "Append"
    if session.engine == "embedded" and merges and is_table(place):
        # Sail ignores mergeSchema without a word and loses the new columns.
        append_once(frame.toArrow(), place, partition_by=stage.partition_by, merge_schema=True)
        return
    predicate = options.get("replaceWhere")
    if session.engine == "embedded" and predicate is not None:
        # Sail writes whatever it is given.
        strays = frame.where(f"NOT coalesce(({predicate}), FALSE)").limit(1).count()
        if strays:
            raise InputError(f"The view has rows that do not match `replaceWhere`: {predicate}")
    mode = "append" if stage.save_mode == "Append" else "overwrite"
    frame.write.format("delta").mode(mode).options(**options).partitionBy(*stage.partition_by).save(place)


def _append_once(
    frame: "DataFrame", place: str, stage: DeltaLakeLoad, options: dict[str, str], session: Session
) -> bool:
    """Append unless this run did so before; the mark is part of the commit itself. False when nothing was written."""
    key = _key(stage, session)
    if session.engine == "embedded":
        merges = options.get("mergeSchema") == "true"
        return append_once(frame.toArrow(), place, partition_by=stage.partition_by, merge_schema=merges, key=key)
    before = newest_commit(place)["version"] if is_table(place) else None
    _write(frame, place, stage, {**options, "txnAppId": key, "txnVersion": "1"}, session)
    after: Any = newest_commit(place)["version"]
    return bool(after != before)


def _write_manifest(place: str, session: Session) -> None:
    if session.engine == "embedded":
        write_manifest(place)
    else:
        session.spark.sql(f"GENERATE symlink_format_manifest FOR TABLE {delta_path(place)}")
