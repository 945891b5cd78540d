"""SARIF: valid, complete, and at the places of the file."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from arcbook.cli import invoke
from arcbook.core.codes import CODES

_TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}},
         "additionalProperties": False}  # fmt: skip
_COUNT = {"type": "integer", "minimum": 1}


def _closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


#: What SARIF 2.1.0 demands of the parts that we write, as strict as its own schema and closed to all else.
SUBSET = _closed(
    ["version", "runs"],
    **{"$schema": {"type": "string", "pattern": r"^https://.*sarif-schema-2\.1\.0\.json$"}},
    version={"const": "2.1.0"},
    runs={
        "type": "array", "minItems": 1, "maxItems": 1,
        "items": _closed(
            ["tool", "results"],
            columnKind={"const": "unicodeCodePoints"},
            tool=_closed(
                ["driver"],
                driver=_closed(
                    ["name"],
                    name={"const": "arcbook"},
                    version={"type": "string"},
                    rules={
                        "type": "array", "uniqueItems": True,
                        "items": _closed(
                            ["id"], id={"enum": list(CODES)}, name={"type": "string", "pattern": "^([A-Z][a-z]*)+$"},
                            shortDescription=_TEXT, help=_TEXT, helpUri={"type": "string", "pattern": "^https?://"},
                        ),
                    },
                ),
            ),
            results={
                "type": "array",
                "items": _closed(
                    ["message", "ruleId", "level", "locations"],
                    ruleId={"enum": list(CODES)},
                    ruleIndex={"type": "integer", "minimum": 0, "maximum": len(CODES) - 1},
                    level={"enum": ["error", "warning"]},
                    message=_TEXT,
                    properties={"type": "object"},
                    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
                    locations={
                        "type": "array", "minItems": 1,
                        "items": _closed(
                            ["physicalLocation"],
                            physicalLocation=_closed(
                                ["artifactLocation"],
                                artifactLocation=_closed(
                                    ["uri"], uri={"type": "string", "pattern": r"^[^ \\]+$"},
                                    uriBaseId={"const": "%SRCROOT%"},
                                ),
                                region=_closed(
                                    ["startLine", "startColumn"],
                                    startLine=_COUNT, startColumn=_COUNT, endLine=_COUNT, endColumn=_COUNT,
                                ),
                            ),
                            logicalLocations={
                                "type": "array",
                                "items": _closed(
                                    ["name"], name={"type": "string"}, fullyQualifiedName={"type": "string"},
                                    kind={"const": "cell"},
                                ),
                            },
                        ),
                    },
                ),
            },
        ),
    },
)  # fmt: skip

LINES = ["%sql outputView=a environments=test\n", 'SELECT "ü\\n", 1\n', "\tFROM )"]
CELLS = [
    {"cell_type": "markdown", "source": "x"},
    {"cell_type": "code", "source": ['%sqlvaildate name="ü"\n', "SELECT 1"]},
    {"cell_type": "code", "source": LINES},
    {"cell_type": "code", "source": "".join(LINES)},
]


def checked(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The one run of a log, valid."""
    invoke(["check", "--sarif", *arguments])
    log = json.loads(capsys.readouterr().out)
    Draft202012Validator(SUBSET).validate(log)
    (run,) = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(CODES)
    for result in run["results"]:
        assert list(CODES)[result["ruleIndex"]] == result["ruleId"]
    found: dict[str, Any] = run
    return found


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("ascii_", [True, False])
def test_regions_are_those_of_the_file(
    indent: int | None,
    ascii_: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A place in a cell is where its character stands in the notebook, however that is written."""
    monkeypatch.chdir(tmp_path)
    notebook = {"cells": CELLS, "metadata": {"kernelspec": {"name": "arc"}}, "nbformat": 4}
    text = json.dumps(notebook, indent=indent, ensure_ascii=ascii_)
    (tmp_path / "a job.ipynb").write_text(text, encoding="utf-8")
    magic, *brackets = checked(capsys, "a job.ipynb")["results"]
    assert [each["ruleId"] for each in (magic, *brackets)] == ["unknown-magic", "sql-syntax", "sql-syntax"]
    assert [_marked(each, text) for each in (magic, *brackets)] == ["%sqlvaildate", ")", ")"]
    location = magic["locations"][0]
    assert location["physicalLocation"]["artifactLocation"] == {"uri": "a%20job.ipynb", "uriBaseId": "%SRCROOT%"}
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "cell 1, line 1, column 1"
    assert {key: brackets[0]["properties"][key] for key in ("cell", "line", "column")} == {
        "cell": 2,
        "line": 3,
        "column": 7,
    }


def _marked(result: dict[str, Any], text: str) -> str:
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region["startLine"] == region["endLine"]
    marked: str = text.split("\n")[region["startLine"] - 1][region["startColumn"] - 1 : region["endColumn"] - 1]
    return marked


def test_job_files_sql_files_and_findings_without_a_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each finding has a location: its own file, or at least the job."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "q.sql").write_text("SELECT 1\nFROM )", encoding="utf-8")
    (tmp_path / "jobs" / "job.conf").write_text(
        "{stages: [{type: SQLTransform, name: n, inputURI: q.sql}]}", encoding="utf-8"
    )
    for address in ("jobs/job.conf", str(tmp_path / "jobs" / "job.conf")):
        found = checked(capsys, address, "--etl.config.uri=x")["results"]
        places = {each["ruleId"]: each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in found}
        folder = Path(address).parent
        start = folder.as_posix() if address.startswith("jobs") else folder.as_uri()
        assert places == {
            "never-runs": f"{start}/job.conf",
            "option-without-effect": f"{start}/job.conf",
            "sql-syntax": f"{start}/q.sql",
        }


def test_documents_have_their_address_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Statements as the job names them lie in its folder; includes and jobs within jobs are known from here."""
    texts = {
        "job.conf": """include "common.conf"
        stages = [{type: PipelineExecute, name: p, environments: [test], uri: "inner.conf"}
                  {type: SQLTransform, name: q, environments: [test], outputView: v, inputURI: "q.sql"}]""",
        "common.conf": 'x { include "none.conf" }',
        "inner.conf": "stages = [{type: SQLTransfrm}]",
        "q.sql": "SELECT 1 FROM (",
    }
    (tmp_path / "jobs").mkdir()
    for name, text in texts.items():
        (tmp_path / "jobs" / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    invoke(["check", "--sarif", "jobs/job.conf"])
    results = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    uris = [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in results]
    assert sorted(set(uris)) == ["jobs/common.conf", "jobs/inner.conf", "jobs/q.sql"]


def test_a_finding_keeps_its_fingerprint_when_it_moves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two of a kind are told apart; a line more above them changes nothing."""
    job = tmp_path / "job.conf"
    stage = "{type: SQLTransform, name: n, environments: [test], sql: SELECT 1, x: 1}"
    prints = []
    for above in ("", "\n\n// more\n"):
        job.write_text(f"{above}stages: [{stage}, {stage}]", encoding="utf-8")
        found = [each["partialFingerprints"]["arcbook/v1"] for each in checked(capsys, str(job))["results"]]
        assert len(set(found)) == len(found) == 2
        prints.append(found)
    assert prints[0] == prints[1]


def test_rules_link_to_published_documentation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where an installation says where that is."""
    job = tmp_path / "job.conf"
    job.write_text("stages: []", encoding="utf-8")
    monkeypatch.setenv("ARCBOOK_DOCS_URL", "https://docs.example.org/etl/")
    rules = checked(capsys, str(job))["tool"]["driver"]["rules"]
    assert {rule["id"]: rule["helpUri"] for rule in rules} == {
        code: f"https://docs.example.org/etl/problems/#{code}" for code in CODES
    }


def test_one_form_at_a_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--json and --sarif print different things."""
    assert invoke(["check", "--sarif", "--json", "x.conf"]) == 64
    assert "choose one" in capsys.readouterr().out
