"""`arcbook convert`: what is printed, what is written, what is refused."""

import json
from pathlib import Path

import pytest

from arcbook.cells.notebook import read_job
from arcbook.cli import invoke

CELLS = [
    "%environment test",
    "%params\nday: date = 2026-01-01",
    "%sql name=q outputView=v environments=test\nSELECT :day AS d",
    '{"type": "ParquetLoad", "name": "w", "environments": ["test"], "inputView": "v", "outputURI": ${OUT}"/o"}',
]


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """A notebook with parameters, a bound value and a placeholder."""
    path = tmp_path / "job.ipynb"
    cells = [{"cell_type": "code", "source": cell} for cell in CELLS]
    path.write_text(json.dumps({"cells": cells, "metadata": {"kernelspec": {"name": "arc"}}, "nbformat": 4}))
    return path


def test_there_and_back(notebook: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A notebook becomes a job file and a job file a notebook unless --to says otherwise."""
    file, back = tmp_path / "job.json", tmp_path / "back.ipynb"
    assert invoke(["convert", str(notebook)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert invoke(["convert", str(notebook), "--out", str(file)]) == 0
    assert capsys.readouterr() == ("", "")
    assert file.read_text() == printed.out
    assert '"outputURI": ${OUT}"/o"' in printed.out
    assert invoke(["convert", str(file), "--out", str(back)]) == 0
    assert [cell.source for cell in read_job(str(back)).cells][:3] == CELLS[:3]
    assert invoke(["convert", str(back), "--to", "hocon"]) == 0
    assert 'outputURI: ${OUT}"/o"' in capsys.readouterr().out
    assert invoke(["check", str(file), "--environment", "test"]) == 0


def test_the_file_runs_as_the_notebook(tmp_path: Path) -> None:
    """Parameters, Python and stages of a converted job run in their order, with given values."""
    path = tmp_path / "job.ipynb"
    cells = [
        *CELLS[:3],
        "%python\nspark.table('v').createOrReplaceTempView('w')",
        "%log name=told environments=test\nSELECT CONCAT('it is ', d) FROM w",
    ]
    raw = [{"cell_type": "code", "source": cell} for cell in cells]
    path.write_text(json.dumps({"cells": raw, "metadata": {"kernelspec": {"name": "arc"}}, "nbformat": 4}))
    assert invoke(["convert", str(path), "--out", str(tmp_path / "job.json")]) == 0
    record = str(tmp_path / "runs")
    assert invoke(["run", str(tmp_path / "job.json"), "-p", "day", "2026-02-03", "--record", record]) == 0
    (notebook,) = (tmp_path / "runs").glob("job/*/notebook.ipynb")
    assert "it is 2026-02-03" in notebook.read_text()


def test_nothing_is_overwritten(notebook: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An existing file is replaced only with --force, whole."""
    file = tmp_path / "job.json"
    file.write_text("mine")
    assert invoke(["convert", str(notebook), "--out", str(file)]) == 64
    assert "exists already" in capsys.readouterr().err
    assert file.read_text() == "mine"
    assert invoke(["convert", str(notebook), "--out", str(file), "--force"]) == 0
    assert read_job(str(file)).declarations
    assert sorted(path.name for path in tmp_path.iterdir()) == ["job.ipynb", "job.json"]


def test_another_folder(notebook: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Relative addresses start at the file's folder, which is then said."""
    assert invoke(["convert", str(notebook), "--out", str(tmp_path / "deep" / "job.json")]) == 0
    assert "relative addresses in it start there" in capsys.readouterr().err


def test_for_arc(notebook: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What Arc cannot do ends with its place, and nothing is written; what the launch must bring is a warning."""
    file = tmp_path / "job.json"
    assert invoke(["convert", str(notebook), "--for", "arc", "--out", str(file)]) == 64
    assert "cell 3, line 2, column 8: Arc binds no values: it does not know `:day`" in capsys.readouterr().err
    assert not file.exists()
    notebook.write_text(notebook.read_text().replace(":day AS", "1 AS"))
    assert invoke(["convert", str(notebook), "--for", "arc"]) == 0
    printed = capsys.readouterr()
    assert "--etl.config.environment=test" in printed.err
    assert '"day": "2026-01-01"' in printed.out
    assert "arcbook" not in printed.out


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("{", [], "never closed"),
        ('{"stages": {}}', [], "`stages` must be a list"),
        ('{"stages": [1]}', [], "a stage must be an object"),
        ('{"stages": []}', ["--for", "arc"], "--for arc makes job files"),
        ('{"stages": []}', ["--out", "s3://bucket/x"], "a path on this machine"),
        ('{"stages": []}', ["--to", "yaml"], "'yaml' is not one of"),
        ('{"stages": [], "plugins": {"udf": []}}', [], "no plugins of the kind `udf`"),
        ('{"stages": [], "plugins": {"config": [1]}}', [], "a plugin must be an object"),
    ],
)
def test_what_is_refused(
    text: str, arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A clear sentence, and the exit code of a wrong definition."""
    path = tmp_path / "job.json"
    path.write_text(text)
    assert invoke(["convert", str(path), *arguments]) == 64
    assert message in capsys.readouterr().err


def test_a_job_that_is_not_there(tmp_path: Path) -> None:
    """As everywhere: exit code 66."""
    assert invoke(["convert", str(tmp_path / "none.ipynb")]) == 66
