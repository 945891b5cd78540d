"""Folders are complete or as they were, whatever fails on the way."""

from pathlib import Path

import pytest

from arcbook.runners.placing import place


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
