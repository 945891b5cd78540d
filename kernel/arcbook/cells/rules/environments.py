"""Environments: stages that none of them runs, and runs in which nothing runs."""

import difflib
from collections.abc import Iterable

from arcbook.cells.bind import has_placeholders
from arcbook.cells.environments import never_runs
from arcbook.cells.model import Cell
from arcbook.cells.rules.base import JobFacts, Rule, StageFacts, names_in
from arcbook.core.problem import Problem, Severity
from arcbook.core.span import Span
from arcbook.core.suggest import did_you_mean

#: How alike two names of environments must be for one to be a misspelling of the other: `test` and `tset`, not `uat`.
_ALIKE = 0.74


class NeverRuns(Rule):
    """A stage lists an environment in which the job runs."""

    def __init__(self, job: JobFacts) -> None:
        super().__init__(job)
        self._listed: list[tuple[StageFacts, frozenset[str]]] = []

    def stage(self, facts: StageFacts) -> Iterable[Problem]:
        """A stage without environments."""
        if self.job.settings.ignore_environments:
            return
        environments = facts.environments
        if environments:
            self._listed.append((facts, environments))
        elif environments is not None and facts.stage_type is not None:
            yield _without(facts)

    def skipped(self, facts: StageFacts) -> Iterable[Problem]:
        """The same: that it does not run now is what is to be said."""
        if facts.environments:
            self._listed.append((facts, facts.environments))
            return ()
        return [] if facts.environments is None else [_without(facts)]

    def end(self) -> Iterable[Problem]:
        """Stages whose environments nobody else lists, and look like those that others do."""
        counts: dict[str, int] = {}
        for _, environments in self._listed:
            for name in environments:
                counts[name] = counts.get(name, 0) + 1
        for facts, environments in self._listed:
            if any(counts[name] > 1 for name in environments):
                continue
            others = [name for name in counts if name not in environments]
            near = [name for each in environments for name in difflib.get_close_matches(each, others, 1, _ALIKE)]
            if len(near) == len(environments):
                yield _misspelt(facts, environments, near)


def _without(facts: StageFacts) -> Problem:
    tree, name = facts.tree, facts.tree.value.get("name")
    example = (
        '"environments": ["dev", "test", "prod"]' if facts.cell.magic in ("", "arc") else "environments=dev,test,prod"
    )
    gate = facts.stage_type is not None and facts.stage_type.kind == "validate"
    so = "this gate never fires" if gate else ""
    return never_runs(tree, f"the stage `{name}`", f"Add for example `{example}`.", so=so)


def _misspelt(facts: StageFacts, environments: Iterable[str], near: list[str]) -> Problem:
    listed = ", ".join(f"`{name}`" for name in sorted(environments))
    message = f"no other stage runs in {listed}, so the stage `{facts.tree.value.get('name')}` runs alone, or never"
    remedy = f"Did you mean {', '.join(f'`{name}`' for name in near)}?"
    return Problem("never-runs", message, facts.tree.span(("environments",)), "environments", remedy, Severity.WARNING)


class NothingRuns(Rule):
    """A run does something: mostly its environment is mistyped when it would not."""

    def __init__(self, job: JobFacts) -> None:
        super().__init__(job)
        self._runs = self._skips = self._runs_python = False
        self._elsewhere: set[str] = set()

    def cell(self, cell: Cell) -> Iterable[Problem]:
        """Python is something to run."""
        self._runs_python |= cell.magic == "python"
        return ()

    def stage(self, facts: StageFacts) -> Iterable[Problem]:
        """One stage is enough."""
        self._runs = True
        return ()

    def skipped(self, facts: StageFacts) -> Iterable[Problem]:
        """Where it would run; a stage whose list has a value that comes later may run all the same."""
        listed = facts.tree.value.get("environments")
        self._skips = True
        self._runs |= has_placeholders(listed)
        self._elsewhere.update(names_in(listed))
        return ()

    def end(self) -> Iterable[Problem]:
        """A run that would be green for having done nothing."""
        if self._runs or self.job.lost:
            return
        whole = Span(1, 1, 1, 2, origin=self.job.job.origin)
        if self._skips:
            chosen, named = str(self.job.settings.environment), sorted(self._elsewhere)
            message = f"no stage of the job runs in the environment `{chosen}`"
            listed = f"The job's environments are: {', '.join(named)}." if named else "Add `environments` to stages."
            remedy = f"{did_you_mean(chosen, named)} {listed}".strip()
            yield Problem("no-environment", message, whole, "--environment", remedy)
        elif not self._runs_python:
            message = "the job has no stages, so there is nothing to run"
            remedy = "Add a stage, for example a `%sql` cell."
            yield Problem("nothing-to-run", message, whole, remedy=remedy, severity=Severity.WARNING)
