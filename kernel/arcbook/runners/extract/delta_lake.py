"""DeltaLakeExtract."""

from datetime import UTC, datetime
from typing import Any

from arcbook.core.failures import DefinitionError, InputError
from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.delta import commits, is_table
from arcbook.runners.delta_places import read_table
from arcbook.runners.extracting import Extracted, finish
from arcbook.runners.reading.listing import absolute, can_list
from arcbook.stages.extract.delta_lake import DeltaLakeExtract, TimeTravel


@run.register
def run_delta_lake_extract(stage: DeltaLakeExtract, session: Session) -> Result:
    """Read the table, or one of its earlier states."""
    place = absolute(stage.input_uri)
    if can_list(place) and not is_table(place):
        return finish(stage, session, Extracted(lack="fields", place=stage.input_uri), internal="")
    history = commits(place)
    commit = _wanted(stage.options, history, session)
    travels = stage.options != TimeTravel()
    frame = read_table(place, session, commit["version"] if travels else None)
    reads_all = not stage.partition_by and stage.num_partitions is None
    details = {"commit": {key: commit[key] for key in ("version", "timestamp", "operationMetrics")}}
    return finish(
        stage,
        session,
        Extracted(frame=frame, place=place),
        internal="",
        details=details,
        delta_path=place if reads_all and not travels else None,
    )


def _wanted(options: TimeTravel, history: list[dict[str, Any]], session: Session) -> dict[str, Any]:
    """The commit that the options ask for; `history` has the newest first."""
    oldest = history[-1]
    if options.version_as_of is not None:
        found = [commit for commit in history if commit["version"] == options.version_as_of]
        if not found:
            raise InputError(
                f"Cannot time travel Delta table to version {options.version_as_of}. "
                f"Available versions: [{oldest['version']} ... {history[0]['version']}]."
            )
        return found[0]
    if options.relative_version is not None:
        back = -options.relative_version
        if back < len(history):
            return history[back]
        if options.can_return_last_commit:
            return oldest
        raise InputError(
            f"Cannot time travel Delta table to version {options.relative_version}. "
            f"Available versions: [{1 - len(history)} ... 0]."
        )
    if options.timestamp_as_of is not None:
        moment = _moment(options.timestamp_as_of, session)
        found = [commit for commit in history if datetime.fromisoformat(commit["timestamp"]) <= moment]
        if found or options.can_return_last_commit:
            return found[0] if found else oldest
        raise InputError(
            f"The Delta table has no version at or before {options.timestamp_as_of}; the oldest is of "
            f"{oldest['timestamp']}. Set `canReturnLastCommit` to read that one."
        )
    return history[0]


def _moment(text: str, session: Session) -> datetime:
    from zoneinfo import ZoneInfo

    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise DefinitionError(
            f"`timestampAsOf` is no time: {text!r}. Write it like 2026-11-23 08:00:00 or 2026-11-23T08:00:00Z."
        ) from None
    if moment.tzinfo is not None:
        return moment
    zone = session.spark.conf.get("spark.sql.session.timeZone", "UTC")
    return moment.replace(tzinfo=UTC if zone in (None, "UTC", "Z") else ZoneInfo(str(zone)))
