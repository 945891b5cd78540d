"""The places outside that a job writes, as far as its text tells."""

from collections.abc import Iterable

from arcbook.cells.model import Step
from arcbook.core.settings import RunSettings
from arcbook.sql.errors import SqlError
from arcbook.sql.references import analyse
from arcbook.stages.keys import Role


def written_places(steps: Iterable[Step], settings: RunSettings) -> tuple[str, ...]:
    """Addresses written by the steps that run: targets of loads, and Delta tables that a MERGE and the like changes.

    An address that depends on a parameter has the value known at promotion.
    """
    places: dict[str, None] = {}
    tables: dict[str, str] = {}
    for step in steps:
        stage = step.stage
        if not settings.runs(stage.environments):
            continue
        places |= dict.fromkeys(str(value) for _, value in stage.values_of(Role.WRITES_PLACE))
        read = [str(value) for _, value in stage.values_of(Role.READS_PLACE)]
        if stage.type_name() == "DeltaLakeExtract" and read:
            # A view of a Delta table stands for the table when a statement writes to it.
            tables |= {str(view).lower(): read[0] for _, view in stage.values_of(Role.MAKES_VIEW)}
        for _, sql in stage.values_of(Role.SQL):
            places |= dict.fromkeys(_written_by(str(sql), tables))
    return tuple(places)


def _written_by(sql: str, tables: dict[str, str]) -> list[str]:
    try:
        writes = analyse(sql).writes
    except SqlError:
        # A statement of another dialect (JDBCExecute); what it writes is the other system's to guard.
        return []
    found = (each.path or tables.get(each.name.lower()) for each in writes)
    return [place for place in found if place]
