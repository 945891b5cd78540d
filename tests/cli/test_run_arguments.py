"""How `arcbook run` tells parameters from Arc's launch values."""

from arcbook.cli.run import command


def test_a_value_that_looks_like_a_launch_value_stays_a_value() -> None:
    """What stands behind `-p name` belongs to it; other `--name=value` arguments are launch values."""
    context = command.make_context("run", ["job.ipynb", "-p", "note", "--a=b", "--etl.config.environment=test"])

    assert context.params["parameters"] == ("note=--a=b",)
    assert context.meta["arcbook.launch"] == {"etl.config.environment": "test"}


def test_a_name_that_is_none_keeps_its_own_value() -> None:
    """`-p run-date=X` is complete: what follows is an option, and the job's declarations judge the name."""
    context = command.make_context("run", ["job.ipynb", "-p", "run-date=X", "--engine", "local"])

    assert context.params["parameters"] == ("run-date=X",)
    assert context.params["engine"] == "local"
