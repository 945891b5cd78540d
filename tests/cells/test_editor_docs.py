"""What docs/editors.md and docs/convert.md show works."""

import json
import re
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from arcbook.cells.export import job_as_notebook, job_file
from arcbook.cells.json_schema import job_schema
from arcbook.cells.layout import Entry
from arcbook.cells.notebook import document_job, notebook_job
from arcbook.cli import invoke

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    """A page's text."""
    return (DOCS / name).read_text(encoding="utf-8")


def examples(name: str) -> list[Any]:
    """The JSON that a page shows."""
    return [json.loads(text) for text in re.findall(r"(?s)```json\n(.*?)```", page(name))]


def test_a_file_names_its_schema() -> None:
    """The key is free for both Arc and arcbook, and valid by the schema itself."""
    file, _, _ = examples("editors.md")
    assert Draft202012Validator(job_schema()).is_valid(file)
    assert document_job(json.dumps(file)).problems == ()
    schema = PurePosixPath(file["$schema"])
    assert schema.name in page("editors.md").splitlines()[2]
    assert (DOCS / schema).resolve().parent.name == ".vscode"


@pytest.mark.parametrize("matched", ["jobs/load.json", "deep/jobs/load.json", "load.arc.json", "deep/load.arc.json"])
@pytest.mark.parametrize("missed", ["package.json", "jobs.json", "jobs/load.ipynb", "jobs/data/x.json", "arc.json"])
def test_settings_match_job_files(matched: str, missed: str) -> None:
    """Both editors take the schema for files in `jobs`, and for those named so."""
    _, code, lab = examples("editors.md")
    server = lab["language_servers"]["vscode-json-languageserver-bin"]["serverSettings"]
    for (entry,) in (code["json.schemas"], server["json.schemas"]):
        assert any(PurePosixPath(matched).match(pattern) for pattern in entry["fileMatch"])
        assert not any(PurePosixPath(missed).match(pattern) for pattern in entry["fileMatch"])
        assert entry["url"].endswith("/.vscode/arcbook.schema.json")


def test_the_commands_print_schemas(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command of the page prints one."""
    job = tmp_path / "job.ipynb"
    job.write_text(json.dumps({"cells": [{"cell_type": "code", "source": "%params\na: integer"}]}))
    commands = re.findall(r"(?m)^    arcbook (schema[^#>\n]*)", page("editors.md"))
    assert len(commands) == 4
    for command in commands:
        assert invoke(command.replace("job.ipynb", str(job)).split()) == 0
        Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))


def test_the_example_of_cells_is_a_job() -> None:
    """It is valid, and comes back from its notebook as it was."""
    (shown,) = examples("convert.md")
    assert Draft202012Validator(job_schema()).is_valid(shown)
    job = document_job(json.dumps(shown), "x.json")
    assert job.problems == ()
    again = json.loads(job_file(notebook_job(job_as_notebook(job), "x.ipynb")))
    assert again["arcbook"] == shown["arcbook"]


def test_every_key_of_a_cell_is_documented() -> None:
    """The table names them all."""
    rows = "\n".join(line for line in page("convert.md").splitlines() if line.startswith("| "))
    assert [key for key in Entry.model_fields if f"`{key}`" not in rows] == []
