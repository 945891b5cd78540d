"""Delta writes that are safe to repeat, and what lies beside the table."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable

from arcbook.core.settings import RunSettings
from arcbook.runners.executor import Executor
from arcbook.runs.record import StageNote
from arcbook.runs.usage import moved
from tests.kernel.running import rows, run_each, run_text

SOURCE = '{"type": "SQLTransform", "name": "q", "outputView": "v", "sql": "SELECT 1 AS i, \'x\' AS g"}'


def _load(place: Path, keys: str = "") -> str:
    return f'{{"type": "DeltaLakeLoad", "name": "w", "inputView": "v", "outputURI": "{place.as_uri()}"{keys}}}'


def _count(executor: Executor, place: Path) -> int:
    text = f'{{"type": "DeltaLakeExtract", "name": "r", "inputURI": "{place}", "outputView": "t"}}'
    return len(rows(run_text(executor, text)))


def test_append_is_written_once_in_a_run(executor: Executor, tmp_path: Path) -> None:
    """A run that repeats its append adds nothing; another run, or another stage of the same, does."""
    place = tmp_path / "t"
    run_text(executor, SOURCE)
    append = _load(place, ', "saveMode": "Append"')
    executor.settings = RunSettings(run_id="r1", job_name="j")
    assert run_text(executor, append).details["skipped"] is False
    assert run_text(executor, append).details["skipped"] is True
    assert _count(executor, place) == 1
    run_text(executor, append.replace('"name": "w"', '"name": "other"'))
    executor.settings = RunSettings(run_id="r2", job_name="j")
    assert run_text(executor, append).details["skipped"] is False
    assert _count(executor, place) == 3


def test_every_write_tells_its_bytes(executor: Executor, tmp_path: Path) -> None:
    """Whoever made the commit: an engine, or the deltalake package in its stead."""
    run_text(executor, SOURCE)
    executor.settings = RunSettings(run_id="r1", job_name="j")
    for mode in ("Append", "Overwrite"):
        details = run_text(executor, _load(tmp_path / mode, f', "saveMode": "{mode}"')).details
        (file,) = (tmp_path / mode).glob("*.parquet")
        told = moved([StageNote(cell=1, stage="DeltaLakeLoad", details=details)])
        assert (told["rows_out"], told["bytes_out"]) == (1, file.stat().st_size), details


def test_attempts_at_a_run_append_once(executor: Executor, tmp_path: Path) -> None:
    """Each attempt is a run of its own; what they share is the key, for one logical time."""
    place, moment = tmp_path / "t", datetime(2026, 1, 1, tzinfo=UTC)
    run_text(executor, SOURCE)
    append = _load(place, ', "saveMode": "Append"')
    skipped = []
    for attempt, time in (("r1", moment), ("r2", moment), ("r3", moment + timedelta(days=1))):
        executor.settings = RunSettings(run_id=attempt, run_key="w-1", job_name="j", logical_time=time)
        skipped.append(run_text(executor, append).details["skipped"])
    assert skipped == [False, True, False]
    assert _count(executor, place) == 2


def test_stages_of_one_name_are_not_one_write(executor: Executor, tmp_path: Path) -> None:
    """Names need not be unique: each of two stages writes, and each is skipped when the run is repeated."""
    place = tmp_path / "t"
    run_text(executor, SOURCE)
    executor.settings = RunSettings(run_id="r1", job_name="j")
    twice = "\n".join([_load(place, ', "saveMode": "Append"')] * 2)
    for _ in range(2):
        run_text(executor, twice)
        assert _count(executor, place) == 2


def _attempts(executor: Executor, *loads: str) -> list[bool]:
    """Run the loads in each of two attempts; which of the second's were left out."""
    for attempt in ("r1", "r2"):
        executor.settings = RunSettings(
            run_id=attempt, run_key="w", job_name="j", logical_time=datetime(2026, 1, 1, tzinfo=UTC)
        )
        skipped = [run_text(executor, load).details["skipped"] for load in loads]
    return skipped


def test_an_append_behind_an_overwrite_is_made_again(executor: Executor, tmp_path: Path) -> None:
    """What an attempt appended is gone once the next one has overwritten the table."""
    place = tmp_path / "t"
    run_text(executor, SOURCE)
    loads = (_load(place), _load(place, ', "saveMode": "Append", "id": "a"'), _load(place, ', "saveMode": "Append"'))
    assert _attempts(executor, *loads) == [False, False, False]
    assert _count(executor, place) == 3


