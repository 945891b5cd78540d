import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from arcbook.core.failures import InputError
from arcbook.runs.layout import RUN_ID, job_name, manifest, new_run_id, read_manifest
from arcbook.runs.record import FORMAT, Record, read_record


def test_run_ids_sort_by_time() -> None:
    """A list of names is a history."""
    start = datetime(2026, 11, 23, 8, tzinfo=UTC)
    made = [new_run_id(start + timedelta(milliseconds=step)) for step in range(0, 5000, 7)]
    assert made == sorted(made)
    assert all(map(RUN_ID.match, made))


@pytest.mark.parametrize(
    ("address", "name"),
    [("a/b/contacts_scd2.ipynb", "contacts_scd2"), ("s3://bucket/jobs/x.JSON?versionId=1", "x"), ("job", "job"),
     ("my job (1).ipynb", "my-job-1"), ("", "notebook"), ("../..", "notebook"), ("연락처.ipynb", "연락처")],
)  # fmt: skip
def test_job_names_are_safe_in_paths(address: str, name: str) -> None:
    """The name is one path component."""
    assert job_name(address) == name


def test_manifest_is_what_sha256sum_reads(tmp_path: Path) -> None:
    """Anybody can check a record without arcbook."""
    files = {"record.json": b"{}\n", "journal.jsonl": b""}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "MANIFEST").write_text(manifest(files))
    subprocess.run(["sha256sum", "--check", "--strict", "MANIFEST"], cwd=tmp_path, check=True, capture_output=True)
    assert set(read_manifest(manifest(files))) == set(files)


def record(**changes: object) -> Record:
    moment = datetime(2026, 11, 23, 8, tzinfo=UTC)
    values: dict[str, object] = {"run_id": "r", "job": "j", "source": "j.ipynb", "status": "running",
                                 "logical_time": moment, "started": moment}  # fmt: skip
    return Record.model_validate(values | changes)


def test_records_come_back() -> None:
    """What is written is read."""
    assert read_record(record().to_json()) == record()


def test_unknown_fields_are_ignored_and_newer_formats_refused() -> None:
    """A later version may add a field, but a new format is not guessed at."""
    value = json.loads(record().to_json())
    assert read_record(json.dumps(value | {"later": 1})) == record()
    with pytest.raises(InputError, match="formats up to"):
        read_record(json.dumps(value | {"format": FORMAT + 1}))


def test_a_record_of_format_1_stays_readable() -> None:
    """The file of the first version, as it was written then."""
    text = (Path(__file__).parent / "data" / "record-1.json").read_text(encoding="utf-8")
    read = read_record(text)
    assert (read.job, read.status, read.failure and read.failure.exit_code) == ("contacts", "failed", 65)


def test_the_layout_loads_neither_engines_nor_jupyter() -> None:
    """`promote` reads records on a machine that has neither."""
    code = (
        "import sys, arcbook.runs.layout, arcbook.runs.record, arcbook.runs.store\n"
        "bad = [m for m in ('pyspark', 'IPython', 'ipykernel', 'nbclient', 'nbformat', 'papermill', 'boto3')"
        " if m in sys.modules]\nassert not bad, bad\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
