"""The temporary folder of a run goes with it, or with a later run when its process was killed."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from arcbook.runs.scratch import scratch_folder

HOLD = (
    "import time\nfrom arcbook.runs.scratch import scratch_folder\n"
    "with scratch_folder() as folder:\n    print(folder, flush=True)\n    time.sleep(600)"
)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for temporary folders that is this test's."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_the_folder_goes_at_the_end(place: Path) -> None:
    """Also when the block fails."""

    def fail() -> None:
        with scratch_folder() as folder:
            (folder / "file").touch()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(place.iterdir()) == []


def test_only_folders_of_processes_that_are_gone_are_swept(place: Path) -> None:
    """One that is held stays however old it is; a young one stays, for its process may be about to lock it."""
    process = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    held = Path(process.stdout.readline().strip())
    age(held)
    with scratch_folder():
        assert held.is_dir()
    process.kill()
    process.communicate()
    assert held.is_dir()
    os.utime(held)
    with scratch_folder():
        assert held.is_dir()
    age(held)
    other = place / "arcbook-other"
    other.mkdir()
    age(other)
    with scratch_folder():
        assert not held.exists()
    assert list(place.iterdir()) == [other]


def age(folder: Path) -> None:
    """Make a folder an hour old."""
    hour_ago = time.time() - 3600
    os.utime(folder, (hour_ago, hour_ago))
