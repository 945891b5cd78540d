"""Which places a job's steps read and write, as far as their text tells: without an engine, and without looking."""

from collections.abc import Iterable
from dataclasses import dataclass

from arcbook.cells.model import Step
from arcbook.cells.statements import statement_of
from arcbook.core.settings import RunSettings
from arcbook.planning.places import address_of
from arcbook.planning.values import Place, Plan, PlannedStage, Write
from arcbook.sql.errors import SqlError
from arcbook.sql.references import Reference, Statement
from arcbook.stages.keys import Role


@dataclass(frozen=True, slots=True)
class Uses:
    """What one step reads, what its stage's keys say it writes, and what its statement changes: addresses as written.

    `changes` has the statement's kind ("merge", "insert" …) with each address; `paths` are the places that the
    statement itself reads (format.`path`), which `reads` has, too.
    """

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    changes: tuple[tuple[str, str], ...] = ()
    paths: tuple[Reference, ...] = ()


class Traffic:
    """What steps read and write; to be asked for each in the order of the job.

    A view of a Delta table stands for that table when a statement changes it, also while nothing is there yet.
    """

    def __init__(self) -> None:
        self._tables: dict[str, str] = {}

    def of(self, step: Step) -> Uses:
        """What the step reads and writes."""
        stage, statement = step.stage, statement_in(step)
        reads = [str(uri) for _, uri in stage.values_of(Role.READS_PLACE)]
        changes = []
        for reference in statement.writes if statement else ():
            path = reference.path or self._tables.get(reference.name.lower())
            if path is not None and statement is not None:
                changes.append((path, statement.kind))
        for _, view in stage.values_of(Role.MAKES_VIEW):
            self._tables.pop(str(view).lower(), None)
            if stage.type_name() == "DeltaLakeExtract" and reads:
                self._tables[str(view).lower()] = reads[0]
        paths = tuple(each for each in (statement.reads if statement else ()) if each.path is not None)
        reads += [str(each.path) for each in paths]
        writes = [str(uri) for _, uri in stage.values_of(Role.WRITES_PLACE)]
        return Uses(tuple(reads), tuple(writes), tuple(changes), paths)


def statement_in(step: Step) -> Statement | None:
    """What is known of the statement over the job's views that a step has, or None."""
    for _, sql in step.stage.values_of(Role.SQL):
        try:
            return statement_of(sql, getattr(step.stage, "sql_params", {}))
        except SqlError:
            if not step.lazy:
                raise
            return None  # a value that appears during the run does not fit where its name stands
    return None


def save_mode(step: Step) -> str:
    """How the step's stage writes: its `saveMode`."""
    return str(getattr(step.stage, "save_mode", "") or "Overwrite")


def outline(origin: str, steps: Iterable[Step], settings: RunSettings) -> Plan:
    """The plan of a job with nothing but its reads and writes; relative addresses start at the current folder.

    Steps whose values appear only during the run are in it with what can be told of them.
    """
    traffic, stages = Traffic(), []
    for step in steps:
        stage = step.stage
        if not settings.runs(stage.environments):
            continue
        uses = _known(traffic.of(step)) if step.lazy else traffic.of(step)
        written = [Write(address_of(uri), save_mode(step)) for uri in uses.writes]
        written += [Write(address_of(uri), kind) for uri, kind in uses.changes]
        unknown = "values that it needs appear during the run" if step.lazy else ""
        stages.append(
            PlannedStage(
                name=stage.name,
                type=stage.type_name(),
                span=step.tree.span(()),
                unknown=unknown,
                reads=tuple(Place(address_of(uri)) for uri in uses.reads),
                writes=tuple(written),
            )
        )
    return Plan(origin, settings.environment, tuple(stages))


def _known(uses: Uses) -> Uses:
    """Without the addresses of which a part is still open."""

    def closed(uri: str) -> bool:
        return "${" not in uri

    return Uses(
        tuple(filter(closed, uses.reads)),
        tuple(filter(closed, uses.writes)),
        tuple((uri, kind) for uri, kind in uses.changes if closed(uri)),
    )
