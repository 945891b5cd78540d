"""Parameters, `%env` and secrets as a shell gathers them."""

from types import SimpleNamespace

import pytest
from IPython.core.error import StdinNotImplementedError

from arcbook.cells.magics import read_cell
from arcbook.cells.params import Declarations, read_declarations
from arcbook.core.failures import CellError, DefinitionError
from arcbook.core.launcher import Launch
from arcbook_magics.inputs import Inputs
from arcbook_magics.magics import secret
from arcbook_magics.plain import line_source
from arcbook_magics.python_cells import python_source


def declared(*lines: str) -> Declarations:
    """The declarations of a cell."""
    return read_declarations(read_cell("\n".join(["%params", *lines])))


def test_given_values_win_wherever_they_come() -> None:
    """papermill may put its cell before or after the declarations."""
    before, after = Inputs(), Inputs()
    before.give({"region": "us"})
    before.declare(declared('region: enum("eu", "us") = "eu"'))
    after.declare(declared('region: enum("eu", "us") = "eu"'))
    after.give({"region": "us"})
    assert before.values().typed == after.values().typed == {"region": "us"}


def test_a_value_that_does_not_fit_is_refused_and_forgotten() -> None:
    """The values in force stay as they were."""
    inputs = Inputs()
    inputs.declare(declared("n: integer = 1"))
    with pytest.raises(CellError, match="must be"):
        inputs.give({"n": "many"})
    assert inputs.values().typed == {"n": 1}


def test_a_value_for_no_parameter_is_refused_before_a_stage_runs() -> None:
    """It may be declared later, so the refusal waits for the first use."""
    inputs = Inputs()
    inputs.give({"m": 2})
    inputs.declare(declared("n: integer = 1"))
    with pytest.raises(CellError, match="no parameter `m`"):
        inputs.values()
    inputs.declare(declared("m: integer"))
    assert inputs.values().typed == {"n": 1, "m": 2}


def test_a_launchers_value_waits_and_stays() -> None:
    """papermill may put its cell in front of everything; no cell of the notebook changes what it says."""
    inputs = Inputs()
    inputs.give({"n": 2}, fix=True)
    assert inputs.values().typed == {}
    inputs.give({"n": 3})
    inputs.declare(declared("n: integer = 1"))
    inputs.give({"n": 4})
    assert inputs.values().typed == {"n": 2}


def test_a_missing_value_stops_only_what_uses_it() -> None:
    """In a plain console an old declaration stays for ever."""
    inputs = Inputs()
    inputs.declare(declared("x: integer"))
    inputs.declare(declared("y: integer = 3"))
    assert inputs.values().typed == {"y": 3}
    inputs.refuse_missing(lambda: ["y", "other"])
    with pytest.raises(CellError, match="`x` \\(integer\\) has no value"):
        inputs.refuse_missing(lambda: ["x", "y"])
    inputs.give({"x": 1})
    inputs.refuse_missing(lambda: ["x"])
    assert inputs.values().typed == {"x": 1, "y": 3}


@pytest.mark.parametrize("raised", [EOFError, StdinNotImplementedError])
def test_a_secret_that_nobody_can_be_asked_for(raised: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal the question ends at once: no bug of ours."""

    def ask(_prompt: str) -> str:
        raise raised

    monkeypatch.setattr("getpass.getpass", ask)
    bench = SimpleNamespace(launch=Launch(), interactive=True, inputs=Inputs())
    with pytest.raises(DefinitionError, match="nobody can be asked for the secret `NOWHERE_SAID`"):
        list(secret.run(bench, read_cell("%secret\nNOWHERE_SAID")))  # type: ignore[arg-type]


def test_a_cell_run_again_replaces_its_declarations() -> None:
    """With the cell's identity all of them, without it those it names."""
    inputs = Inputs()
    inputs.declare(declared("a: integer = 1", "b: integer = 1"), "cell-1")
    inputs.declare(declared("b: integer = 2"), "cell-1")
    assert inputs.values().typed == {"b": 2}
    with pytest.raises(CellError, match="second time"):
        inputs.declare(declared("b: integer = 3"), "cell-2")
    inputs = Inputs()
    inputs.declare(declared("a: integer = 1", "b: integer = 1"))
    inputs.declare(declared("b: integer = 2"))
    assert inputs.values().typed == {"a": 1, "b": 2}


def test_env_adds() -> None:
    """Unlike in Arc, a second `%env` cell forgets nothing, secrets least of all."""
    inputs = Inputs()
    inputs.set_env({"A": "1"})
    inputs.keep_secret("KEY", "hunter2hunter2")
    inputs.set_env({"B": "2"})
    assert inputs.listed() == [("A", "1"), ("B", "2"), ("KEY", "********")]


def test_what_a_launcher_says() -> None:
    """The message wins over ETL_CONF_ENV; rubbish counts as nothing."""
    launch = Launch.from_environment(
        {
            "ARCBOOK_ENGINE": "local",
            "ETL_CONF_ENV": "dev",
            "ARCBOOK_LAUNCH": '{"run_id": "r1", "environment": "uat", "logical_time": "2026-01-02T03:04:05+00:00", '
            '"launch": {"ROOT": "/data"}, "interactive": false}',
        }
    )
    assert (launch.engine, launch.environment, launch.run_id, launch.interactive) == ("local", "uat", "r1", False)
    assert launch.logical_time.isoformat() == "2026-01-02T03:04:05+00:00"
    assert launch.values == {"ROOT": "/data"}
    plain = Launch.from_environment({"ETL_CONF_ENV": "dev", "ARCBOOK_LAUNCH": "{nonsense"})
    assert (plain.environment, plain.interactive, plain.engine) == ("dev", True, "embedded")
    assert (
        Launch.from_environment({"ARCBOOK_LAUNCH": '{"launch": {"etl.config.environment": "qa"}}'}).environment == "qa"
    )


def test_a_launcher_is_understood() -> None:
    """What is written for the kernel is what it reads."""
    said = Launch(
        engine="local", environment="uat", environment_source="the launcher", run_id="r1", job="j",
        values={"ROOT": "/data"}, documents={"a.sql": "/kept/a"}, interactive=False,
    )  # fmt: skip
    assert Launch.from_environment(said.variables()) == said


@pytest.mark.parametrize(
    ("source", "python"),
    [
        ("%python\nprint(1)", "#\nprint(1)"),
        ("\n%python \nprint(1)", "#\n#\nprint(1)"),
        ("%%python\nx", "#\nx"),
        ("%python 1 + 2", "1 + 2\n"),
        ("%python\n%%time\nx", "%%time\nx"),
        ("%pythonic\nx", None),
        ("%sql\nselect '%python'", None),
        ("{}", None),
    ],
)
def test_python_cells(source: str, python: str | None) -> None:
    """Only `%python` makes a cell Python, and its lines keep their numbers."""
    assert python_source(source) == python


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ("SELECT 1 AS a", "%sql\nSELECT 1 AS a"),
        ('outputView=x name="a b" SELECT a=1', '%sql outputView=x name="a b"\nSELECT a=1'),
        ("a==1", "%sql\na==1"),
        ("", "%sql"),
    ],
)
def test_line_magics(line: str, source: str) -> None:
    """In plain IPython leading `key=value` words are arguments and the rest is the body."""
    assert line_source("sql", line) == source
