"""Quality gates that look as if they guarded something."""

import re
from collections.abc import Iterable, Iterator

from arcbook.cells.rules.base import JobFacts, Rule, StageFacts
from arcbook.core.problem import Problem, Severity
from arcbook.core.span import Span
from arcbook.sql.placeholders import named_parameters
from arcbook.sql.shape import first_column, verdict

#: What a gate without data may still depend on: the clock.
_CLOCK = re.compile(r"\b(?:now|current_\w+|localtimestamp|unix_timestamp|curdate)\b", re.IGNORECASE)


class IdleGates(Rule):
    """A gate can fail the job: its answer depends on data, and it stands where something runs."""

    def __init__(self, job: JobFacts) -> None:
        super().__init__(job)
        self._gates: list[StageFacts] = []
        self._working: set[str] = set()
        self._certain = True

    def stage(self, facts: StageFacts) -> Iterable[Problem]:
        """A gate whose query always says yes, or asks nothing of the data."""
        self._note(facts)
        if _is_gate(facts) and facts.rendered is not None and facts.statement is not None:
            yield from _unmoved(facts)

    def skipped(self, facts: StageFacts) -> Iterable[Problem]:
        """Where other stages run counts."""
        self._note(facts)
        return ()

    def end(self) -> Iterable[Problem]:
        """Gates of environments in which there is nothing to guard."""
        if not self._certain or not self._working or self.job.settings.ignore_environments:
            return
        for facts in self._gates:
            environments = facts.environments or frozenset()
            if not environments or environments & self._working:
                continue
            listed = ", ".join(f"`{name}`" for name in sorted(environments))
            there = ", ".join(sorted(self._working))
            message = f"the gate `{facts.tree.value.get('name')}` guards nothing: no other stage runs in {listed}"
            yield _idle(message, facts.tree.span(("environments",)), "environments", f"The others run in: {there}.")

    def _note(self, facts: StageFacts) -> None:
        self._certain &= facts.environments is not None
        if _is_gate(facts):
            self._gates.append(facts)
        else:
            self._working.update(facts.environments or ())


def _is_gate(facts: StageFacts) -> bool:
    return facts.stage_type is not None and facts.stage_type.kind == "validate"


def _unmoved(facts: StageFacts) -> Iterator[Problem]:
    """Findings about a gate's query."""
    assert facts.rendered is not None
    assert facts.statement is not None
    text = facts.rendered.text
    if facts.statement.kind != "query" or "${" in text:
        return
    answer = verdict(text)
    span = facts.place(*first_column(text))
    if answer is True:
        yield _idle("the gate's first column is always true", span, "sql", "Let it compare what the data says.")
    elif answer is None and facts.statement.complete and not _asks_something(facts, text):
        message = "the gate reads no view, so it says the same whatever the data is"
        yield _idle(message, span, "sql", "Add FROM with the view to be judged.")


def _asks_something(facts: StageFacts, text: str) -> bool:
    statement = facts.statement
    reads = statement is not None and bool(statement.reads)
    given = bool(facts.tree.value.get("sqlParams")) or bool(named_parameters(text))
    return reads or given or bool(_CLOCK.search(text)) or re.search(r"\bfrom\b", text, re.IGNORECASE) is not None


def _idle(message: str, span: Span | None, key: str, remedy: str) -> Problem:
    return Problem("gate-cannot-fire", message, span, key, remedy, Severity.WARNING)
