"""Keys that do not do what they look like, and ids that are no ids."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from arcbook.cells.bind import has_placeholders
from arcbook.cells.notebook import Job
from arcbook.cells.rules.base import JobFacts, Rule, StageFacts
from arcbook.core.problem import Problem, Severity
from arcbook.core.span import Span

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Idle:
    """A key that has no effect unless `matters` says so of the stage's values."""

    key: str
    matters: Callable[[Values], bool]
    why: str
    remedy: str


def _travels(values: Values) -> bool:
    options = values.get("options")
    return isinstance(options, dict) and bool({"timestampAsOf", "relativeVersion"} & set(options))


def _overwrites(values: Values) -> bool:
    mode = values.get("saveMode", "Overwrite")
    return mode == "Overwrite" or has_placeholders(mode)


_INTERVALS = tuple(
    Idle(key, _overwrites, "`saveMode` is not `Overwrite`", "Remove it, or choose that mode.")
    for key in ("replaceWhere", "partitionOverwriteMode")
)
#: By stage type; the empty name stands for all.
_IDLE: Mapping[str, tuple[Idle, ...]] = {
    "": (
        Idle("inputField", lambda values: "inputView" in values, "the stage reads no view", "Remove it."),
        Idle("watermark", lambda values: False, "the stage reads no stream", "Remove it."),
        Idle("basePath", lambda values: "inputView" not in values, "the stage reads a view, no files", "Remove it."),
    ),
    "DelimitedExtract": (
        Idle(
            "customDelimiter",
            lambda values: values.get("delimiter") == "Custom" or has_placeholders(values.get("delimiter")),
            "`delimiter` is not `Custom`",
            'Write `"delimiter": "Custom"` too, or remove it.',
        ),
    ),
    "DeltaLakeExtract": (
        Idle(
            "options.canReturnLastCommit",
            _travels,
            "no `timestampAsOf` or `relativeVersion` is asked for",
            "Remove it.",
        ),
    ),
    "DeltaLakeLoad": tuple(
        Idle(key, _overwrites, "`saveMode` is not `Overwrite`", "Remove it, or choose that mode.")
        for key in ("replaceWhere", "overwriteSchema", "options.replaceWhere", "options.overwriteSchema")
    ),
    **dict.fromkeys(("ParquetLoad", "JSONLoad"), _INTERVALS),
}
#: Keys of Arc that arcbook obeys and Arc passes over, with the place where both obey them.
_ARC_IGNORES = {"DeltaLakeLoad": ("replaceWhere", "mergeSchema", "overwriteSchema")}


class KeysWithoutEffect(Rule):
    """A key that is there does something."""

    def stage(self, facts: StageFacts) -> Iterable[Problem]:
        """Keys that the stage's other keys make idle."""
        if facts.stage_type is None:
            return
        values, name = facts.tree.value, facts.stage_type.type_name()
        for idle in (*_IDLE[""], *_IDLE.get(name, ())):
            path = tuple(idle.key.split("."))
            if facts.tree.at(path) is not None and not idle.matters(values):
                yield _warning(
                    facts, "key-without-effect", path, f"`{idle.key}` has no effect: {idle.why}", idle.remedy
                )
        if values.get("params") and not facts.stage_type.reads_params:
            message = f"`params` has no effect: {name} reads none of it"
            yield _warning(facts, "key-without-effect", ("params",), message, "Remove it.")


class KeysArcIgnores(Rule):
    """A job that came from Arc may rely on a key having been ignored."""

    def stage(self, facts: StageFacts) -> Iterable[Problem]:
        """Keys that Arc passes over."""
        name = facts.stage_type.type_name() if facts.stage_type else ""
        options = facts.tree.value.get("options")
        for key in _ARC_IGNORES.get(name, ()):
            if key not in facts.tree.value:
                continue
            if isinstance(options, dict) and key in options:
                yield _one_wins(facts, key, f"options.{key}")
                continue
            message = f"arcbook obeys `{key}` here, original Arc ignores it"
            yield _warning(facts, "arc-ignores-key", (key,), message, f"Write it as `options.{key}`, which both obey.")


class TwiceGiven(Rule):
    """The user of a database is given once."""

    def stage(self, facts: StageFacts) -> Iterable[Problem]:
        """`params` wins over the keys of the same name."""
        params = facts.tree.value.get("params")
        if facts.stage_type is None or not facts.stage_type.reads_params or not isinstance(params, dict):
            return
        known = facts.stage_type.keys()
        for key in params:
            if key in facts.tree.value and key in known:
                yield _one_wins(facts, key, f"params.{key}")


def _one_wins(facts: StageFacts, key: str, winner: str) -> Problem:
    return _warning(facts, "conflicting-keys", (key,), f"`{winner}` wins over `{key}`", "Remove one of the two.")


def _warning(facts: StageFacts, code: str, path: tuple[str, ...], message: str, remedy: str) -> Problem:
    return Problem(code, message, facts.tree.key_span(path), ".".join(path), remedy, Severity.WARNING)


class DuplicateIds(Rule):
    """Each stage of a job has an id of its own; those of a job within it are counted by themselves."""

    def __init__(self, job: JobFacts) -> None:
        super().__init__(job)
        self._ids: list[tuple[Job, dict[str, Span | None]]] = []

    def stage(self, facts: StageFacts) -> Iterator[Problem]:
        """A stage with the id of an earlier one."""
        identifier = facts.tree.value.get("id")
        if not isinstance(identifier, str | int | float):
            return
        identifier = str(identifier)  # a number is text for a key that wants text
        known = self._known()
        span = facts.tree.span(("id",))
        if identifier in known:
            first = known[identifier]
            message = f"the id `{identifier}` is used twice{f', first at {first}' if first else ''}"
            yield Problem("duplicate-id", message, span, "id", "Give each stage an id of its own.")
        known.setdefault(identifier, span)

    def _known(self) -> dict[str, Span | None]:
        """The ids of the job at hand so far; a job that runs twice within another one is two."""
        for job, ids in self._ids:
            if job is self.job.job:
                return ids
        self._ids.append((self.job.job, {}))
        return self._ids[-1][1]
