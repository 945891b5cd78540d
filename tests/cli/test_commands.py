"""The command line: check, lint, stages, schema, errors and what they load."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from arcbook.cli import invoke
from arcbook.stages.registry import stage_types

HEAVY = ("pyspark", "IPython", "ipykernel", "pandas", "pysail", "papermill", "boto3")

#: The words of JSON Schema that ours may use.
VOCABULARY = {
    "$schema", "$defs", "$ref", "title", "description", "default", "type", "enum", "const", "properties", "required",
    "additionalProperties", "items", "anyOf", "allOf", "oneOf", "not", "if", "then", "format", "pattern", "minLength",
    "maxLength", "minimum", "maximum", "minItems", "maxItems", "maxProperties", "propertyNames", "writeOnly",
}  # fmt: skip

NOTEBOOK = {
    "cells": [
        {"cell_type": "code", "source": "%params\nday: date\nregion: enum(\"eu\", \"us\") = \"eu\""},
        {"cell_type": "code", "source": "%sql outputView=a environments=test\nSELECT 1 AS x, :day AS day"},
        {"cell_type": "code", "source": "%sqlvaildate name=gate environments=test\nSELECT FALSE"},
        {"cell_type": "code", "source": "%sql outputView=b environments=test\nSELECT y FROM a"},
    ],
    "metadata": {"kernelspec": {"name": "arc"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}  # fmt: skip


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """A notebook with two faults."""
    path = tmp_path / "job.ipynb"
    path.write_text(json.dumps(NOTEBOOK), encoding="utf-8")
    return path


def output(capsys: pytest.CaptureFixture[str]) -> Any:
    """The JSON that was printed."""
    return json.loads(capsys.readouterr().out)


def test_check_judges_what_a_run_would_be_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Values of files and YAML text, `-p` before these; launch values that no job asks for, or that are empty."""
    stage = {"type": "SQLTransform", "environments": ["test"], "outputView": "v", "sql": "SELECT :day AS d"}
    for name, key in (("a", "first"), ("b", "second")):
        text = json.dumps({"stages": [stage | {"name": f"{name}@"}]}).replace(
            '"name": "' + name + '@"', f'"name": ${{{key}}}'
        )
        kept = '"arcbook": {"cells": [{"code": "%params\\nday: date"}]}'
        (tmp_path / f"{name}.json").write_text(text[:-1] + f", {kept}}}", encoding="utf-8")
    (tmp_path / "values.yaml").write_text("day: tomorrow", encoding="utf-8")
    jobs = [str(tmp_path / "a.json"), str(tmp_path / "b.json")]
    files = ["-f", str(tmp_path / "values.yaml")]
    asked = ["--first=x", "--second=y"]

    def codes(*arguments: str) -> list[str]:
        invoke(["check", *jobs, "--json", *arguments])
        return [f"{each['code']} {each['key']}" for each in output(capsys)["problems"]]

    assert codes(*asked, *files, "-y", "day: 2026-11-23") == []
    assert codes(*asked, *files, "-p", "day=2026-11-23") == []
    assert codes(*asked, *files) == ["parameter-value day"] * 2
    assert codes(*asked, "-p", "day=2026-11-23", "--third=z") == ["unknown-parameter third"]
    assert "wrong-value first" in codes("--first=", "--second=y", "-p", "day=2026-11-23", "--join")
    assert invoke(["check", *jobs, "-f", str(tmp_path / "none.yaml")]) == 66


