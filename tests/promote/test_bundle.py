"""Bundles: the same input has the same name anywhere, another meaning has another, a changed byte is refused."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arcbook.core.failures import ArcbookError, CellError
from arcbook.promote.bundle import Bundle, digest, document_path
from arcbook.promote.load import is_bundle, load_bundle, opened_bundle
from arcbook.promote.prepare import prepare
from arcbook.promote.target import Target
from arcbook.promote.write import write

Notebook = dict[str, Any]
Change = Callable[[Notebook], object]


def named(path: Path | str, target: Target | None = None) -> str:
    """The bundle's name of the job at `path`."""
    return prepare(str(path), target or Target()).bundle.name


def _output(value: Notebook) -> None:
    cell = value["cells"][1]
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "done"}]
    cell["execution_count"] = 7


def _executed(value: Notebook) -> None:
    value["metadata"]["papermill"] = {"start_time": "2026-11-23T08:00:00", "input_path": "/home/someone/orders.ipynb"}
    value["metadata"]["language_info"] = {"name": "arc", "version": "1"}
    value["cells"][1]["metadata"] = {"execution": {"iopub.status.busy": "2026"}, "collapsed": True}


def _new_ids(value: Notebook) -> None:
    for cell in value["cells"]:
        cell["id"] = os.urandom(4).hex()


def _old_format(value: Notebook) -> None:
    value["nbformat_minor"] = 2
    for cell in value["cells"]:
        del cell["id"]


