"""Settings from the command line and the process environment, by Arc's names (`--etl.config.*`, `ETL_CONF_*`).

Where Arc takes a default in silence (a boolean that is none, an unknown storage level), this is a problem.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
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

#: A run's one time under the names that Arc jobs use: seconds since 1970, and a SQL literal.
TIMES = ("ETL_CONF_EPOCH", "ETL_CONF_CURRENT_TIMESTAMP")


def times(launch: Mapping[str, str], logical_time: datetime) -> dict[str, str]:
    """A run's one time under the names that Arc jobs use; a launcher's own values stay."""
    moment = logical_time.astimezone(UTC)
    values = (str(int(moment.timestamp())), f"'{moment:%Y-%m-%d %H:%M:%S}'")
    return {name: os.environ.get(name, value) for name, value in zip(TIMES, values, strict=True) if name not in launch}


@dataclass(frozen=True, slots=True)
class Option:
    """One of Arc's options: argument, environment variable, field of RunSettings and what its text must be.

    `kernel_variable` is what Arc's kernel calls the variable, which counts when the other one is not set.
    """

    argument: str
    variable: str
    field: str
    kind: str = "text"
    kernel_variable: str = ""

    def given(self, arguments: Mapping[str, str], environ: Mapping[str, str]) -> tuple[str, str] | None:
        """Who gives the option, by what is written there, and its text; a variable without text gives nothing."""
        if self.argument in arguments:
            return f"--{self.argument}", arguments[self.argument]
        names = [name for name in (self.variable, self.kernel_variable) if name and environ.get(name)]
        return (names[0], environ[names[0]]) if names else None


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
    Option("etl.config.storageLevel", "ETL_CONF_STORAGE_LEVEL", "storage_level", "storage level", "CONF_STORAGE_LEVEL"),
    Option(
        "etl.config.completion.environments", "ETL_CONF_COMPLETION_ENVIRONMENTS", "completion_environments", "names"
    ),
    Option("etl.policy.inline.sql", "ETL_POLICY_INLINE_SQL", "inline_sql", "boolean"),
    Option("etl.policy.inline.schema", "ETL_POLICY_INLINE_SCHEMA", "inline_schema", "boolean"),
    Option("etl.policy.ipynb", "ETL_POLICY_IPYNB", "ipynb", "boolean"),
    Option("etl.policy.drop.unsupported", "ETL_POLICY_DROP_UNSUPPORTED", "drop_unsupported", "boolean"),
)

_FS = "etl.config.fs."
#: Access to the job file itself, by Arc's arguments and variables: accepted, for launch templates name them, but of no
#: effect: arcbook reads the standard environment of AWS, and no other provider's storage.
FILE_ACCESS: Mapping[str, str] = MappingProxyType(
    {
        f"{_FS}s3a.access.key": "ETL_CONF_S3A_ACCESS_KEY",
        f"{_FS}s3a.secret.key": "ETL_CONF_S3A_SECRET_KEY",
        f"{_FS}s3a.endpoint": "ETL_CONF_S3A_ENDPOINT",
        f"{_FS}s3a.connection.ssl.enabled": "ETL_CONF_S3A_CONNECTION_SSL_ENABLED",
        f"{_FS}s3a.encryption.algorithm": "ETL_CONF_S3A_ENCRYPTION_ALGORITHM",
        f"{_FS}s3a.kms.arn": "ETL_CONF_S3A_KMS_ARN",
        f"{_FS}s3a.custom.key": "ETL_CONF_S3A_CUSTOM_KEY",
        f"{_FS}azure.account.name": "ETL_CONF_AZURE_ACCOUNT_NAME",
        f"{_FS}azure.account.key": "ETL_CONF_AZURE_ACCOUNT_KEY",
        f"{_FS}adl.oauth2.client.id": "ETL_CONF_ADL_OAUTH2_CLIENT_ID",
        f"{_FS}adl.oauth2.refresh.token": "ETL_CONF_ADL_OAUTH2_REFRESH_TOKEN",
        f"{_FS}dfs.account.name": "ETL_CONF_DFS_ACCOUNT_NAME",
        f"{_FS}dfs.access.key": "ETL_CONF_DFS_ACCESS_KEY",
        f"{_FS}gs.project.id": "ETL_CONF_GOOGLE_CLOUD_PROJECT_ID",
        f"{_FS}google.cloud.auth.service.account.json.keyfile":
            "ETL_CONF_GOOGLE_CLOUD_AUTH_SERVICE_ACCOUNT_JSON_KEYFILE",
    }
)  # fmt: skip

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
        CellError: unknown `etl.config.*`, `etl.policy.*` and `ETL_POLICY_*` names, and values that do not fit, all at
            once. (Variables `ETL_CONF_*` of any name may be values for `${name}`.)
    """
    given = dict(arguments) if isinstance(arguments, Mapping) else launch_values(arguments)
    problems = [*_unknown(given, environ)]
    values: dict[str, Any] = {"logical_time": logical_time or datetime.now(UTC)}
    for option in OPTIONS:
        found = option.given(given, environ)
        if found is None:
            continue
        name, text = found
        try:
            values[option.field] = _READERS[option.kind](text)
        except ValueError as error:
            remedy = did_you_mean(text, STORAGE_LEVELS) if option.kind == "storage level" else ""
            remedy = remedy or f"Write for example `{name}={_EXAMPLES[option.kind]}`."
            problems.append(
                Problem("wrong-value", f"{name} must be {error}, not `{text}`", key=option.argument, remedy=remedy)
            )
    values["file_access"] = (
        *(f"--{argument}" for argument in FILE_ACCESS if argument in given),
        *(variable for variable in FILE_ACCESS.values() if environ.get(variable)),
    )
    if problems:
        raise CellError(problems)
    if environment:
        values["environment"] = environment
    return RunSettings(**values)


