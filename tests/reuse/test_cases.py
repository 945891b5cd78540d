"""What changed between two runs decides what the second one takes from the first."""

import os
import re
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from deltalake import write_deltalake

from arcbook.engines.base import Engine
from arcbook.reuse import keys
from arcbook.reuse.plan import ReusePlan
from arcbook.sql.quote import Typed
from tests.reuse.playing import DATA, TIME, Played, play, prepare

FOUND = yaml.safe_load((DATA / "cases.yaml").read_text(encoding="utf-8"))
ROW = pa.Table.from_pylist(
    [{"id": 5, "name": "e", "points": 5}], pa.schema({"id": pa.int32(), "name": pa.string(), "points": pa.int32()})
)


def change(case: Mapping[str, Any], root: Path) -> None:
    """Do to the places outside what the case says."""
    for name, text in case.get("write", {}).items():
        (root / name).write_text(text, encoding="utf-8")
    for name, text in case.get("same_time", {}).items():
        before = (root / name).stat()
        (root / name).write_text(text, encoding="utf-8")
        os.utime(root / name, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert (root / name).stat().st_size == before.st_size
    for name in case.get("remove", ()):
        shutil.rmtree(root / name) if (root / name).is_dir() else (root / name).unlink()
    for name in case.get("touch", ()):
        for path in (root / name).glob("*.parquet"):
            path.write_bytes(path.read_bytes())
    if name := case.get("insert"):
        write_deltalake(root / name, ROW, mode="append")
    if name := case.get("recreate"):
        shutil.rmtree(root / name)
        write_deltalake(root / name, ROW)


def damage(how: str | None, checkpoints: Path) -> None:
    """Spoil every checkpoint, as a crash or a broken disk would."""
    for path in checkpoints.glob("*/*/rows.parquet") if how in ("cut", "flip") else checkpoints.glob("*/*.json"):
        content = path.read_bytes()
        if how == "cut":
            path.write_bytes(content[:-10])
        elif how == "flip":
            path.write_bytes(content[:20] + bytes([content[20] ^ 1]) + content[21:])
        elif how == "schema":
            for kind in (b"string", b"integer", b"long"):
                content = content.replace(b'\\"type\\":\\"' + kind, b'\\"type\\":\\"double')
            assert content != path.read_bytes() or b'"schema": ""' in content
            path.write_bytes(content)
        elif how == "half":
            path.unlink()
        elif how == "text":
            path.write_bytes(content[: len(content) // 2])


def edited(case: Mapping[str, Any], cells: list[str]) -> list[str]:
    """The job's cells after the case's edits."""
    found = list(cells)
    for at, (old, new) in case.get("edit", {}).items():
        assert old in found[at]
        found[at] = found[at].replace(old, new)
    if "insert_cell" in case:
        found.insert(case["insert_cell"], '%sql name="new" environments=test outputView=new\nSELECT 1 AS one')
    return found


@pytest.mark.parametrize("name", FOUND["cases"])
def test_case(name: str, embedded_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each stage of the second run is reused or executed as the case says, and the rows are those of a clean run."""
    case = FOUND["cases"][name]
    job = FOUND["jobs"][case["job"]]
    prepare(job, tmp_path)
    resumes = name.startswith("resume")
    keep = case.get("keep", "small" if resumes else "always")
    plan = ReusePlan(root=str(tmp_path / "kept"), keep=keep, cache=not resumes, lineage="run-1")
    parameters = {"left_out": Typed(9, "INT")}
    first = play(embedded_engine, job["cells"], tmp_path, plan, parameters=parameters, fail_at=case.get("fail_at"))
    assert resumes or first.error is None
    change(case, tmp_path)
    damage(case.get("damage"), tmp_path / "kept")
    if case.get("code"):
        monkeypatch.setattr(keys, "code_of", lambda stage: "other code")
    cells = edited(case, job["cells"])
    given = {name: Typed(value, "INT") for name, value in case.get("parameters", {"left_out": 9}).items()}
    time = case.get("time") or TIME
    assert isinstance(time, datetime)
    after = ReusePlan(root=plan.root, keep=plan.keep, cache=plan.cache, lineage="run-1" if resumes else "run-2")

    second = play(
        embedded_engine, cells, tmp_path, after, done=first.done if resumes else (), parameters=given,
        run_id="run-2", time=time, python=case.get("python"),
    )  # fmt: skip

    if "error" in case:
        assert second.error is not None
        assert re.search(case["error"], str(second.error)), second.error
        return
    assert second.error is None
    assert [int(reused) for reused in second.reused] == case["reused"]
    assert_rows_of_a_clean_run(second, embedded_engine, cells, tmp_path, given, time)


def assert_rows_of_a_clean_run(
    second: Played, engine: Engine, cells: list[str], root: Path, parameters: Mapping[str, Any], time: datetime
) -> None:
    """The Parquet that was written is what a run without any reuse writes."""
    folders = [name for name in ("typed", "last", "mended", "before", "again") if (root / name).exists()]
    found = {name: rows(engine, root / name) for name in folders}
    if (root / "people").exists() and "before" in folders:
        assert found["again"] == found["before"] == [(1, "a", 1)]  # the rows before the run's own INSERT
        return
    play(engine, cells, root, ReusePlan(), parameters=parameters, run_id="run-3", time=time)
    assert {name: rows(engine, root / name) for name in folders} == found


def rows(engine: Engine, place: Path) -> list[tuple[Any, ...]]:
    """The rows at a place."""
    return sorted(tuple(row) for row in engine.spark().read.parquet(str(place)).collect())
