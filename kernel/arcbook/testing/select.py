"""Which stages a test needs: those between the views it gives and the views it looks at."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from arcbook.cells.model import Step
from arcbook.cells.statements import statement_of
from arcbook.sql.errors import SqlError
from arcbook.stages.keys import Role


@dataclass(frozen=True, slots=True)
class Traffic:
    """The views that a step reads, makes and changes (by MERGE and the like), in lower case."""

    reads: frozenset[str]
    makes: frozenset[str]
    changes: frozenset[str]


def traffic(step: Step) -> Traffic:
    """What a step does to views, from its keys and its statement."""
    reads = {name.lower() for name in _names(step, Role.READS_VIEW)}
    makes = {name.lower() for name in _names(step, Role.MAKES_VIEW)}
    changes: set[str] = set()
    for _, sql in step.stage.values_of(Role.SQL):
        try:
            statement = statement_of(sql, getattr(step.stage, "sql_params", {}))
        except SqlError:
            continue  # the check said so
        reads.update(each.name.lower() for each in statement.reads if each.path is None)
        written = {each.name.lower() for each in statement.writes if each.path is None}
        (makes if statement.kind in ("create", "cache") else changes).update(written)
    return Traffic(frozenset(reads), frozenset(makes), frozenset(changes))


def needed(steps: Sequence[Step], given: Iterable[str], wanted: Iterable[str] | None) -> list[Step]:
    """The steps to run, in their order.

    These are the steps that make, or change, a view that is looked at or that such a step reads, but none that would
    make a given view; and every gate whose views are then there. Loads and executions are left out: a test touches
    nothing outside.

    Args:
        steps: the job's steps.
        given: views that the test brings.
        wanted: views that the test looks at; None for all that can be made of the given ones.
    """
    brought = {name.lower() for name in given}
    flows = [traffic(step) for step in steps]
    if wanted is None:
        return [step for step, flow in _reachable(steps, flows, brought) if step.stage.kind != "load"]
    open_views = {name.lower() for name in wanted}
    chosen: set[int] = set()
    for index in reversed(range(len(steps))):
        flow = flows[index]
        makes = flow.makes - brought
        if steps[index].stage.kind in ("extract", "transform") and (makes | flow.changes) & open_views:
            chosen.add(index)
            open_views = (open_views - makes) | flow.reads
    there = set(brought)
    for index, (step, flow) in enumerate(zip(steps, flows, strict=True)):
        if index in chosen:
            there |= flow.makes
        elif step.stage.kind == "validate" and flow.reads and flow.reads <= there:
            chosen.add(index)
    return [steps[index] for index in sorted(chosen)]


def _reachable(steps: Sequence[Step], flows: Sequence[Traffic], brought: set[str]) -> Iterator[tuple[Step, Traffic]]:
    """The steps that read nothing but given views and what such steps make."""
    there = set(brought)
    for step, flow in zip(steps, flows, strict=True):
        if step.stage.kind in ("transform", "validate") and flow.reads <= there and not flow.makes & brought:
            there |= flow.makes
            yield step, flow


def _names(step: Step, role: Role) -> Iterator[str]:
    for _, value in step.stage.values_of(role):
        yield from [value] if isinstance(value, str) else value
