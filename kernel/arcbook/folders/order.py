"""The order of jobs, from what they read and write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import combinations, pairwise

from arcbook.core.failures import CellError
from arcbook.core.problem import Problem
from arcbook.core.span import Span
from arcbook.planning.edges import Edge, edges
from arcbook.planning.values import Plan, Write

_REMEDY = "Put both into one job, or run them one after the other: `arcbook run JOB`."


@dataclass(frozen=True, slots=True)
class Order:
    """The edges between jobs, and for each job those that must have been completed before it."""

    edges: tuple[Edge, ...]
    after: Mapping[str, tuple[str, ...]]

    def sequence(self) -> tuple[str, ...]:
        """All jobs in one possible order."""
        return tuple(TopologicalSorter(self.after).static_order())


def order(plans: Sequence[Plan]) -> Order:
    """The order of the jobs of `plans`, which `origin` names.

    Raises:
        CellError: jobs wait for each other, or write the same place and neither comes first.
    """
    found = edges(plans)
    after = {
        plan.origin: tuple(dict.fromkeys(edge.writer for edge in found if edge.reader == plan.origin)) for plan in plans
    }
    before = {name: _all_before(name, after) for name in after}
    problems = [problem for one, other in combinations(plans, 2) for problem in _two_writers(one, other, before)]
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        problems = problems or [_cycle(error.args[1], found, plans)]
    if problems:
        raise CellError(problems)
    return Order(found, after)


def _all_before(name: str, after: Mapping[str, tuple[str, ...]]) -> set[str]:
    found: set[str] = set()
    waiting = list(after[name])
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += after[each]
    return found


def _two_writers(one: Plan, other: Plan, before: Mapping[str, set[str]]) -> list[Problem]:
    """At most one problem: that both write the same place without an order."""
    if (one.origin in before[other.origin]) != (other.origin in before[one.origin]):
        return []
    for mine, _ in _writes(one):
        for theirs, span in _writes(other):
            if _overlap(mine, theirs) and not _commute(mine, theirs):
                message = (
                    f"{one.origin} and {other.origin} both write {theirs.address}, and nothing says which comes first"
                )
                return [Problem("two-writers", message, span, remedy=_REMEDY)]
    return []


def _writes(plan: Plan) -> list[tuple[Write, Span | None]]:
    return [(write, stage.span) for stage in plan.stages for write in stage.writes]


def _overlap(one: Write, other: Write) -> bool:
    """The same place, or one within the other, which goes when the other is overwritten."""
    first, second = f"{one.address}/", f"{other.address}/"
    return first.startswith(second) or second.startswith(first)


def _commute(one: Write, other: Write) -> bool:
    """Whether the result is the same in any order: both only add rows."""
    return all(write.mode.lower() in ("append", "insert") for write in (one, other)) and one.address == other.address


def _cycle(around: list[str], found: tuple[Edge, ...], plans: Sequence[Plan]) -> Problem:
    """graphlib tells the jobs such that each comes before the next, the first also last."""
    told = []
    for writer, reader in pairwise(around):
        address = next(edge.address for edge in found if (edge.writer, edge.reader) == (writer, reader))
        told.append(f"{reader} reads {address}, which {writer} writes")
    spans = [stage.span for plan in plans if plan.origin == around[0] for stage in plan.stages if stage.writes]
    message = f"these jobs wait for each other: {'; '.join(told)}"
    remedy = "Move the stages that close the circle into a job of their own."
    return Problem("job-cycle", message, spans[0] if spans else None, remedy=remedy)
