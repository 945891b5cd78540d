"""Views: read before they are made, made for other environments, or made for nobody."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from arcbook.cells.bind import has_placeholders
from arcbook.cells.lines import named_view, read_names
from arcbook.cells.magics import MAGICS
from arcbook.cells.model import Cell
from arcbook.cells.rules.base import JobFacts, Maker, Rule, StageFacts, Use, key_roles
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem, Severity
from arcbook.core.span import Span
from arcbook.core.suggest import did_you_mean, nearest
from arcbook.sql.lexical import code_only
from arcbook.stages.keys import Role

#: Statements that sqlglot does not follow and that read no view.
_READS_NOTHING = frozenset({"reset", "set", "use"})
#: What a result has that is made to be looked at.
_FOR_PEOPLE = re.compile(
    r"\b(?:order\s+by|group\s+by|limit\s+\d+)\b|\b(?:count|count_if|sum|avg|min|max|approx_\w+)\s*\(", re.IGNORECASE
)


class UnknownViews(Rule):
    """A view that a stage of this run reads must have been made by then."""

    def __init__(self, job: JobFacts) -> None:
        super().__init__(job)
        self._wanted: list[tuple[Use, Span | None]] = []

    def cell(self, cell: Cell) -> Iterable[Problem]:
        """A magic that shows a view fails without it, and the job with it."""
        spec = MAGICS.get(cell.magic)
        if spec is None or spec.body != "view":
            return ()
        with suppress(CellError):
            name, span = named_view(cell)
            if name.isidentifier() and not self.job.known(name):
                self._wanted.append((Use(name, ""), span))
        return ()

    def stage(self, facts: StageFacts) -> Iterable[Problem]:
        """Note what is not there yet; why it is not shows at the end."""
        self._wanted += [(use, facts.span_of(use)) for use in facts.reads if not self.job.known(use.name)]
        return ()

    def end(self) -> Iterable[Problem]:
        """The views that nothing made in time."""
        for use, span in self._wanted:
            why, remedy = self._why(use.name)
            yield Problem("unknown-view", why, span, use.key, remedy)

    def _why(self, name: str) -> tuple[str, str]:
        makers = self.job.makers.get(name.lower(), [])
        if any(not maker.runs for maker in makers):
            remedy = f"Run its stage in `{self.job.settings.environment}` too."
            return f"the view `{name}` is made only in other environments", remedy
        if makers:
            return f"the view `{name}` is made only further down", "Move the cell that makes it in front of this one."
        remedy = did_you_mean(name, self.job.names) or "Make it by a stage with that `outputView`."
        return f"nothing makes the view `{name}`", remedy


class OtherEnvironments(Rule):
    """A view must be made in every environment in which a stage reads it, also in those that are not chosen now."""

    def stage(self, facts: StageFacts) -> Iterable[Problem]:
        """Of a stage that runs: an error, unless the chosen environment is not concerned."""
        chosen = self.job.settings.environment
        return self._missing(facts, Severity.WARNING if chosen else Severity.ERROR)

    def skipped(self, facts: StageFacts) -> Iterable[Problem]:
        """Of a stage of another environment: this run does not mind."""
        return self._missing(facts, Severity.WARNING)

    def _missing(self, facts: StageFacts, severity: Severity) -> Iterator[Problem]:
        wanted = facts.environments
        if not wanted or self.job.opaque or self.job.settings.ignore_environments:
            return
        for use in facts.reads:
            makers = self.job.makers.get(use.name.lower())
            # Of a view that nothing makes, and of the chosen environment, `unknown-view` speaks.
            if not makers or (facts.runs and not self.job.known(use.name)):
                continue
            made = _environments(makers)
            if made is None or not (missing := wanted - made - {self.job.settings.environment}):
                continue
            where = _listed(made) if made else "none"
            yield Problem(
                "view-of-other-environment",
                f"in {_listed(missing)} nothing makes the view `{use.name}`: its stage runs in {where}",
                facts.span_of(use),
                use.key,
                f"List {_listed(missing)} in the stage that makes it, or not in this one.",
                severity,
            )


class UnusedViews(Rule):
    """A view that nothing reads is a misspelling or a leftover.

    Nothing is said of views that people look at: the last stage's, and results of a notebook's `%sql` cells that count,
    sort or cut off; nor of one with `persist`, which is made for its rows' sake; nor where anything may be read that
    cannot be told.
    """

    def __init__(self, job: JobFacts) -> None:
        super().__init__(job)
        self._made: dict[str, tuple[Use, Span | None]] = {}
        self._last: set[str] = set()
        self._used: set[str] = set()
        self._free_texts: list[str] = []
        self._reads_anything = False

    def cell(self, cell: Cell) -> Iterable[Problem]:
        """Python and the magics that show views use what they name."""
        spec = MAGICS.get(cell.magic)
        if cell.magic == "python":
            self._free_texts.append(cell.body)
        elif spec is not None and spec.body == "view":
            self._used.update(name.lower() for name in read_names(cell))
        return ()

    def stage(self, facts: StageFacts) -> Iterable[Problem]:
        """Note what is made and what is read."""
        self._read(facts)
        if facts.environments == frozenset() and not self.job.settings.ignore_environments:
            return ()
        made = {use.name.lower(): (use, facts.span_of(use)) for use in facts.makes}
        self._last = set(made)
        if str(facts.tree.value.get("persist")).lower() not in ("true", "yes", "on") and not self._shown(facts):
            for name, found in made.items():
                self._made.setdefault(name, found)
        return ()

    def skipped(self, facts: StageFacts) -> Iterable[Problem]:
        """What a stage of another environment reads is of use there."""
        self._read(facts)
        return ()

    def end(self) -> Iterable[Problem]:
        """The views that nothing named."""
        if self._reads_anything or self.job.lost:
            return
        text = "\n".join(self._free_texts).lower()
        unmade = [name for name in self._used if name not in self.job.makers]
        for name, (use, span) in self._made.items():
            if name in self._used or name in self._last or _names(name, text):
                continue
            if nearest(name, unmade):
                continue  # a reader misspells it, which `unknown-view` says
            yield Problem(
                "unused-view",
                f"nothing reads the view `{use.name}`",
                span,
                use.key,
                "Remove the stage, or read its view.",
                Severity.WARNING,
            )

    def _shown(self, facts: StageFacts) -> bool:
        if self.job.job.kind != "notebook" or facts.cell.magic != "sql" or facts.rendered is None:
            return False
        return _FOR_PEOPLE.search(code_only(facts.rendered.text)) is not None

    def _read(self, facts: StageFacts) -> None:
        self._used.update(use.name.lower() for use in facts.reads)
        if facts.stage_type is None or facts.stage_type.opaque:
            self._reads_anything = True
            return
        self._reads_anything |= any(has_placeholders(value) for _, value in facts.values(Role.READS_VIEW))
        if facts.statement is not None:
            self._reads_anything |= not facts.statement.complete and facts.statement.kind not in _READS_NOTHING
        elif ("sql", Role.SQL) in key_roles(facts.stage_type):
            # A statement that does not parse, or a file that was not fetched for a stage that does not run.
            self._reads_anything = True


#: What marks a cell as one for development, and the environments in which such cells belong.
_DEVELOPERS_TAGS = frozenset({"dev", "dev-only", "development", "debug", "draft", "scratch"})
_DEVELOPERS_ENVIRONMENTS = frozenset({"dev", "development", "local", "sandbox", "scratch"})


class DeveloperCells(Rule):
    """A cell tagged `dev` must not work for a stage of another environment."""

    def stage(self, facts: StageFacts) -> Iterable[Problem]:
        """A stage that reads a developer's view, or writes from a developer's cell."""
        beyond = _beyond_development(facts.environments)
        if not beyond:
            return
        if tag := _developers_tag(facts.cell):
            if facts.stage_type is not None and facts.stage_type.kind in ("load", "execute"):
                span = facts.tree.span(("environments",))
                yield _in_production(f"this cell is tagged `{tag}`", "its stage", beyond, span, "environments")
            return
        for use in facts.reads:
            maker = next(iter(self.job.makers.get(use.name.lower(), ())[-1:]), None)
            if maker is not None and (tag := _developers_tag(maker.cell)):
                made = f"`{use.name}` is made by a cell tagged `{tag}`"
                yield _in_production(made, "this stage", beyond, facts.span_of(use), use.key)


def _developers_tag(cell: Cell) -> str:
    return next((tag for tag in cell.tags if tag.lower() in _DEVELOPERS_TAGS), "")


def _beyond_development(environments: frozenset[str] | None) -> frozenset[str]:
    return frozenset(each for each in environments or () if each.lower() not in _DEVELOPERS_ENVIRONMENTS)


def _in_production(fact: str, subject: str, environments: frozenset[str], span: Span | None, key: str) -> Problem:
    message = f"{fact}, and {subject} runs in {_listed(environments)}"
    remedy = "Take the tag away, or keep production off this cell."
    return Problem("dev-cell-in-production", message, span, key, remedy, Severity.WARNING)


def _environments(makers: Iterable[Maker]) -> frozenset[str] | None:
    """All environments in which one of the makers runs; None when that cannot be told."""
    found: set[str] = set()
    for maker in makers:
        if maker.environments is None:
            return None
        found |= maker.environments
    return frozenset(found)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _names(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
