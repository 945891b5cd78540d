"""Includes where jobs use them: files, web, S3; in job files, cells and stages; what places, checks and bundles say."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from arcbook.cells.convert import trees_of
from arcbook.cells.magics import read_cell
from arcbook.cells.notebook import job_notebook, notebook_job, read_job
from arcbook.cells.plan import Context, check_job, steps_of
from arcbook.core.failures import CellError
from arcbook.core.problem import Severity
from arcbook.core.settings import RunSettings

SETTINGS = RunSettings(environment="test")
CONTEXT = Context(settings=SETTINGS, complete=True)

FILES = {
    "job.conf": 'include "conf/common.conf"\ninclude "conf/stages"\nplace = ${root}"/x"\n',
    "conf/common.conf": 'include "root.json"\ncommon { environments: [test] }\n',
    "conf/root.json": '{"root": "/data"}',
    "conf/stages.conf": """# stages of all jobs
stages: [
  { type: SQLTransform, name: ${place}, environments: ${common.environments}
    sql: \"\"\"SELECT 1 AS x,
 y\"\"\", outputView: a }
  { include "shared.conf", name: two, type: SQLTransform, outputView: b }
]
""",
    "conf/shared.conf": 'environments: ${common.environments}\nsql: "SELECT x FROM nowhere"\n',
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of a job in a folder."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def web(folder: Path) -> Iterator[str]:
    """The address under which a server has the folder."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            """Nothing is written."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def places(address: str) -> list[tuple[str, str]]:
    """Code and place of each finding about the job at an address."""
    return [
        (problem.code, str(problem.span))
        for problem in check_job(read_job(address), CONTEXT).problems
        if problem.code != "unused-view"
    ]


def expected(base: str) -> list[tuple[str, str]]:
    """The findings about the job: a column that nothing has, and a view that nothing makes."""
    return [
        ("unknown-column", f"{base}/conf/stages.conf, line 5, column 2"),
        ("unknown-view", f"{base}/conf/shared.conf, line 2, column 21"),
    ]


def test_places_are_those_of_the_included_file(folder: Path) -> None:
    """Findings stand in the file where their text is, at its lines; the address can be opened from here."""
    assert sorted(places(str(folder / "job.conf"))) == expected(str(folder))


def test_addresses_relative_to_here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job named relatively shows its files relatively."""
    monkeypatch.chdir(folder.parent)
    assert sorted(places(f"{folder.name}/job.conf")) == expected(folder.name)
    monkeypatch.chdir(folder)
    assert sorted(places("job.conf"))[0] == ("unknown-column", "conf/stages.conf, line 5, column 2")


def test_file_addresses(folder: Path) -> None:
    """Arc writes `file://` in front of paths; `file:/` means the same."""
    assert sorted(places(f"file://{folder}/job.conf")) == expected(f"file://{folder}")
    assert sorted(places(f"file:{folder}/job.conf")) == expected(f"file:{folder}")


def test_jobs_on_the_web(web: str, folder: Path) -> None:
    """A job from a server includes what lies beside it there; what the server does not have is not there."""
    assert sorted(places(f"{web}/job.conf")) == expected(web)
    (folder / "job.conf").write_text(FILES["job.conf"] + 'include "no.conf"\ninclude url("' + web + '/nor.conf")\n')
    found = [each for each in check_job(read_job(f"{web}/job.conf"), CONTEXT).problems if each.code != "unused-view"]
    assert [each.severity for each in found if each.code == "include"] == [Severity.WARNING, Severity.WARNING]


def test_jobs_on_s3(s3_bucket: str) -> None:
    """A job from S3 includes what lies beside it there."""
    import boto3

    client = boto3.client("s3")
    for name, text in FILES.items():
        client.put_object(Bucket=s3_bucket, Key=f"jobs/{name}", Body=text.encode())
    for scheme in ("s3", "s3a"):
        assert sorted(places(f"{scheme}://{s3_bucket}/jobs/job.conf")) == expected(f"{scheme}://{s3_bucket}/jobs")


def test_an_included_document_that_cannot_be_read_is_an_error(folder: Path) -> None:
    """Only what is not there may be left out: a folder or foreign bytes under the name are a mistake."""
    (folder / "conf/root.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CellError) as caught:
        read_job(str(folder / "job.conf"))
    (problem,) = caught.value.problems
    assert (problem.code, str(problem.span)) == ("include", f"{folder}/conf/common.conf, line 1, column 9")
    assert "UTF-8" in problem.message


def test_cells_include_relative_to_the_notebook(folder: Path) -> None:
    """A stage of a cell, and values of a `%document` cell; a file that is not there is a warning at its place."""
    cells = [
        '%document\n\ninclude "conf/common.conf"\nx: ${root}',
        '{ include "conf/shared.conf"\n  include "conf/no.conf"\n  type: SQLTransform, name: ${x}, outputView: a }',
    ]
    code = [{"cell_type": "code", "source": text} for text in cells]
    notebook = {"cells": code, "metadata": {"kernelspec": {"name": "arc"}}}
    (folder / "n.ipynb").write_text(json.dumps(notebook))
    report = check_job(read_job(str(folder / "n.ipynb")), CONTEXT)
    assert [(each.code, str(each.span)) for each in report.problems if each.code != "unused-view"] == [
        ("unknown-view", f"{folder}/conf/shared.conf, line 2, column 21"),
        ("include", f"{folder}/n.ipynb, cell 2, line 2, column 11"),
    ]
    assert [step.stage.name for step in report.steps] == ["/data"]


def test_a_live_cell_includes_relative_to_its_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel works in the notebook's folder."""
    monkeypatch.chdir(folder)
    (tree,) = trees_of(read_cell('{ include "conf/root.json", type: X }'))
    assert tree.value == {"root": "/data", "type": "X"}


def test_a_job_file_with_includes_runs_as_the_same_stages(folder: Path) -> None:
    """The notebook that `arcbook run` makes of it needs none of the files any more."""
    made = job_notebook(read_job(str(folder / "job.conf")))
    context, names, statements = CONTEXT, [], []
    for cell in notebook_job(json.dumps(made)).cells:
        context = context.after(cell)
        for step in steps_of(cell, context):
            names.append(step.stage.name)
            statements.append(getattr(step.stage, "sql", ""))
    assert names == ["/data/x", "two"]
    assert statements == ["SELECT 1 AS x,\n y", "SELECT x FROM nowhere"]


def test_schema_documents_include(folder: Path) -> None:
    """A schema document's includes lie beside it; its findings name the included file."""
    (folder / "meta").mkdir()
    (folder / "meta/schema.conf").write_text('include "columns.conf"\nkind: integr\n')
    (folder / "meta/columns.conf").write_text("schema: [\n { name: a, nullable: true,\n   type: ${kind} } ]")
    stage = (
        "type: TypingTransform, name: n, environments: [test], schemaURI: meta/schema.conf, inputView: v, outputView: o"
    )
    (folder / "t.conf").write_text(f"stages: [ {{ {stage} }} ]")
    found = [each for each in check_job(read_job(str(folder / "t.conf")), CONTEXT).problems if each.code == "schema"]
    assert [str(each.span) for each in found] == ["meta/columns.conf, line 3, column 4"]
