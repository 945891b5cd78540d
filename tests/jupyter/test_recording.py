"""`%record_test` in a real kernel, and the command for a run."""

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from arcbook.engines.base import Engine
from arcbook.testing.run import run_file
from tests.jupyter.kernels import Kernel

PEOPLE = """%sql name=people environments=test outputView=people
SELECT id, IF(id > 20, null, 'An' || 'n') AS person FROM range(30)"""
ADULTS = "%sql name=named environments=test outputView=named\nSELECT id, person FROM people WHERE person IS NOT NULL"
GATE = "%sqlvalidate name=gate environments=test\nSELECT COUNT_IF(person IS NULL) <= 2, 'nameless' FROM people"
CELLS = ("%environment test", PEOPLE, ADULTS, GATE)


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """A notebook with the cells."""
    made = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    made.metadata.kernelspec = {"name": "arc", "display_name": "Arc", "language": "arc"}
    made.cells = [nbformat.v4.new_code_cell(source) for source in CELLS]  # type: ignore[no-untyped-call]
    nbformat.write(made, tmp_path / "job.ipynb")  # type: ignore[no-untyped-call]
    return tmp_path / "job.ipynb"


def test_a_test_of_a_live_cell(kernel: Kernel, notebook: Path, embedded_engine: Engine) -> None:
    """Of a stage that made a view, and of a gate that failed; both pass, and the kernel's views are as they were."""
    record = f"%record_test --notebook {notebook}"
    assert "No stage has run yet" in kernel.run(record).error["evalue"]
    for source in (*CELLS[:3], record):
        shown = kernel.run(source)
        assert shown.status == "ok", shown.error
    assert "of 30 input rows, masked" in shown.texts[0]
    assert kernel.run(GATE).status == "error"
    shown = kernel.run(f'{record} --name "too many" --tries=100')
    assert shown.status == "ok", shown.error
    assert "`too many` is in" in shown.texts[0]
    assert "3 of 30 input rows" in shown.texts[0]
    file = notebook.with_name("job.test.yaml")
    assert "Ann" not in file.read_text(encoding="utf-8").partition("given")[2]
    assert [verdict.faults for verdict in run_file(file, embedded_engine)] == [(), ()]
    assert kernel.run("%sql name=c environments=test\nSELECT count(*) AS n FROM people").texts[0].split()[-1] == "30"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [("--nmae x", "knows no `--nmae`"), ("--tries many", "a whole number"), ("--run nothing", "there is no run"),
     ("--name", "needs a value"), ('--name "', "No closing quotation")],
)  # fmt: skip
def test_wrong_arguments(kernel: Kernel, notebook: Path, arguments: str, said: str) -> None:
    """Each is told, and nothing is written."""
    assert said in kernel.run(f"%record_test --notebook {notebook} {arguments}").error["evalue"]
    assert not notebook.with_name("job.test.yaml").exists()


def test_a_test_of_a_run(
    notebook: Path, tmp_path: Path, embedded_engine: Engine, start_kernel: Callable[..., Kernel]
) -> None:
    """From the record of a run that failed at a gate: by the magic, in a kernel that has run nothing."""
    from arcbook.runs.execute import execute
    from arcbook.runs.launch import read_request

    outcome = execute(read_request(str(notebook), record_root=str(tmp_path / "runs")))
    assert outcome.record.failure is not None
    assert outcome.record.failure.failure == "quality"
    kernel = start_kernel(ARCBOOK_RECORD=str(tmp_path / "runs"))
    shown = kernel.run("%record_test --run latest")
    assert shown.status == "ok", shown.error
    assert "3 of 30 input rows" in shown.texts[0]
    (verdict,) = run_file(notebook.with_name("job.test.yaml"), embedded_engine)
    assert verdict.passed, verdict.faults
