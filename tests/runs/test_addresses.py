"""Relative addresses of documents start at the job's folder, wherever the command is given."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runs.running import Make, Ran

Run = Callable[..., Ran]

CELLS = (
    "%environment test",
    '{"type": "SQLTransform", "name": "one", "environments": ["test"], "inputURI": "one.sql", "outputView": "one"}',
    '%sqlvalidate name="one row" environments=test\nSELECT COUNT(*) = 1, NULL FROM one',
)


@pytest.fixture
def job(make_notebook: Make, tmp_path: Path) -> str:
    """A notebook in a folder of its own, with a document beside it; its path as seen from the test's folder."""
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "one.sql").write_text("SELECT 1 AS x\n", encoding="utf-8")
    make_notebook(*CELLS).rename(tmp_path / "jobs" / "job.ipynb")
    return "jobs/job.ipynb"


@pytest.mark.parametrize(
    "command",
    [
        ("arcbook", "run", "{job}"),
        ("papermill", "{job}", "out.ipynb", "-k", "arc"),
        ("arcbook", "check", "{job}"),
        ("arcbook", "run", "{folder}/{job}"),
    ],
    ids=["run", "papermill", "check", "absolute"],
)
def test_a_document_is_found_beside_the_job(
    command: tuple[str, ...], job: str, run_command: Run, tmp_path: Path
) -> None:
    """All commands look in the same place, also for a relative path of the job."""
    done = run_command(*(part.format(job=job, folder=tmp_path) for part in command))

    assert done.code == 0, done.err


def test_another_working_directory_is_where_addresses_start(job: str, run_command: Run, tmp_path: Path) -> None:
    """`--cwd` moves documents and data alike, in the check as in the kernel."""
    (tmp_path / "elsewhere").mkdir()

    refused = run_command("arcbook", "run", job, "--cwd", "elsewhere")
    (tmp_path / "jobs" / "one.sql").rename(tmp_path / "elsewhere" / "one.sql")
    found = run_command("arcbook", "run", job, "--cwd", "elsewhere")

    assert (refused.code, found.code) == (64, 0), found.err
    assert "[missing-document]" in refused.err