def test_check_leaves_launch_values_to_jobs_within(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The inner job asks for the value; the outer one alone would not."""
    stage = "{{type: {}, name: s, environments: [test], {}}}"
    inner = stage.format("SQLTransform", 'outputView: ${view}, sql: "SELECT 1 AS x"')
    (tmp_path / "inner.conf").write_text(f"stages = [{inner}]", encoding="utf-8")
    outer = stage.format("PipelineExecute", 'uri: "inner.conf"')
    (tmp_path / "outer.conf").write_text(f"stages = [{outer}]", encoding="utf-8")
    assert invoke(["check", str(tmp_path / "outer.conf"), "--complete", "--view=v"]) == 0
    assert "1 sound stage, 0 errors, 0 warnings" in capsys.readouterr().out


def test_check_prints_every_finding_and_ends_with_its_class(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Text for people: code, place, remedy; exit code `definition`."""
    assert invoke(["check", str(notebook)]) == 64
    shown = capsys.readouterr().out
    assert f"{notebook}, cell 3, line 1, column 1: there is no magic `%sqlvaildate`" in shown
    assert "Did you mean `%sqlvalidate`?" in shown
    assert "cell 4, line 2, column 8: the statement's views have no column `y`" in shown
    assert "2 sound stages, 2 errors, 0 warnings" in shown


def test_check_as_json(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same for machines."""
    assert invoke(["check", "--json", str(notebook)]) == 64
    found = output(capsys)
    assert [(each["code"], each["cell"]) for each in found["problems"]] == [("unknown-magic", 3), ("unknown-column", 4)]
    assert found["errors"] == 2


def test_check_of_values(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Values are checked before anything runs; `--complete` demands all of them."""
    invoke(["check", "--json", str(notebook), "-p", "day=tomorrow", "-p", "regoin=eu"])
    assert {each["code"] for each in output(capsys)["problems"]} >= {"parameter-value", "unknown-parameter"}
    invoke(["check", "--json", str(notebook), "--complete"])
    assert "missing-parameter" in {each["code"] for each in output(capsys)["problems"]}


def test_check_takes_arcs_arguments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--name=value` is a value for `${name}`, `--etl.…` a setting."""
    job = tmp_path / "job.conf"
    job.write_text(
        "{stages: [{type: SQLTransform, name: ${who}, environments: [test], sql: SELECT 1}]}", encoding="utf-8"
    )
    assert invoke(["check", str(job), "--complete"]) == 64
    capsys.readouterr()
    assert invoke(["check", str(job), "--complete", "--who=me", "--etl.config.environment=test"]) == 0
    assert invoke(["check", str(job), "--etl.policy.inline.sql=false"]) == 64
    assert invoke(["check", str(job), "--etl.policy.inline.sql=nein"]) == 64
    assert invoke(["check", str(job), "-x"]) == 64


def test_check_takes_the_environment_that_a_run_would_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """That of the command line, of the variable, of the notebook's own cell; none checks them all."""
    path = tmp_path / "job.ipynb"
    stages = ["%log name=a environments=dev\nSELECT )", "%log name=b environments=test\nSELECT 1 )"]

    def found(*cells: str, arguments: tuple[str, ...] = ()) -> list[int]:
        raw = [{"cell_type": "code", "source": each} for each in (*cells, *stages)]
        path.write_text(json.dumps({**NOTEBOOK, "cells": raw}), encoding="utf-8")
        invoke(["check", "--json", str(path), *arguments])
        return [each["cell"] for each in output(capsys)["problems"]]

    monkeypatch.delenv("ETL_CONF_ENV", raising=False)
    assert found() == [1, 2]
    assert found("%environment dev") == [2]
    assert found("%environment dev", arguments=("--environment", "test")) == [3]
    assert found("%environment dev", arguments=("--etl.config.environment=test",)) == [3]
    monkeypatch.setenv("ETL_CONF_ENV", "test")
    assert found("%environment dev") == [3]


def test_missing_file(capsys: pytest.CaptureFixture[str]) -> None:
    """An error is one line with the exit code of its class."""
    assert invoke(["check", "nowhere.ipynb"]) == 66
    assert capsys.readouterr().err == "input error: cannot read nowhere.ipynb: No such file or directory.\n"
    assert invoke(["check", "--json", "nowhere.ipynb"]) == 66
    assert output(capsys)["error"]["failure"] == "input"


def test_lint_shows_then_repairs(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --fix nothing is written and the exit code says that something is left."""
    before = notebook.read_bytes()
    assert invoke(["lint", str(notebook)]) == 64
    assert notebook.read_bytes() == before
    assert invoke(["lint", "--fix", str(notebook)]) == 0
    expected = json.loads(before.replace(b"%sqlvaildate", b"%sqlvalidate"))
    for cell in expected["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
        if cell["source"][:1] == ["%params\n"]:
            cell["metadata"] = {**cell.get("metadata", {}), "tags": ["parameters"]}
    assert json.loads(notebook.read_bytes()) == expected
    capsys.readouterr()
    assert invoke(["lint", str(notebook)]) == 0
    assert capsys.readouterr().out == "nothing to repair\n"


def test_lint_demands_environments_by_policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The option's, else those of the nearest pyproject.toml."""
    (tmp_path / "pyproject.toml").write_text('[tool.arcbook.lint]\nenvironments = ["dev", "prod"]\n', encoding="utf-8")
    folder = tmp_path / "jobs"
    folder.mkdir()
    job = folder / "job.conf"
    plain = "stages: [{type: LogExecute, name: n, sql: SELECT 1}]\r\n"
    job.write_bytes(plain.encode())
    assert invoke(["lint", "--fix", "--environments", "test", str(job)]) == 0
    assert job.read_bytes() == plain.replace("n, sql", 'n, environments: ["test"], sql').encode()
    job.write_bytes(plain.encode())
    assert invoke(["lint", "--json", str(job)]) == 64
    capsys.readouterr()
    assert invoke(["lint", "--fix", str(job)]) == 0
    assert job.read_bytes() == plain.replace("n, sql", 'n, environments: ["dev", "prod"], sql').encode()
    (folder / "pyproject.toml").write_text("[tool.other]\n", encoding="utf-8")
    job.write_bytes(plain.encode())
    assert invoke(["lint", str(job)]) == 0
    (folder / "pyproject.toml").write_text('[tool.arcbook.lint]\nenvironments = "dev"\n', encoding="utf-8")
    capsys.readouterr()
    assert invoke(["lint", str(job)]) == 64
    assert "must be a list of names" in capsys.readouterr().err
    assert invoke(["lint", "--environments", " ,", str(job)]) == 64


def test_lint_compares_with_arc(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Differences are told, as text and as data; they are no fault."""
    assert invoke(["lint", "--arc", str(notebook)]) == 0
    assert "cell 1, line 1, column 1: warning: Arc loses this cell" in capsys.readouterr().out
    assert invoke(["lint", "--fix", str(notebook)]) == 0
    capsys.readouterr()
    assert invoke(["lint", "--arc", "--json", str(notebook)]) == 0
    found = [(each["key"], each["cell"]) for each in output(capsys)["differences"]]
    assert found == [("dropped-cell", 1), ("named-parameter", 2)]
    assert invoke(["lint", "--arc", "--fix", str(notebook)]) == 64


def test_lint_of_odd_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no text or no notebook is a clear error, and stays as it is."""
    path = tmp_path / "job.ipynb"
    for content, code in ((b"\xff\xfe", 66), (b"[]", 64), (b"", 64)):
        path.write_bytes(content)
        assert invoke(["lint", "--fix", str(path)]) == code
        assert path.read_bytes() == content
    path.write_bytes("\ufeff".encode() + json.dumps(NOTEBOOK).encode())
    assert invoke(["lint", "--fix", str(path)]) == 0
    assert path.read_bytes().startswith(b"\xef\xbb\xbf{")
    assert invoke(["lint", "nowhere.ipynb"]) == 66


def test_stages(capsys: pytest.CaptureFixture[str]) -> None:
    """The list, one type, and an unknown one with a suggestion."""
    assert invoke(["stages"]) == 0
    assert "SQLTransform" in capsys.readouterr().out
    assert invoke(["stages", "sqltransform"]) == 0
    shown = capsys.readouterr().out
    assert "outputView (text; default none)" in shown
    assert "name (text; required)" in shown
    assert invoke(["stages", "SQLTransfrm"]) == 64
    assert "Did you mean `SQLTransform`?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["schema", "Typing"], "Did you mean `TypingTransform`?"),
        (["stages", "JSON"], "Did you mean `JSONExtract` or `JSONLoad`?"),
        (["stages", "HTTPExtract"], "`HTTPExtract` is a stage of Arc that this version of arcbook does not have."),
    ],
)
def test_types_that_are_not_there(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Only near names are suggested."""
    assert invoke(arguments) == 64
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(stage_types()))
def test_every_stage_is_described(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Text, data and schema of each type come from its declaration."""
    assert invoke(["stages", name]) == 0
    capsys.readouterr()
    assert invoke(["stages", name, "--json"]) == 0
    described = output(capsys)
    assert all(row["description"] for row in described["keys"]), "a key lacks its description"
    assert invoke(["schema", name]) == 0
    schema = output(capsys)
    assert set(schema["properties"]) == {"type", *(row["key"] for row in described["keys"])}


@pytest.mark.parametrize("arguments", [[], ["--cell"], *([name] for name in sorted(stage_types()))])
def test_schemas_are_sound(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Each is a JSON Schema, and has no word that JSON Schema does not know: such a one is passed over in silence."""
    assert invoke(["schema", *arguments]) == 0
    schema = output(capsys)
    Draft202012Validator.check_schema(schema)
    assert set(words(schema)) <= VOCABULARY


def test_limits_are_in_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """Editors refuse what the check refuses."""
    assert invoke(["schema", "SQLTransform"]) == 0
    stage = {"type": "SQLTransform", "name": "n", "sql": "SELECT 1"}
    validator = Draft202012Validator(output(capsys))
    assert validator.is_valid(stage | {"numPartitions": 1})
    assert not validator.is_valid(stage | {"numPartitions": 0})


def words(schema: Any) -> Iterator[str]:
    """The keywords of a schema and of those within it."""
    if not isinstance(schema, dict):
        return
    yield from schema
    for word, value in schema.items():
        if word in ("properties", "$defs"):
            inner = list(value.values())
        elif word not in ("default", "const", "enum"):
            inner = value if isinstance(value, list) else [value]
        else:
            inner = []
        for each in inner:
            yield from words(each)


def test_schema_of_jobs_and_parameters(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The job's schema knows all types; a notebook's parameters have one of their own."""
    assert invoke(["schema"]) == 0
    assert set(stage_types()) <= set(output(capsys)["$defs"])
    assert invoke(["schema", "--cell"]) == 0
    assert "anyOf" in output(capsys)
    assert invoke(["schema", "--parameters", str(notebook)]) == 0
    assert output(capsys)["properties"]["region"]["enum"] == ["eu", "us"]


def test_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt command is answered with the nearest one."""
    assert invoke(["chekc"]) == 64
    assert "Did you mean `check`?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chekc", "--json"], "Did you mean `check`?"),
        (["promote", "--json"], "NOTEBOOK|JOB"),
        (["lint", "x", "--json", "--fxi"], "--fxi"),
        (["promote", "x", "--out", "y", "--json", "--env", "A"], "write `--env name=value`"),
    ],
)
def test_a_wrong_command_line_as_json(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Machines get the error on standard output, in the form of all errors."""
    assert invoke(arguments) == 64
    error = output(capsys)["error"]
    assert (error["failure"], error["exit_code"]) == ("definition", 64)
    assert message in error["message"]


def loaded(arguments: list[str], modules: tuple[str, ...]) -> list[str]:
    """Which of `modules` a command has loaded when it ends, in a process of its own."""
    code = (
        "import sys; from arcbook.cli import invoke; invoke(sys.argv[2:]);"
        "print('LOADED', *[name for name in sys.argv[1].split(',') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, ",".join(modules), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.rpartition("LOADED")[2].split()


def test_one_of_several_jobs_that_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It hides no finding of the others; alone it is bad input."""
    job = tmp_path / "job.conf"
    job.write_text("{stages: [{type: LogExecut, name: n, environments: [test]}]}", encoding="utf-8")
    nowhere = str(tmp_path / "nowhere.conf")
    for form in ("--json", "--sarif"):
        assert invoke(["check", form, nowhere, str(job)]) == 64
        shown = output(capsys)
        found = shown["problems"] if form == "--json" else shown["runs"][0]["results"]
        assert [each.get("code") or each["ruleId"] for each in found] == ["missing-document", "unknown-stage"]
    assert invoke(["check", "--json", nowhere]) == 66


def test_the_command_as_a_module() -> None:
    """`python -m arcbook` is `arcbook`, its exit code included."""
    done = subprocess.run([sys.executable, "-m", "arcbook", "chek"], capture_output=True, text=True, check=False)
    assert done.returncode == 64
    assert "check" in done.stderr


def test_help_loads_no_models() -> None:
    """`arcbook --help` stays fast: not even pydantic."""
    assert loaded(["--help"], (*HEAVY, "pydantic", "sqlglot", "yaml")) == []


@pytest.mark.parametrize("command", ["check", "lint", "stages", "schema", "convert", "promote"])
def test_commands_load_neither_spark_nor_jupyter(command: str, notebook: Path, tmp_path: Path) -> None:
    """Checking, describing and promoting work on a machine with neither Java nor a browser."""
    arguments = {
        "stages": ["SQLTransform"],
        "schema": [],
        "promote": [str(notebook), "--environment", "test", "--out", str(tmp_path / "out")],
    }.get(command, [str(notebook)])
    if command == "promote" and not (Path(sys.modules["arcbook.cli"].__file__ or "").parent / "promote.py").is_file():
        pytest.skip("promote is not there yet")
    assert loaded([command, *arguments], HEAVY[:-1] if command == "promote" else HEAVY) == []


def test_the_proof_can_fail() -> None:
    """A module that is loaded is seen."""
    assert loaded(["stages"], ("pydantic",)) == ["pydantic"]


def test_the_hooks_for_pre_commit_are_commands_that_exist(notebook: Path) -> None:
    """Each hook's command takes the files it is given, and repairs or refuses them."""
    import re

    import yaml

    hooks = yaml.safe_load((Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert [hook["id"] for hook in hooks] == ["arcbook-lint", "arcbook-check"]
    codes = []
    for hook in hooks:
        program, *arguments = hook["entry"].split()
        assert (program, hook["language"]) == ("arcbook", "python")
        assert re.search(hook["files"], notebook.name)
        codes.append(invoke([*arguments, str(notebook)]))
    assert codes == [0, 64]
    assert b"%sqlvalidate" in notebook.read_bytes()


def test_check_takes_by_p_what_a_run_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`-p` gives a value to any name that the job asks for by `${name}`; a name that nobody knows is an error."""
    job = tmp_path / "job.conf"
    job.write_text(
        "{stages: [{type: SQLTransform, name: ${who}, environments: [test], sql: SELECT 1}]}", encoding="utf-8"
    )
    assert invoke(["check", str(job), "--complete", "-p", "who", "me"]) == 0
    assert invoke(["plan", str(job), "--environment", "test", "-p", "who", "me"]) == 0
    capsys.readouterr()
    assert invoke(["check", "--json", str(job), "-p", "how", "me", "--woh=me"]) == 64
    assert [each["key"] for each in output(capsys)["problems"]] == ["woh", "how", None]
    invoke(["check", "--json", str(job), "--etl.polcy.inline.sql=false"])
    assert output(capsys)["problems"][0]["remedy"] == "Did you mean `--etl.policy.inline.sql`?"
    # Of several jobs one may know it.
    other = tmp_path / "other.conf"
    other.write_text(job.read_text("utf-8").replace("who", "woh"), encoding="utf-8")
    assert invoke(["check", str(job), str(other), "--woh=me"]) == 0
    assert invoke(["check", str(job), str(job), "--woh=me"]) == 64


@pytest.mark.parametrize("form", ["--json", "--sarif", "--complete"])
def test_half_a_character_is_shown(form: str, tmp_path: Path) -> None:
    r"""JSON can name a lone surrogate (`\ud83d`), which no output can be written with."""
    job = tmp_path / "job.json"
    job.write_text(r'{"stages": [{"type": "\ud83dX", "name": "n", "environments": ["test"]}]}', encoding="utf-8")
    command = [sys.executable, "-c", "from arcbook.cli import main; main()", "check", form, str(job)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 64, done.stderr
    assert r"\ud83dX" in done.stdout


def test_a_reader_that_has_enough(tmp_path: Path) -> None:
    """`arcbook schema | head -1` ends as other tools do, without a word; 0 would be a verdict that nobody has read."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "arcbook", "schema"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False, cwd=tmp_path, timeout=120)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_check_knows_the_time_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every run brings it under the names that Arc's jobs use."""
    stage = '{"type": "SQLTransform", "name": ${ETL_CONF_EPOCH}, "environments": ["test"], "outputView": "v", '
    stage += '"sql": "SELECT ${t} AS t", "sqlParams": {"t": ${ETL_CONF_CURRENT_TIMESTAMP}}}'
    (tmp_path / "job.json").write_text(f'{{"stages": [{stage}]}}', encoding="utf-8")
    assert invoke(["check", str(tmp_path / "job.json"), "--json"]) == 0
    codes = [problem["code"] for problem in output(capsys)["problems"]]
    assert "unresolved-substitution" not in codes
