"""Parameters through real papermill and the real command, into real kernels."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import papermill
import pytest
import yaml

from tests.runs.running import Make, Ran, read_notebook, texts

Run = Callable[..., Ran]

HARM: list[str] = yaml.safe_load((Path(__file__).parent / "data" / "injections.yaml").read_text(encoding="utf-8"))
NAMES = [f"p{number:02}" for number in range(len(HARM))]
#: Writes what the parameters are, what SQL made of them, and whether the view is still there.
REPORT = (
    "%python\nimport json\nsaid = {'python': {n: str(v) for n, v in params.items()}, 'precious': "
    "spark.table('precious').count(), 'sql': [str(v) for v in views['seen'].first()]}\n"
    "with open('report.json', 'w', encoding='utf-8') as file:\n    json.dump(said, file)"
)
PRECIOUS = "%sql outputView=precious environments=test\nSELECT id FROM range(3)"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ARCBOOK_ENGINE", "ARCBOOK_RECORD", "ETL_CONF_ENV"):
        monkeypatch.delenv(name, raising=False)


def report(tmp_path: Path) -> dict[str, Any]:
    """What the job wrote."""
    found: dict[str, Any] = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    return found


def without_tags(path: Path) -> Path:
    """The notebook as somebody wrote it who does not know papermill."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["metadata"].pop("tags", None)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def test_harmful_values_come_back_unchanged(make_notebook: Make, tmp_path: Path) -> None:
    """Through papermill, the injected cell (in front, for no cell has the tag), the kernel, SQL, the executed notebook
    and a second run of that, in which other values of its own cells do not win either."""
    declared = "%params\n" + "\n".join(f'{name}: string = "default"' for name in NAMES)
    seen = f"%sql outputView=seen environments=test\nSELECT {', '.join(f':{name} AS {name}' for name in NAMES)}"
    source = without_tags(make_notebook("%environment test", PRECIOUS, declared, '%params\np00 = "own"', seen, REPORT))
    given = dict(zip(NAMES, HARM, strict=True))
    papermill.execute_notebook(source, "out.ipynb", parameters=given, progress_bar=False)
    assert report(tmp_path) == {"python": given, "precious": 3, "sql": HARM}
    executed = read_notebook(tmp_path / "out.ipynb")
    assert [cell["metadata"].get("tags") for cell in executed["cells"][:2]] == [["injected-parameters"], []]

    papermill.execute_notebook("out.ipynb", "again.ipynb", parameters={"p01": "changed"}, progress_bar=False)
    assert report(tmp_path)["sql"] == ["own", "changed", *["default"] * (len(HARM) - 2)]

    papermill.execute_notebook("out.ipynb", "again.ipynb", progress_bar=False)
    assert report(tmp_path) == {"python": given, "precious": 3, "sql": HARM}


def test_papermills_own_engine_injects_as_well(make_notebook: Make, tmp_path: Path) -> None:
    """Whoever runs the notebook, wherever the cell is put: values given win over declared defaults."""
    declared = '%params\nregion: enum("eu", "us") = "eu"\nn: long = 1\nday: date'
    seen = "%sql outputView=seen\nSELECT :region AS region, typeof(:n) AS kind, :n AS n, :day AS day"
    for number in range(2):
        source = make_notebook(declared, PRECIOUS, seen, REPORT, name=f"job{number}")
        if number == 0:
            without_tags(source)
        given = {"region": "us", "n": 7, "day": "2026-11-23"}
        papermill.execute_notebook(source, "out.ipynb", given, engine_name="nbclient", progress_bar=False)
        assert report(tmp_path)["sql"] == ["us", "bigint", "7", "2026-11-23"]


