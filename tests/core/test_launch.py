"""Settings from arguments and environment variables."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml

from arcbook.core.failures import CellError
from arcbook.core.launch import FILE_ACCESS, OPTIONS, launch_values, settings_from, without_effect
from arcbook.core.masking import names_a_secret
from arcbook.core.problem import Severity
from arcbook.core.settings import RunSettings

TABLE: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "data" / "options.yaml").read_text(encoding="utf-8")
)


def plain(value: Any) -> Any:
    """A setting as YAML has it."""
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def test_the_table_is_complete() -> None:
    """Every option has its row, by both names, and no other."""
    rows = [(row["argument"], row["variable"], row["field"]) for row in TABLE]
    assert sorted(rows) == sorted((each.argument, each.variable, each.field) for each in OPTIONS)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["argument"])
def test_an_option(row: dict[str, Any]) -> None:
    """Its default, every right text by argument and by variable, of which the argument wins."""

    def read(arguments: Iterable[str] = (), environ: Mapping[str, str] = MappingProxyType({})) -> Any:
        return plain(getattr(settings_from(arguments, environ), row["field"]))

    assert read() == row["default"]
    for text, value in row["right"].items():
        argument = f"--{row['argument']}={text}"
        assert read([argument]) == value
        assert read((), {row["variable"]: text}) == value
        assert read([argument], {row["variable"]: "anything, for it does not count"}) == value
    assert read((), {row["variable"]: ""}) == row["default"], "a variable without text is as good as none"


@pytest.mark.parametrize("row", [row for row in TABLE if "wrong" in row], ids=lambda row: row["argument"])
def test_wrong_values_of_an_option(row: dict[str, Any]) -> None:
    """Arc takes its default in silence; here it is an error that names the one who said it, and a remedy."""
    for text, said in row["wrong"].items():
        for name, arguments, environ in (
            (f"--{row['argument']}", {row["argument"]: text}, {}),
            (row["variable"], {}, {row["variable"]: text}),
        ):
            with pytest.raises(CellError) as caught:
                settings_from(arguments, environ)
            (problem,) = caught.value.problems
            assert (problem.code, problem.key) == ("wrong-value", row["argument"])
            assert problem.message.startswith(f"{name} must be {said}")
            assert f"not `{text}`" in problem.message
            assert row["remedy"] in problem.remedy


def test_what_the_kernel_calls_the_storage_level() -> None:
    """Arc's kernel reads another variable; it counts when nothing else says the level."""
    kernels = {"CONF_STORAGE_LEVEL": "DISK_ONLY"}
    assert settings_from([], kernels).storage_level == "DISK_ONLY"
    assert settings_from([], kernels | {"ETL_CONF_STORAGE_LEVEL": "MEMORY_ONLY"}).storage_level == "MEMORY_ONLY"
    assert settings_from(["--etl.config.storageLevel=MEMORY_ONLY"], kernels).storage_level == "MEMORY_ONLY"
    with pytest.raises(CellError, match="CONF_STORAGE_LEVEL must be one of"):
        settings_from([], {"CONF_STORAGE_LEVEL": "RAM"})


@pytest.mark.parametrize(("argument", "variable"), FILE_ACCESS.items())
def test_access_to_the_job_file_is_not_by_arcs_names(argument: str, variable: str) -> None:
    """They are known and do nothing, which is said without their values."""
    for arguments, environ, name in (({argument: "canary"}, {}, f"--{argument}"), ({}, {variable: "canary"}, variable)):
        (problem,) = without_effect(settings_from(arguments, environ), streams=False)
        assert (problem.code, problem.severity) == ("option-without-effect", Severity.WARNING)
        assert problem.message.startswith(f"{name} has no effect")
        assert "canary" not in str(problem)
    assert names_a_secret(argument) == names_a_secret(variable)


