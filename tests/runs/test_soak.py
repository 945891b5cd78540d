"""Many runs, one after the other, good and bad: nothing grows and nothing is left."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from arcbook.runs.record import Record
from arcbook.runs.store import LocalStore
from tests.runs.running import MARK, Make, Ran, assert_gone, environment, read_notebook, record_folder, texts
from tests.trials import seeds

pytestmark = pytest.mark.trial
ROOT = Path(__file__).resolve().parents[2]
MB = 1_000_000

VIEW = "%sql environments=test outputView=v\nSELECT id, md5(CAST(id AS STRING)) AS text FROM range(1000)"
LOAD = (
    '{"type": "DeltaLakeLoad", "name": "load", "environments": ["test"], "inputView": "v", "outputURI": "OUT",'
    ' "saveMode": "Overwrite"}'
)
DIE = "%python\nimport os, signal\nprint('last words', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
#: How each job ends: by status and failure class.
JOBS = {
    "good": ((VIEW, LOAD), ("completed", "")),
    "false": ((VIEW, "%sqlvalidate environments=test\nSELECT false, 'no'"), ("failed", "quality")),
    "killed": ((VIEW, DIE), ("failed", "transient")),
    "floods": (("%python\nfor i in range(50_000): print('line', i, 'x' * 100)",), ("completed", "")),
}


@pytest.mark.timeout(3600)
def test_many_runs_in_one_process(make_notebook: Make, tmp_path: Path) -> None:
    """Memory, open files and threads of the run process stay; no process, port, temporary file or folder is left."""
    count = len(seeds(8, soak=200))
    jobs = [
        make_notebook("%environment test", *(cell.replace("OUT", str(tmp_path / "out")) for cell in cells), name=name)
        for name, (cells, _) in JOBS.items()
    ]
    places = {name: tmp_path / name for name in ("tmp", "runtime", "ipython", "records")}
    for place in places.values():
        place.mkdir()
    mark = uuid.uuid4().hex
    env = environment() | {
        MARK: mark, "TMPDIR": str(places["tmp"]), "JUPYTER_RUNTIME_DIR": str(places["runtime"]),
        "IPYTHONDIR": str(places["ipython"]), "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "tests.runs.soaking", str(count), str(places["records"]), *map(str, jobs)],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    held = [json.loads(line) for line in done.stdout.splitlines()]

    expected = [ending for _, ending in JOBS.values()]
    assert [(each["status"], each["failure"]) for each in held] == [expected[number % 4] for number in range(count)]
    assert_does_not_grow([each["memory"] / MB for each in held], by=0.2, noise=25)
    assert_does_not_grow([each["files"] for each in held], by=0, noise=2)
    assert_does_not_grow([each["threads"] for each in held], by=0, noise=1)

    assert_gone(mark)
    for name in ("tmp", "runtime"):
        assert [path.name for path in places[name].rglob("*")] == [], name
    assert list(places["ipython"].rglob("history.sqlite")) == []
    left = list(LocalStore(str(places["records"])).runs())
    assert len(left) == count
    for run in left:
        files = {path.name for path in LocalStore(str(places["records"])).folder(*run).path.iterdir()}
        assert files == {"record.json", "journal.jsonl", "notebook.ipynb", "MANIFEST"}
    assert {path.name for path in tmp_path.iterdir()} == {*places, "out", *(f"{name}.ipynb" for name in JOBS)}


@pytest.mark.timeout(3600)
def test_an_engine_that_grows_is_renewed(
    make_notebook: Make, run_command: Callable[..., Ran], the_record: Callable[[], Record], tmp_path: Path
) -> None:
    """Sail's memory never comes back: with a limit its process is replaced between stages, and the views stay."""
    grow = (
        "%sql environments=test outputView=many\n"
        "SELECT count(*) AS c FROM (SELECT DISTINCT md5(CAST(id AS STRING)) AS m FROM range(1500000))"
    )
    use = "%sqlvalidate environments=test\nSELECT count(*) = 1000, 'the view is whole' FROM v"
    count = len(seeds(4, soak=100))
    limit = 200
    job = make_notebook("%environment test", VIEW, *[grow, use] * count)
    done = run_command("arcbook", "run", job, env={"ARCBOOK_EMBEDDED_MEMORY_MB": str(limit)})
    assert done.code == 0, done.err
    record = the_record()
    peaks = [cell.usage.engine_peak_bytes or 0 for cell in record.cells]
    assert_does_not_grow([peak / MB for peak in peaks], by=0.5, noise=limit)
    told = texts(read_notebook(record_folder(tmp_path) / "notebook.ipynb"))
    assert told.count("was replaced because its memory") >= count // 2
    assert {cell.status for cell in record.cells} == {"completed"}


def assert_does_not_grow(values: list[Any], *, by: float, noise: float) -> None:
    """The last quarter is at most `noise` and, a value, `by` above the second: the first fills caches."""
    quarter = max(1, len(values) // 4)
    early, late = median(values[quarter : 2 * quarter]), median(values[-quarter:])
    assert late - early <= noise + by * (len(values) - quarter), values
