"""The places outside that a job reads and writes, as far as its text tells."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from arcbook.cells.model import Step
from arcbook.core.addresses import scheme_of
from arcbook.core.problem import Problem, Severity
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
    for step in _running(steps, settings):
        stage = step.stage
        places |= dict.fromkeys(str(value) for _, value in stage.values_of(Role.WRITES_PLACE))
        read = [str(value) for _, value in stage.values_of(Role.READS_PLACE)]
        if stage.type_name() == "DeltaLakeExtract" and read:
            # A view of a Delta table stands for the table when a statement writes to it.
            tables |= {str(view).lower(): read[0] for _, view in stage.values_of(Role.MAKES_VIEW)}
        for _, sql in stage.values_of(Role.SQL):
            places |= dict.fromkeys(_written_by(str(sql), tables))
    return tuple(places)


def relative_places(steps: Iterable[Step], settings: RunSettings, values: Mapping[str, str]) -> Iterator[Problem]:
    """Addresses that mean a folder of this machine: in the pod nothing is there, and nothing can be written.

    `values` are the parameters' values: one that an address begins with is named, for it is what has to change.
    """
    for step in _running(steps, settings):
        for role, does in ((Role.READS_PLACE, "reads"), (Role.WRITES_PLACE, "writes")):
            for key, value in step.stage.values_of(role):
                address = str(value)
                if scheme_of(address) or PurePosixPath(address).is_absolute():
                    continue
                begun = [name for name, text in values.items() if text and address.startswith(text)]
                message = f"the stage `{step.stage.name}` {does} `{address}`, which the pod does not have"
                remedy = f"Give `-p {begun[0]}=s3://…`, or" if begun else "Give"
                yield Problem(
                    "relative-address",
                    message,
                    step.tree.span((key,)),
                    key,
                    f"{remedy} an absolute address.",
                    Severity.WARNING,
                )


def _running(steps: Iterable[Step], settings: RunSettings) -> Iterator[Step]:
    return (step for step in steps if settings.runs(step.stage.environments))


def _written_by(sql: str, tables: dict[str, str]) -> list[str]:
    try:
        writes = analyse(sql).writes
    except SqlError:
        # A statement of another dialect (JDBCExecute); what it writes is the other system's to guard.
        return []
    found = (each.path or tables.get(each.name.lower()) for each in writes)
    return [place for place in found if place]