def test_an_interval_is_replaced_once_in_a_run(executor: Executor, tmp_path: Path) -> None:
    """Else a repeated run would take away what it appended behind it."""
    place = tmp_path / "t"
    run_text(executor, SOURCE)
    run_text(executor, _load(place, ', "partitionBy": ["g"]'))
    interval = ', "partitionBy": ["g"], "replaceWhere": "g = \'x\'"'
    loads = (_load(place, interval), _load(place, ', "saveMode": "Append", "partitionBy": ["g"], "id": "a"'))
    assert _attempts(executor, *loads) == [True, True]
    assert _count(executor, place) == 2


def _changed_twice(executor: Executor, place: Path, *statements: str) -> list[bool]:
    """Change the table by the statements in each of two attempts; which of the second's were left out."""
    run_text(executor, f'{{"type": "DeltaLakeExtract", "name": "r", "inputURI": "{place}", "outputView": "t"}}')
    cells = (f'{{"type": "SQLTransform", "name": "s{at}", "sql": "{each}"}}' for at, each in enumerate(statements))
    text = "\n".join(cells)
    skipped = []
    for attempt in ("r1", "r2"):
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        executor.settings = RunSettings(run_id=attempt, run_key="w", job_name="j", logical_time=moment)
        skipped = [result.details.get("skipped", False) for result in run_each(executor, text)]
    return skipped


def test_statements_change_a_table_once_in_a_run(executor: Executor, tmp_path: Path) -> None:
    """A repeated run finds its own changes and leaves them alone; a table written anew is changed anew."""
    place = tmp_path / "t"
    run_text(executor, SOURCE)
    run_text(executor, _load(place))
    statements = (
        "INSERT INTO t VALUES (2, 'y')",
        "UPDATE t SET i = i + 10 WHERE g = 'y'",
        "MERGE INTO t USING (SELECT 12 AS i) s ON t.i = s.i WHEN MATCHED THEN UPDATE SET i = t.i + 1",
        "DELETE FROM t WHERE i = 1",
    )
    assert _changed_twice(executor, place, *statements) == [True] * 4
    back = f'{{"type": "DeltaLakeExtract", "name": "r", "inputURI": "{place}", "outputView": "back"}}'
    assert rows(run_text(executor, back)) == [(13, "y")]
    run_text(executor, _load(place))
    assert _changed_twice(executor, place, *statements) == [True] * 4
    assert rows(run_text(executor, back)) == [(13, "y")]


def test_a_change_whose_attempt_was_killed_behind_the_commit(executor: Executor, tmp_path: Path) -> None:
    """What the note of a killed attempt leaves open, the table's log tells (embedded; Delta on Spark needs no note)."""
    place = tmp_path / "t"
    run_text(executor, SOURCE)
    run_text(executor, _load(place))
    assert _changed_twice(executor, place, "UPDATE t SET i = i + 1") == [True]
    if executor.engine.name == "embedded":
        (done,) = (place / "_arcbook" / "changed").iterdir()
        before = place / "_arcbook" / "changing" / done.name
        before.parent.mkdir()
        before.write_text('{"version": 0}', encoding="utf-8")
        done.unlink()
        assert _changed_twice(executor, place, "UPDATE t SET i = i + 1") == [True]
        before.parent.mkdir(exist_ok=True)
        before.write_text('{"version": 1}', encoding="utf-8")  # killed before the commit
        done.unlink()
        assert _changed_twice(executor, place, "UPDATE t SET i = i + 1") == [True]
    found = f'{{"type": "DeltaLakeExtract", "name": "r", "inputURI": "{place}", "outputView": "back"}}'
    assert rows(run_text(executor, found)) == [(3 if executor.engine.name == "embedded" else 2, "x")]


def test_a_table_that_an_earlier_attempt_made_is_no_error(executor: Executor, tmp_path: Path) -> None:
    """ErrorIfExists is about tables of others."""
    place = tmp_path / "t"
    run_text(executor, SOURCE)
    assert _attempts(executor, _load(place, ', "saveMode": "ErrorIfExists"')) == [True]
    assert _count(executor, place) == 1


