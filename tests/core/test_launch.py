"""Settings from arguments and environment variables."""

from datetime import UTC, datetime

import pytest

from arcbook.core.failures import CellError
from arcbook.core.launch import OPTIONS, launch_values, settings_from, without_effect
from arcbook.core.problem import Severity
from arcbook.core.settings import RunSettings

#: A text that is right for each kind of option, and what it is read as.
RIGHT = {
    "text": ("x", "x"),
    "boolean": ("TRUE", True),
    "tags": ("a=b c=d=e", {"a": "b", "c": "d=e"}),
    "storage level": ("DISK_ONLY", "DISK_ONLY"),
    "names": ("dev, test", ("dev", "test")),
}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.argument)
def test_every_option_is_read(option: object) -> None:
    """By argument and by variable; the argument wins."""
    assert option in OPTIONS
    for each in OPTIONS:
        text, value = RIGHT[each.kind]
        assert getattr(settings_from([], {each.variable: text}), each.field) == value
        given = [f"--{each.argument}={text}"]
        assert getattr(settings_from(given, {each.variable: "false"}), each.field) == value


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
