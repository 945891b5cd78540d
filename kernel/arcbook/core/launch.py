"""Settings from the command line and the process environment, by Arc's names (`--etl.config.*`, `ETL_CONF_*`).

Where Arc takes a default in silence (a boolean that is none, an unknown storage level), this is a problem.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from arcbook.core.failures import CellError
from arcbook.core.problem import Problem, Severity
from arcbook.core.settings import RunSettings
from arcbook.core.suggest import did_you_mean

STORAGE_LEVELS = (
    "DISK_ONLY", "DISK_ONLY_2", "MEMORY_AND_DISK", "MEMORY_AND_DISK_2", "MEMORY_AND_DISK_SER", "MEMORY_AND_DISK_SER_2",
    "MEMORY_ONLY", "MEMORY_ONLY_SER", "MEMORY_ONLY_SER_2",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Option:
    """One of Arc's options: argument, environment variable, field of RunSettings and what its text must be."""

    argument: str
    variable: str
    field: str
    kind: str = "text"


OPTIONS: tuple[Option, ...] = (
    Option("etl.config.uri", "ETL_CONF_URI", "uri"),
    Option("etl.config.environment", "ETL_CONF_ENV", "environment"),
    Option("etl.config.lintOnly", "ETL_CONF_LINT_ONLY", "lint_only", "boolean"),
    Option("etl.config.streaming", "ETL_CONF_STREAMING", "streaming", "boolean"),
    Option("etl.config.ignoreEnvironments", "ETL_CONF_IGNORE_ENVIRONMENTS", "ignore_environments", "boolean"),
    Option("etl.config.enableStackTrace", "ETL_CONF_ENABLE_STACKTRACE", "stack_trace", "boolean"),
    Option("etl.config.immutableViews", "ETL_CONF_IMMUTABLE_VIEWS", "immutable_views", "boolean"),
    Option("etl.config.job.id", "ETL_CONF_JOB_ID", "job_id"),
    Option("etl.config.job.name", "ETL_CONF_JOB_NAME", "job_name"),
    Option("etl.config.tags", "ETL_CONF_TAGS", "tags", "tags"),
    Option("etl.config.storageLevel", "ETL_CONF_STORAGE_LEVEL", "storage_level", "storage level"),
    Option(
        "etl.config.completion.environments", "ETL_CONF_COMPLETION_ENVIRONMENTS", "completion_environments", "names"
    ),
    Option("etl.policy.inline.sql", "ETL_POLICY_INLINE_SQL", "inline_sql", "boolean"),
    Option("etl.policy.inline.schema", "ETL_POLICY_INLINE_SCHEMA", "inline_schema", "boolean"),
    Option("etl.policy.ipynb", "ETL_POLICY_IPYNB", "ipynb", "boolean"),
    Option("etl.policy.drop.unsupported", "ETL_POLICY_DROP_UNSUPPORTED", "drop_unsupported", "boolean"),
)

#: Access to the job file itself: arcbook uses the standard AWS environment instead, but accepts the names.
_FILE_ACCESS = "etl.config.fs."

# The split is at the first `=` that neither another one follows nor the end: `a==b` is `a=` with the value `b`.
_ARGUMENT = re.compile(r"--(.+?)=(?!=|$)(.*)", re.DOTALL)


def launch_values(arguments: Iterable[str]) -> dict[str, str]:
    """The `--name=value` arguments of a command line; all of them are values for `${name}`. Backslashes are kept."""
    found = (_ARGUMENT.fullmatch(argument) for argument in arguments)
    return {match[1]: match[2] for match in found if match}


def settings_from(
    arguments: Iterable[str] | Mapping[str, str],
    environ: Mapping[str, str],
    *,
    environment: str | None = None,
    logical_time: datetime | None = None,
) -> RunSettings:
    """The settings of a run: an argument wins over its environment variable.

    Args:
        arguments: `--etl.config.environment=test` and the like, or the same as names and values; others are ignored.
        environ: the process environment.
        environment: a choice that wins over both (`--environment`).
        logical_time: the run's time; now when None.

    Raises:
        CellError: unknown `etl.config.*` and `etl.policy.*` names and values that do not fit, all at once.
    """
    given = dict(arguments) if isinstance(arguments, Mapping) else launch_values(arguments)
    known = {option.argument for option in OPTIONS}
    problems = [
        Problem("unknown-parameter", f"there is no option --{name}", key=name, remedy=did_you_mean(name, known))
        for name in given
        if name.startswith(("etl.config.", "etl.policy.")) and name not in known and not name.startswith(_FILE_ACCESS)
    ]
    values: dict[str, Any] = {"logical_time": logical_time or datetime.now(UTC)}
    for option in OPTIONS:
        name = f"--{option.argument}" if option.argument in given else option.variable
        text = given.get(option.argument, environ.get(option.variable))
        if text is None:
            continue
        try:
            values[option.field] = _READERS[option.kind](text)
        except ValueError as error:
            problems.append(
                Problem("wrong-value", f"{name} must be {error}, not `{text}`", key=option.argument, remedy="")
            )
    if problems:
        raise CellError(problems)
    if environment:
        values["environment"] = environment
    return RunSettings(**values)


def without_effect(settings: RunSettings, *, streams: bool) -> list[Problem]:
    """Warnings about options that were given and change nothing here.

    Args:
        settings: what was given.
        streams: whether any stage of the job can run as a stream.
    """
    default = RunSettings()
    reasons = {
        "uri": "the job is named by its address",
        "completion_environments": "completion offers the environments that the notebook names",
        **({} if streams else {"streaming": "no stage of the job reads a stream"}),
    }
    return [
        Problem(
            "option-without-effect",
            f"--{option.argument} ({option.variable}) has no effect: {reasons[option.field]}",
            key=option.argument,
            remedy="Leave it out.",
            severity=Severity.WARNING,
        )
        for option in OPTIONS
        if option.field in reasons and getattr(settings, option.field) != getattr(default, option.field)
    ]


def _boolean(text: str) -> bool:
    if text.strip().lower() not in ("true", "false"):
        raise ValueError("true or false")
    return text.strip().lower() == "true"


def _tags(text: str) -> Mapping[str, str]:
    pairs = [word.partition("=") for word in text.split()]
    if not all(key and equals for key, equals, _ in pairs):
        raise ValueError("pairs `key=value` separated by blanks")
    return MappingProxyType({key: value for key, _, value in pairs})


def _storage_level(text: str) -> str:
    if text not in STORAGE_LEVELS:
        raise ValueError(f"one of {', '.join(STORAGE_LEVELS)}")
    return text


_READERS: Mapping[str, Any] = MappingProxyType(
    {
        "text": lambda text: text or None,
        "boolean": _boolean,
        "tags": _tags,
        "storage level": _storage_level,
        "names": lambda text: tuple(part.strip() for part in text.split(",") if part.strip()),
    }
)
