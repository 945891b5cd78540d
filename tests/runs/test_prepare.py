import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcbook.cells.params import INJECTED_TAG
from arcbook.core.failures import DefinitionError
from arcbook.core.masking import masker
from arcbook.runs.launch import read_logical_time, read_request
from arcbook.runs.prepare import prepare
from arcbook.runs.request import Prepared
from arcbook.runs.texts import read_parameters
from tests.runs.running import Make

REFUSED: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "data" / "refused.yml").read_text(encoding="utf-8")
)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ETL_CONF_ENV", "ARCBOOK_ENGINE", "ETL_CONF_EPOCH", "ETL_CONF_CURRENT_TIMESTAMP"):
        monkeypatch.delenv(name, raising=False)


def ready(path: Path, **choices: Any) -> Prepared:
    """The prepared run; it must not be refused."""
    made = prepare(read_request(str(path), **({"environment": "test"} | choices)), NOON)
    assert made.refused is None, made.refused
    return made


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["name"])
def test_refused_before_a_kernel_starts(case: dict[str, Any], make_notebook: Make) -> None:
    """Each wrong input yields exactly its problems, with places and a remedy."""
    path = make_notebook(*case["cells"], kernel=case.get("kernel", "arc"))
    request = read_request(
        str(path), parameters=case.get("parameters", {}), environment=case.get("environment", "test")
    )
    refused = prepare(request, NOON).refused
    assert refused is not None
    assert refused.exit_code == 64
    found = []
    for problem, wanted in zip(refused.problems, case["problems"], strict=False):
        span = problem.span
        found.append([problem.code, problem.key, *((span.cell, span.line) if span and len(wanted) > 2 else ())])
    assert found == case["problems"]
    assert len(refused.problems) == len(case["problems"])
    assert case.get("text", "") in str(refused)


def test_values_stay_text_until_they_are_read_as_their_type(make_notebook: Make) -> None:
    """`007` stays `007` for text and is 7 for an integer; the injected cell holds what was given."""
    path = make_notebook("%params\ncode: string\ncount: integer")
    made = ready(path, parameters={"code": "007", "count": "007"})
    assert made.parameters == {"code": "007", "count": "7"}
    assert made.notebook["cells"][1]["source"] == '%params\ncode = "007"\ncount = "007"\n'
    assert made.notebook["cells"][1]["metadata"]["tags"] == [INJECTED_TAG]


def test_numbers_of_cells_are_the_authors(make_notebook: Make) -> None:
    """The injected cell has no number, so messages count as the notebook's author does."""
    made = ready(make_notebook("%params\na: string", "%version"), parameters={"a": "x"})
    assert made.numbers == {0: 1, 2: 2}


def test_injected_values_replace_those_of_an_earlier_run(make_notebook: Make) -> None:
    """An executed notebook can be run again: its injected values hold unless others are given."""
    path = make_notebook("%params\na: string\nb: string", '%params\na = "1"\nb = "1"')
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][1]["metadata"]["tags"] = [INJECTED_TAG]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    made = ready(path, parameters={"b": "2"})
    assert made.parameters == {"a": "1", "b": "2"}
    assert len(made.notebook["cells"]) == 2


def test_a_value_the_job_asks_for_by_name_is_a_launch_value(make_notebook: Make) -> None:
    """Jobs of Arc have no declarations; `-p` gives the values of their `${name}`."""
    path = make_notebook(
        '{"type": "SQLTransform", "name": "a", "environments": ["test"], "sql": "select 1 as x", "outputView": ${view}}'
    )
    made = ready(path, parameters={"view": "v"})
    assert made.launch["view"] == "v"
    assert len(made.notebook["cells"]) == 1