@pytest.mark.parametrize("name", ["etl.config.fs.s3a.acces.key", "etl.config.enviroment", "etl.policy.inline.sqll"])
def test_a_name_that_is_none_is_an_error(name: str) -> None:
    """With the nearest one; a job's own value has another name."""
    with pytest.raises(CellError) as caught:
        settings_from({name: "x"}, {})
    (problem,) = caught.value.problems
    assert (problem.code, problem.key) == ("unknown-parameter", name)
    assert "Did you mean `etl." in problem.remedy


def test_a_policy_that_is_none_would_not_be_in_force() -> None:
    """So its variable is an error too, while others may be values for `${name}`."""
    with pytest.raises(CellError, match="there is no policy ETL_POLICY_INLINE_SQLS"):
        settings_from([], {"ETL_POLICY_INLINE_SQLS": "false", "ETL_CONF_MINE": "x"})


def test_all_faults_at_once() -> None:
    """Where Arc takes a default in silence, arcbook says what is wrong."""
    with pytest.raises(CellError) as caught:
        settings_from(
            ["--etl.config.lintOnly=maybe", "--etl.config.enviroment=x", "--etl.config.tags=a"],
            {"ETL_CONF_STORAGE_LEVEL": "RAM", "ETL_POLICY_INLINE_SQL": "0", "ETL_CONF_MINE": "x"},
        )
    found = {problem.key: problem for problem in caught.value.problems}
    assert set(found) == {
        "etl.config.lintOnly", "etl.config.enviroment", "etl.config.tags", "etl.config.storageLevel",
        "etl.policy.inline.sql",
    }  # fmt: skip
    assert "etl.config.environment" in found["etl.config.enviroment"].remedy
    assert "ETL_CONF_STORAGE_LEVEL" in found["etl.config.storageLevel"].message


@pytest.mark.parametrize(
    ("argument", "streams", "warned"),
    [
        ("etl.config.uri=file:///job.json", False, True),
        ("etl.config.completion.environments=dev", False, True),
        ("etl.config.completion.environments=production,test", False, False),
        ("etl.config.streaming=true", False, True),
        ("etl.config.streaming=true", True, False),
        ("etl.config.job.id=17", False, False),
    ],
)
def test_options_without_effect(argument: str, streams: bool, warned: bool) -> None:
    """What changes nothing is said, with the option's name."""
    found = without_effect(settings_from([f"--{argument}"], {}), streams=streams)
    assert [(each.key, each.severity) for each in found] == (
        [(argument.partition("=")[0], Severity.WARNING)] if warned else []
    )


def test_a_choice_of_the_command_line_wins() -> None:
    """`--environment` is stronger than Arc's argument and variable."""
    time = datetime(2026, 11, 23, tzinfo=UTC)
    settings = settings_from(
        ["--etl.config.environment=dev"], {"ETL_CONF_ENV": "uat"}, environment="test", logical_time=time
    )
    assert (settings.environment, settings.logical_time) == ("test", time)
    assert settings_from({"etl.config.environment": "dev"}, {"ETL_CONF_ENV": "uat"}).environment == "dev"
    assert settings_from([], {"ETL_CONF_ENV": ""}).environment is None


def test_defaults_are_arcs() -> None:
    """Without anything given."""
    settings, default = settings_from([], {}), RunSettings()
    for option in OPTIONS:
        assert getattr(settings, option.field) == getattr(default, option.field)


@pytest.mark.parametrize(
    ("argument", "values"),
    [
        ("--a=b", {"a": "b"}),
        ("--a=b=c", {"a": "b=c"}),
        ("--a==b", {"a=": "b"}),
        ("--path=C:\\data\\x", {"path": "C:\\data\\x"}),
        ("--a=", {}),
        ("--a", {}),
        ("-a=b", {}),
        ("a=b", {}),
    ],
)
def test_launch_values(argument: str, values: dict[str, str]) -> None:
    """All `--name=value` arguments are values; backslashes stay, which Arc drops."""
    assert launch_values([argument]) == values