def _lines(value: Notebook) -> None:
    for cell in value["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)


def _windows(value: Notebook) -> None:
    for cell in value["cells"]:
        cell["source"] = cell["source"].replace("\n", "\r\n")


def _injected(value: Notebook) -> None:
    cell = {**value["cells"][0], "metadata": {"tags": ["injected-parameters"]}, "source": '%params\nregion = "us"'}
    value["cells"].insert(1, cell)


@pytest.mark.parametrize("change", [_output, _executed, _new_ids, _old_format, _lines, _windows, _injected])
def test_what_does_not_matter_leaves_the_name(change: Change, value: Notebook, write_job: Callable[..., Path]) -> None:
    """Outputs, editors' notes, ids and the form of the file are not part of a bundle."""
    before = named(write_job(value=value))

    change(value)

    assert named(write_job(value=value)) == before


def _sql(value: Notebook) -> None:
    value["cells"][2]["source"] += " "


def _default(value: Notebook) -> None:
    value["cells"][0]["source"] = value["cells"][0]["source"].replace('= "eu"', '= "us"')


def _order(value: Notebook) -> None:
    value["cells"].insert(
        1, {**value["cells"][1], "source": "%sql name=x environments=prod outputView=w\nSELECT 1 AS y"}
    )


def _tags(value: Notebook) -> None:
    value["cells"][1]["metadata"] = {"tags": ["hide"]}


def _words(value: Notebook) -> None:
    value["cells"].append({"cell_type": "markdown", "id": "m", "metadata": {}, "source": "Explained."})


@pytest.mark.parametrize("change", [_sql, _default, _order, _tags, _words])
def test_what_the_author_writes_changes_the_name(
    change: Change, value: Notebook, write_job: Callable[..., Path]
) -> None:
    """Every edit of a source is another bundle."""
    before = named(write_job(value=value))

    change(value)

    assert named(write_job(value=value)) != before


def test_name_is_the_same_in_another_folder_and_process_state(
    value: Notebook, write_job: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the folder, nor how the path was written, nor the order of JSON keys shows in a bundle."""
    here = write_job(value=value)
    shuffled = {key: value[key] for key in reversed(value)}
    shuffled["cells"] = [dict(reversed(cell.items())) for cell in value["cells"]]
    there = write_job(value=shuffled, folder="elsewhere/deeper")
    monkeypatch.chdir(there.parent)

    assert named(here) == named(there) == named("orders.ipynb") == named("./orders.ipynb")
    promotion = prepare("orders.ipynb", Target())
    assert str(here.parent).encode() not in b"".join(promotion.bundle.all_files().values())
    assert "source/sql/read.sql" in promotion.bundle.files


def test_documents_the_engine_and_the_image_are_part_of_the_name(write_job: Callable[..., Path]) -> None:
    """Another SQL file, image or engine is another bundle, another namespace is not."""
    path = write_job()
    first = named(path)

    assert named(path, Target(namespace="other", service_account="other", profile="large")) == first
    assert named(path, Target(image="r.example/arcbook@sha256:" + "1" * 64)) != first
    assert named(path, Target(engine="local")) != first
    (path.parent / "sql" / "read.sql").write_bytes(b"SELECT 1 AS x\r\n")
    assert named(path) == first
    (path.parent / "sql" / "read.sql").write_text("SELECT 2 AS x\n")
    assert named(path) != first


def test_name_is_pinned() -> None:
    """The canonical form has not changed: bundles promoted earlier keep their names."""
    bundle = Bundle("a", "source/a.ipynb", {"source/a.ipynb": b"{}\n"}, {}, {}, {"packages": {"b": "1"}})

    assert bundle.name == digest(bundle.manifest())
    assert bundle.name == "c06f5a4bbd9cc4f666a9dfa81bf4212e128f3e180d829e91d8cd36ba1c71e367"


@pytest.fixture
def written(write_job: Callable[..., Path], tmp_path: Path) -> Path:
    """A bundle on disk."""
    return write(prepare(str(write_job()), Target()), tmp_path / "out").bundle


def test_loaded_bundle_is_the_promoted_one(written: Path, write_job: Callable[..., Path]) -> None:
    """Writing and loading loses nothing."""
    assert load_bundle(str(written)) == prepare(str(write_job()), Target()).bundle
    assert is_bundle(str(written))
    assert not is_bundle("notebooks/orders.ipynb")


def test_every_changed_byte_is_refused(written: Path) -> None:
    """One bit of any file, first, middle or last, is noticed."""
    paths = [path for path in written.rglob("*") if path.is_file()]
    assert len(paths) == 3
    for path in paths:
        sound = path.read_bytes()
        for position in (0, len(sound) // 2, len(sound) - 1):
            path.write_bytes(sound[:position] + bytes([sound[position] ^ 1]) + sound[position + 1 :])
            with pytest.raises(CellError) as refusal:
                load_bundle(str(written))
            assert [problem.code for problem in refusal.value.problems] == ["bundle"]
            assert refusal.value.exit_code == 64
            blamed = "bundle's name" if path.name == "bundle.json" else f"{path.relative_to(written)} was changed"
            assert blamed in refusal.value.message
        path.write_bytes(sound)
    load_bundle(str(written))


def test_missing_file_and_wrong_name_are_refused(written: Path) -> None:
    """A bundle must be whole, and lie under its own name."""
    renamed = written.with_name("0" * 64)
    written.rename(renamed)
    with pytest.raises(CellError, match="is not what the bundle's name"):
        load_bundle(str(renamed))
    renamed.rename(written)
    (written / "source" / "sql" / "read.sql").unlink()
    with pytest.raises(CellError, match=r"read\.sql is missing"):
        load_bundle(str(written))
    with pytest.raises(ArcbookError, match="names no bundle"):
        load_bundle(str(written.parent))


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "source/../../x"])
def test_paths_outside_the_bundle_are_refused(path: str, tmp_path: Path) -> None:
    """Also a bundle whose hashes fit cannot write elsewhere."""
    bundle = Bundle("a", "source/a", {"source/a": b"x", path: b"y"})
    folder = tmp_path / bundle.name
    folder.mkdir()
    (folder / "bundle.json").write_bytes(bundle.manifest())

    with pytest.raises(CellError, match="outside itself"):
        load_bundle(str(folder))


def test_later_format_is_refused_with_a_remedy(tmp_path: Path) -> None:
    """An old arcbook does not guess at what it does not know."""
    manifest = json.dumps({"format": 99}).encode()
    (tmp_path / digest(manifest)).mkdir()
    (tmp_path / digest(manifest) / "bundle.json").write_bytes(manifest)

    with pytest.raises(CellError, match="format 99"):
        load_bundle(str(tmp_path / digest(manifest)))


def test_opened_bundle_is_a_private_copy(written: Path) -> None:
    """A run finds the notebook with its documents beside it; what it writes there hurts nobody."""
    with opened_bundle(str(written)) as opened:
        assert opened.entry.name == "orders.ipynb"
        assert (opened.entry.parent / "sql" / "read.sql").read_text() == "SELECT 1 AS x\n"
        assert opened.documents["sql/read.sql"].is_file()
        (opened.entry.parent / "result.txt").write_text("x")
    assert not opened.entry.exists()
    load_bundle(str(written))


def test_bundle_loads_from_object_storage(written: Path, s3_bucket: str) -> None:
    """The same bytes below an s3:// prefix, and the same refusal of changed ones."""
    import boto3

    s3 = boto3.client("s3")
    for path in written.rglob("*"):
        if path.is_file():
            s3.put_object(Bucket=s3_bucket, Key=f"p/{written.name}/{path.relative_to(written)}", Body=path.read_bytes())
    address = f"s3://{s3_bucket}/p/{written.name}"
    assert load_bundle(address) == load_bundle(str(written))

    s3.put_object(Bucket=s3_bucket, Key=f"p/{written.name}/source/sql/read.sql", Body=b"SELECT 2 AS x\n")
    with pytest.raises(CellError, match="was changed"):
        load_bundle(f"{address}/")


@pytest.mark.parametrize(
    ("address", "beside"),
    [("sql/a.sql", True), ("./a.sql", True), ("../a.sql", False), ("/a.sql", False), ("s3://b/a.sql", False)],
)
def test_documents_outside_the_folder_are_kept_by_their_hash(address: str, beside: bool) -> None:
    """Only relative addresses inside the job's folder keep their path."""
    assert document_path(address, b"x").startswith("source/") is beside
