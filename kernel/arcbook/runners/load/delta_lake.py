"""DeltaLakeLoad."""

from typing import TYPE_CHECKING

from arcbook.core.addresses import is_s3
from arcbook.core.failures import InputError
from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.delta import METRICS_OF_BYTES, bytes_added, is_table, newest_commit, write_manifest
from arcbook.runners.delta_once import next_mark, write_rows
from arcbook.runners.delta_places import save_table
from arcbook.runners.intervals import require_declared
from arcbook.runners.loading import nullable, rows_to_write, write_key
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
    options = _options(stage)
    interval = options.get("replaceWhere") if stage.save_mode == "Overwrite" else None
    whole = stage.save_mode == "Overwrite" and interval is None
    # An Overwrite of the whole table leaves nothing of an earlier attempt: it is just made again.
    key = "" if whole else write_key(stage, session)
    mark = next_mark(place, key) if key else 1
    if mark is not None and stage.save_mode in ("ErrorIfExists", "Ignore") and is_table(place):
        if stage.save_mode == "Ignore":
            return Result(frame=frame, details={**details, "skipped": True})
        raise InputError(f"There is a Delta table at {stage.output_uri} already, and `saveMode` is ErrorIfExists.")
    require_declared(frame, interval)
    written = mark is not None and _write(frame, place, stage, options, session, key=key, mark=mark)
    if stage.generate_symlink_manifest:
        _write_manifest(place, session)
    refresh(place, session)
    commit = newest_commit(place)
    details["commit"] = {key: commit[key] for key in ("version", "timestamp", "operationMetrics")}
    details["skipped"] = not written
    if written and not any(name in commit["operationMetrics"] for name in METRICS_OF_BYTES):
        details["bytesWritten"] = bytes_added(place)
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


def _write(
    frame: "DataFrame",
    place: str,
    stage: DeltaLakeLoad,
    options: dict[str, str],
    session: Session,
    *,
    key: str,
    mark: int,
) -> bool:
    """Write in one commit, which bears the mark if there is a key. False when another attempt did so meanwhile."""
    whole = stage.save_mode == "Overwrite" and "replaceWhere" not in options
    merges = options.get("mergeSchema") == "true"
    # Sail knows no marks, ignores mergeSchema without a word and takes rows outside of the interval.
    if session.engine == "embedded" and not whole and (key or stage.save_mode == "Overwrite" or merges):
        interval = options.get("replaceWhere") if stage.save_mode == "Overwrite" else None
        write_rows(
            frame.toArrow(), place, partition_by=stage.partition_by, merge_schema=merges, replace_where=interval,
            key=key, mark=mark,
        )  # fmt: skip
        return True
    before = newest_commit(place)["version"] if key and is_table(place) else None
    marks = {"txnAppId": key, "txnVersion": str(mark)} if key else {}
    mode = "overwrite" if stage.save_mode == "Overwrite" else "append"
    writer = frame.write.mode(mode).options(**options, **marks).partitionBy(*stage.partition_by)
    save_table(writer, place, session)
    return not key or bool(newest_commit(place)["version"] != before)


def _write_manifest(place: str, session: Session) -> None:
    if session.engine == "embedded":
        write_manifest(place)
    else:
        session.spark.sql(f"GENERATE symlink_format_manifest FOR TABLE {delta_path(place)}")