PLAIN = "%params\ncode: string\nn: integer = 1  # how many\nshare: decimal(5,2) = 0.05 (0..1)\ndays: list[date] = []"
CODE = "%sql outputView=seen environments=test\nSELECT :code AS code, :n AS n, :share AS share, typeof(:days) AS days"


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        ("papermill", ["-r", "code", "007", "-p", "n", "7"]),
        ("papermill", ["-y", "{code: '007', n: 007}"]),
        ("arcbook", ["-p", "code", "007", "-r", "n", "007"]),
        ("arcbook", ["-f", "given.yaml"]),
        ("arcbook", ["--code", "007", "--n=007"]),
    ],
)
def test_leading_zeros_stay(
    program: str, arguments: list[str], make_notebook: Make, run_command: Run, tmp_path: Path
) -> None:
    """`007` is 007 for a text and 7 for a number, whoever brings it."""
    (tmp_path / "given.yaml").write_text("code: 007\nn: 007\n", encoding="utf-8")
    job = make_notebook("%environment test", PLAIN, PRECIOUS, CODE, REPORT)
    job_first = ["run", job] if program == "arcbook" else [job]
    done = run_command(program, *job_first, *(["out.ipynb"] if program == "papermill" else []), *arguments)
    assert done.code == 0, done.err
    assert report(tmp_path)["sql"] == ["007", "7", "0.05", "array<date>"]


@pytest.mark.parametrize(
    ("arguments", "said", "remedy"),
    [
        (["-p", "code", "007"], "must be text, not a number", "-r code"),
        (["-p", "code", "1e5"], "must be text, not a number", "-r code"),
        (["-p", "code", "True"], "must be text, not a boolean", "-r code"),
        (["-p", "code", "None"], "missing (None)", "-r code"),
        (["-r", "code", "x", "-p", "share", "0.12345678901234567"], "may have been rounded", "-r share"),
        (["-r", "code", "x", "-p", "share", "1.01"], "between 0 and 1", "-p share"),
        (["-r", "code", "x", "-p", "n", "1.0"], "a whole number of 32 bits", "-p n"),
        (["-y", "{code: 007}"], "must be text, not a number", "-r code"),
    ],
)
def test_what_papermill_changes_is_refused(
    arguments: list[str], said: str, remedy: str, make_notebook: Make, run_command: Run, tmp_path: Path
) -> None:
    """papermill makes numbers, booleans and nothing of texts before anyone sees them; no kernel starts."""
    done = run_command("papermill", make_notebook("%environment test", PLAIN, CODE), "out.ipynb", *arguments)
    assert done.code == 64, done.err
    assert said in done.err
    assert remedy in done.err
    journal = next((tmp_path / "runs").glob("*/*/journal.jsonl")).read_text(encoding="utf-8")
    assert '"kernel"' not in journal


def test_papermill_lists_and_inspects_parameters(make_notebook: Make, run_command: Run) -> None:
    """Types, defaults, limits and help; without the tag papermill says so."""
    job = make_notebook(PLAIN)
    shown = run_command("papermill", "--help-notebook", job).out
    assert "code: string (default none: required)" in shown
    assert "share: decimal(5,2) (default 0.05)" in shown
    assert "between 0 and 1" in shown
    found = papermill.inspect_notebook(job)
    assert found["n"] == {"name": "n", "inferred_type_name": "integer", "default": "1", "help": "how many"}
    assert found["days"]["default"] == "[]"
    assert papermill.inspect_notebook(without_tags(job)) == {}


def test_backslashes_of_the_command_line_stay(make_notebook: Make, run_command: Run, tmp_path: Path) -> None:
    """Arc drops them. As a parameter, as a launch value for `${x}`, and pasted into a raw text of SQL."""
    seen = "%sql outputView=seen environments=test sqlParams=root=${ROOT}\nSELECT :path AS path, r'${root}' AS pasted"
    job = make_notebook("%params\npath: string", PRECIOUS, seen, REPORT)
    root = "D:\\new\\table"
    done = run_command("arcbook", "run", job, "--environment", "test", f"--ROOT={root}", "--path", "C:\\temp\\*.csv")
    assert done.code == 0, done.err
    assert report(tmp_path)["sql"] == ["C:\\temp\\*.csv", root]
    assert "C:\\\\temp" in json.dumps(texts(read_notebook(next((tmp_path / "runs").glob("*/*/notebook.ipynb")))))
