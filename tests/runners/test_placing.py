"""Folders are complete or as they were, whatever fails on the way."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arcbook.runners.placing import place
from arcbook.runners.targets.bucket import Bucket
from tests.runners import dying
from tests.runners.test_killed_writes import ours_at, rows_at


@pytest.fixture(params=["local", "s3"])
def place_root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A folder here, and on the stand-in for S3."""
    return str(tmp_path) if request.param == "local" else f"s3://{request.getfixturevalue('s3_bucket')}/here"


def write_three(folder: str) -> None:
    """Three files, of which the last belongs below what is no folder in some targets."""
    for name in ("a.txt", "b.txt"):
        (Path(folder) / name).write_text("new", encoding="utf-8")
    (Path(folder) / "g=1").mkdir()
    (Path(folder) / "g=1" / "c.txt").write_text("new", encoding="utf-8")


def test_an_append_adds(tmp_path: Path) -> None:
    """What was there stays."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.txt").write_text("old", encoding="utf-8")
    assert len(place(str(tmp_path / "out"), "Append", write_three).files) == 3
    assert sum(path.is_file() for path in (tmp_path / "out").rglob("*.txt")) == 4


def test_an_append_that_fails_half_way_takes_back_what_it_added(tmp_path: Path) -> None:
    """A file stands where the third needs a folder: the two before it go again."""
    target = tmp_path / "out"
    target.mkdir()
    (target / "g=1").write_text("no folder", encoding="utf-8")
    (target / "_SUCCESS").touch()
    with pytest.raises(OSError, match="g=1"):
        place(str(target), "Append", write_three)
    assert sorted(path.name for path in target.iterdir()) == ["_SUCCESS", "g=1"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_task_that_goes_on_after_another_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It makes the stage anew for its next file; nothing of it stays."""
    stage: list[Path] = []
    files = ["1.txt", "2.txt"]

    def fail(folder: str) -> None:
        stage.append(Path(folder))
        raise OSError("No space left on device")

    def go_on(_: float) -> None:
        if files:
            stage[0].mkdir()
            (stage[0] / files.pop()).touch()

    monkeypatch.setattr("arcbook.runners.targets.folder.time.sleep", go_on)
    with pytest.raises(OSError, match="No space"):
        place(str(tmp_path / "out"), "Overwrite", fail)
    assert not files
    assert not [*tmp_path.iterdir()]


def test_of_two_attempts_at_once_one_writes(place_root: str) -> None:
    """The later one finds, when all its files are staged, that the other has come first."""
    uri = f"{place_root}/out"
    dying.put(f"{uri}/old.txt", b"old")

    def write(folder: str) -> None:
        assert not place(uri, "Append", dying.write_three, key="one").skipped
        dying.write_three(folder)

    assert place(uri, "Append", write, key="one").skipped
    assert rows_at(uri) == {"": ["new", "old"], "g=1": ["new"], "g=2": ["new"]}


def test_what_cannot_be_put_in_its_place_leaves_nothing(place_root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy on S3, or a rename, is refused half way: those before it go, and the next write is not hindered."""
    uri = f"{place_root}/out"
    dying.put(f"{uri}/old.txt", b"old")
    left = [2]

    def refused(done: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                raise PermissionError("refused")
            return done(*arguments)

        return step

    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "_copy", refused(Bucket._copy))
        patch.setattr(Path, "rename", refused(Path.rename))
        with pytest.raises(PermissionError, match="refused"):
            place(uri, "Append", dying.write_three, key="one")
    assert rows_at(uri) == {"": ["old"]}
    assert not place(uri, "Append", dying.write_three, key="one").skipped
    assert rows_at(uri) == {"": ["new", "old"], "g=1": ["new"], "g=2": ["new"]}
    assert ours_at(uri) == {"done"}
