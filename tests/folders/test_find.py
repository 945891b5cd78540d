"""Which files of a folder are its jobs."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcbook.core.failures import AccessError, CellError, InputError
from arcbook.folders.find import find_jobs
from tests.folders.test_order import read

CASES = yaml.safe_load((Path(__file__).parent / "data" / "found.yaml").read_text(encoding="utf-8"))
JOB = '{"stages": []}'


def text_of(content: str) -> str:
    """The text of a file that a case names by its kind."""
    if content in ("arc", "python3"):
        metadata = {"kernelspec": {"name": content, "display_name": content, "language": content}}
        return json.dumps({"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 4})
    return {"job": JOB, "data": JOB + " " * (5 << 20)}.get(content, content)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_jobs_of_a_folder(case: dict[str, Any], tmp_path: Path) -> None:
    """The names of the jobs, each with its file."""
    for name, content in case["files"].items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text_of(content), encoding="utf-8")
    for name, target in case.get("links", {}).items():
        (tmp_path / name).symlink_to(target)
    if "refused" in case:
        with pytest.raises(InputError) as refused:
            find_jobs(tmp_path)
        assert case["refused"] in refused.value.message
        return
    found = find_jobs(tmp_path)
    assert sorted(found.jobs) == case["found"]
    for name, path in found.jobs.items():
        assert path in (tmp_path / name, *(tmp_path / f"{name}{suffix}" for suffix in (".ipynb", ".json", ".conf")))
    assert sorted(found.left_out) == case.get("left_out", [])


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not passed over: what is in it would be missing. A stand-in, since tests may run as root."""
    (tmp_path / "a.json").write_text(JOB, encoding="utf-8")
    (tmp_path / "closed").mkdir()
    real = os.scandir

    def scandir(path: Any) -> Any:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(AccessError, match="closed"):
        find_jobs(tmp_path)


def test_a_broken_notebook_in_a_folder(tmp_path: Path) -> None:
    """Nothing runs, and the file is named."""
    (tmp_path / "daily").mkdir()
    (tmp_path / "daily" / "broken.ipynb").write_text("{", encoding="utf-8")
    (tmp_path / "good.json").write_text('{"stages": []}', encoding="utf-8")
    with pytest.raises((CellError, InputError), match=r"daily/broken\.ipynb"):
        read(tmp_path)