def _unknown(arguments: Mapping[str, str], environ: Mapping[str, str]) -> Iterator[Problem]:
    options = {option.argument for option in OPTIONS} | FILE_ACCESS.keys()
    for name in arguments:
        if name.startswith(("etl.config.", "etl.policy.")) and name not in options:
            yield Problem("unknown-parameter", f"there is no option --{name}", key=name, remedy=_instead(name, options))
    # A policy that is misspelt would not be in force. Other variables may be the job's own values.
    policies = {option.variable for option in OPTIONS if option.variable.startswith("ETL_POLICY_")}
    for name in environ:
        if name.startswith("ETL_POLICY_") and name not in policies:
            yield Problem("unknown-parameter", f"there is no policy {name}", key=name, remedy=_instead(name, policies))


def _instead(name: str, known: Iterable[str]) -> str:
    return did_you_mean(name, known) or "docs/parameters.md lists the options."


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
    idle = [
        (f"--{option.argument} ({option.variable})", option.argument, reasons[option.field])
        for option in OPTIONS
        if option.field in reasons and getattr(settings, option.field) != getattr(default, option.field)
    ]
    idle += [(name, name.removeprefix("--"), _FILE_REASON) for name in settings.file_access]
    return [
        Problem(
            "option-without-effect",
            f"{name} has no effect: {reason}",
            key=key,
            remedy="Leave it out.",
            severity=Severity.WARNING,
        )
        for name, key, reason in idle
    ]


_FILE_REASON = "job files are read with the standard credentials of AWS (AWS_PROFILE, AWS_ACCESS_KEY_ID, a role)"


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


_EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "text": "text",
        "boolean": "true",
        "tags": "team=etl stage=prod",
        "storage level": "MEMORY_AND_DISK",
        "names": "test,production",
    }
)
_READERS: Mapping[str, Any] = MappingProxyType(
    {
        "text": lambda text: text or None,
        "boolean": _boolean,
        "tags": _tags,
        "storage level": _storage_level,
        "names": lambda text: tuple(part.strip() for part in text.split(",") if part.strip()),
    }
)