@pytest.mark.parametrize(
    ("choices", "variable", "chosen"),
    [
        ({"environment": "a", "launch": {"etl.config.environment": "b"}}, "c", "a"),
        ({"environment": None, "launch": {"etl.config.environment": "b"}}, "c", "b"),
        ({"environment": None}, "c", "c"),
        ({"environment": None}, None, "d"),
    ],
)
def test_the_order_of_environments(
    choices: dict[str, Any], variable: str | None, chosen: str, make_notebook: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Option, launch value, variable, then the notebook's own default."""
    if variable:
        monkeypatch.setenv("ETL_CONF_ENV", variable)
    assert ready(make_notebook("%environment d"), **choices).environment == chosen


def test_one_logical_time(make_notebook: Make) -> None:
    """The names Arc jobs use come from the run's one time and win over a `%env` cell, which the record says."""
    path = make_notebook("%env\nETL_CONF_CURRENT_TIMESTAMP=current_timestamp()")
    made = ready(path, logical_time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert made.launch["ETL_CONF_EPOCH"] == "1767323045"
    assert made.launch["ETL_CONF_CURRENT_TIMESTAMP"] == "'2026-01-02 03:04:05'"
    assert "ETL_CONF_CURRENT_TIMESTAMP" in made.notes[0]


def test_a_launchers_own_time_stays(make_notebook: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a launch template sets is not overwritten."""
    monkeypatch.setenv("ETL_CONF_EPOCH", "17")
    assert ready(make_notebook("%version")).launch["ETL_CONF_EPOCH"] == "17"


def test_secret_parameters_are_masked_from_then_on(make_notebook: Make) -> None:
    """Also under a misspelt name, whose value would stand in the record of the refusal."""
    path = make_notebook("%params\ndoor: secret = null")
    assert ready(path, parameters={"door": "canary-1-value"}).parameters == {"door": "********"}
    refused = prepare(read_request(str(path), parameters={"dor": "canary-2-value"}, environment="test"), NOON)
    assert refused.refused is not None
    assert masker().mask("canary-1-value canary-2-value") == "******** ********"


def test_a_misspelt_option_is_no_launch_value(make_notebook: Make) -> None:
    """`--enviroment=test` must not be swallowed."""
    request = read_request(str(make_notebook("%version")), environment="test", launch={"enviroment": "test"})
    refused = prepare(request, NOON).refused
    assert refused is not None
    assert "--environment" in refused.message


def test_an_unreadable_file_is_refused_not_raised(tmp_path: Path) -> None:
    """So that a record of the attempt is left."""
    assert prepare(read_request(str(tmp_path / "no.ipynb")), NOON).refused is not None


def test_an_unknown_engine_is_refused(make_notebook: Make) -> None:
    """With the engine that was probably meant."""
    refused = prepare(read_request(str(make_notebook("%version")), environment="test", engine="embeded"), NOON).refused
    assert refused is not None
    assert "`embedded`" in refused.message


def test_parameter_files_keep_text(tmp_path: Path) -> None:
    """YAML's own ideas about numbers, dates and yes do not apply."""
    file = tmp_path / "p.yaml"
    file.write_text('code: 007\nday: 2026-11-23\nflag: yes\ntables: [a, "b"]\n', encoding="utf-8")
    assert read_parameters(str(file)) == {"code": "007", "day": "2026-11-23", "flag": "yes", "tables": ["a", "b"]}
    file.write_text("- a\n", encoding="utf-8")
    with pytest.raises(DefinitionError, match="names and values"):
        read_parameters(str(file))


def test_logical_times() -> None:
    """Without a zone it is UTC; nonsense is refused."""
    assert read_logical_time("2026-11-23T08:00:00").tzinfo is UTC
    with pytest.raises(DefinitionError):
        read_logical_time("yesterday")


@pytest.mark.parametrize(
    ("launch", "code", "key"),
    [
        ({"etl.policy.inline.sql": "false"}, "policy", "sql"),
        ({"ETL_POLICY_INLINE_SQL": "false"}, "policy", "sql"),
        ({"etl.policy.ipynb": "false"}, "policy", ""),
        ({"etl.policy.inline.sql": "perhaps"}, "wrong-value", "etl.policy.inline.sql"),
        ({"etl.policy.inline.sqll": "false"}, "unknown-parameter", "etl.policy.inline.sqll"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_options_and_policies_of_arc_hold_in_runs(
    launch: dict[str, str], code: str, key: str, make_notebook: Make
) -> None:
    """They decide before a kernel starts; a wrong name or value is an error, not the default."""
    path = make_notebook('%sql name="one" environments=test outputView=one\nSELECT 1 AS x')

    refused = prepare(read_request(str(path), launch=launch, environment="test"), NOON).refused

    assert refused is not None
    assert [(problem.code, problem.key or "") for problem in refused.problems] == [(code, key)]


def test_environments_can_be_ignored(make_notebook: Make) -> None:
    """With etl.config.ignoreEnvironments a stage without environments runs, so nothing warns of it."""
    path = make_notebook("%log name=one\nSELECT 'x'", "%sql outputView=two environments=test\nSELECT 1 AS x")

    plain = ready(path)
    ignoring = ready(path, launch={"etl.config.ignoreEnvironments": "true"})

    assert [problem.code for problem in plain.warnings] == ["never-runs"]
    assert not ignoring.warnings


def test_an_option_without_effect_is_a_warning(make_notebook: Make) -> None:
    """The run goes on, and says that it makes nothing of it."""
    made = ready(make_notebook("%python\npass"), launch={"etl.config.uri": "file:///elsewhere.json"})

    assert [(each.code, each.key) for each in made.warnings] == [("option-without-effect", "etl.config.uri")]


def test_the_paths_that_papermill_gives_need_no_declaration(make_notebook: Make) -> None:
    """`papermill --inject-paths` gives them to every notebook; a job that asks for one gets it."""
    given = {"PAPERMILL_INPUT_PATH": "in.ipynb", "PAPERMILL_OUTPUT_PATH": "out.ipynb"}
    assert ready(make_notebook("%version"), parameters=given).parameters == {}
    asks = "%sql name=\"one\" environments=test outputView=one sqlParams=p=${PAPERMILL_INPUT_PATH}\nSELECT '${p}' AS p"
    assert ready(make_notebook(asks), parameters=given).launch["PAPERMILL_INPUT_PATH"] == "in.ipynb"


def test_stars_of_an_executed_notebook_are_no_secret(make_notebook: Make) -> None:
    """Run again, it takes the secret from its address, or asks for it; it does not use the stars."""
    for declaration, code in (('door: secret = "env://DOOR"', None), ("door: secret", "missing-parameter")):
        path = make_notebook(f"%params\n{declaration}\na: string", '%params\ndoor = "********"\na = "1"')
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["cells"][1]["metadata"]["tags"] = [INJECTED_TAG]
        path.write_text(json.dumps(notebook), encoding="utf-8")
        made = prepare(read_request(str(path), environment="test"), NOON)
        assert [problem.code for problem in (made.refused.problems if made.refused else ())] == ([code] if code else [])
        assert code or made.parameters == {"door": "env://DOOR", "a": "1"}


def test_several_injected_cells(make_notebook: Make) -> None:
    """Wherever they stand: the last one wins, what the run is given wins over all, and one cell is left of them."""
    declared = "%params\na: string\nb: string\nc: string"
    path = make_notebook('%params\na = "1"\nb = "1"\nc = "1"', declared, '%params\nb = "2"\nc = "2"')
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"][::2]:
        cell["metadata"]["tags"] = [INJECTED_TAG]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    made = ready(path, parameters={"c": "3"})
    assert made.parameters == {"a": "1", "b": "2", "c": "3"}
    assert [cell["metadata"]["tags"] for cell in made.notebook["cells"]] == [["parameters"], [INJECTED_TAG]]