def test_without_a_run_every_append_counts(executor: Executor, tmp_path: Path) -> None:
    """A person who runs a cell twice appends twice."""
    run_text(executor, SOURCE)
    for _ in range(2):
        run_text(executor, _load(tmp_path / "t", ', "saveMode": "Append"'))
    assert _count(executor, tmp_path / "t") == 2


def test_manifest_names_the_files_of_the_newest_version(executor: Executor, tmp_path: Path) -> None:
    """After the table's partitions changed, no manifest of earlier ones is left."""
    place = tmp_path / "t"
    run_text(executor, SOURCE)
    run_text(executor, _load(place))
    manifests = place / "_symlink_format_manifest"
    (listed,) = (manifests / "manifest").read_text(encoding="utf-8").split()
    assert Path(listed.removeprefix("file://").removeprefix("file:")).is_file()
    run_text(executor, _load(place, ', "partitionBy": ["g"]'))
    found = {str(each.relative_to(manifests)) for each in manifests.rglob("manifest")}
    assert "g=x/manifest" in found
    if executor.engine.name == "embedded":  # Delta on Spark keeps the old one
        assert found == {"g=x/manifest"}


def test_no_manifest_when_not_wanted(executor: Executor, tmp_path: Path) -> None:
    """The key turns it off."""
    run_text(executor, SOURCE)
    run_text(executor, _load(tmp_path / "t", ', "generateSymlinkManifest": false'))
    assert not (tmp_path / "t" / "_symlink_format_manifest").exists()


def test_names_with_blanks_and_letters_beyond_ascii(executor: Executor, tmp_path: Path) -> None:
    """A table is written, read, changed and listed where its name says, and nothing lies beside it."""
    place = tmp_path / "größe 1" / "t #3"
    odd = '{"type": "SQLTransform", "name": "q", "outputView": "v", "sql": "SELECT id, \'x ü\' AS g FROM range(3)"}'
    run_text(executor, odd)
    write = f'{{"type": "DeltaLakeLoad", "name": "w", "inputView": "v", "outputURI": "{place}", "partitionBy": ["g"]'
    run_text(executor, write + ', "saveMode": "Overwrite"}')
    run_text(executor, write + ', "saveMode": "Append"}')
    assert _count(executor, place) == 6
    for statement, affected in (
        ("MERGE INTO t USING (SELECT 9 AS id, 'y' AS g) u ON t.id = u.id WHEN NOT MATCHED THEN INSERT *", 1),
        (f"DELETE FROM delta.`{place}` WHERE id = 1", 2),
        ("INSERT INTO t SELECT 10, 'z'", 1),
        (f"INSERT INTO delta.`{place}` SELECT id, 'again' FROM delta.`{place}` WHERE id = 9", 1),
    ):
        text = f'{{"type": "SQLTransform", "name": "s", "outputView": "o", "sql": "{statement}"}}'
        assert run_text(executor, text).details["rows"]["affected"] == affected, statement
    assert _count(executor, place) == 7
    run_text(executor, write + ', "saveMode": "Overwrite"}')
    listed = [
        line.removeprefix("file://").removeprefix("file:")
        for each in (place / "_symlink_format_manifest").rglob("manifest")
        for line in each.read_text(encoding="utf-8").splitlines()
    ]
    assert listed
    if executor.engine.name == "embedded":  # Delta on Spark writes the names as web addresses have them
        assert all(Path(each).is_file() for each in listed), listed
    assert DeltaTable(place).to_pyarrow_table().num_rows == 3
    assert [each.name for each in tmp_path.iterdir()] == ["größe 1"]
    assert [each.name for each in place.parent.iterdir()] == ["t #3"]


def test_a_failed_first_write_leaves_no_folder(executor: Executor, tmp_path: Path) -> None:
    """Nothing is left of a table that could not be written."""
    failing = "SELECT id, CAST(raise_error('no') AS STRING) AS g FROM range(2)"
    run_text(executor, f'{{"type": "SQLTransform", "name": "q", "outputView": "v", "sql": "{failing}"}}')
    with pytest.raises(Exception, match="no"):
        run_text(executor, _load(tmp_path / "größe 1" / "t"))
    assert not list(tmp_path.rglob("*.json"))
    if executor.engine.name == "embedded":
        assert not list(tmp_path.iterdir())
