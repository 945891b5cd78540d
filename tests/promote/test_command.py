"""The command: what it prints and writes, and that it writes whole or not at all."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcbook.core.failures import AccessError
from arcbook.promote.load import load_bundle
from arcbook.promote.prepare import prepare
from arcbook.promote.target import Target
from arcbook.promote.write import write

GOOD = ("--image", "r.example/arcbook@sha256:" + "0" * 64, "--bucket", "lake")


def test_writes_bundle_and_manifests_and_says_where(
    write_job: Callable[..., Path], promote: Callable[..., Any], tmp_path: Path
) -> None:
    """Each written path is on its own line, and the manifests name the bundle that was written."""
    outcome = promote(write_job(), *GOOD, "--schedule", "0 3 * * *", "--timezone", "Asia/Seoul")

    assert (outcome.code, outcome.err) == (0, "")
    paths = [Path(line.removeprefix("wrote ")) for line in outcome.out.splitlines() if line.startswith("wrote ")]
    assert [path.name for path in paths[1:]] == ["orders.workflow-template.yaml", "orders.cron-workflow.yaml"]
    load_bundle(str(paths[0]))
    for path in paths[1:]:
        address = yaml.safe_load(path.read_text())["metadata"]["annotations"]["arcbook/bundle"]
        assert address == f"s3://lake/bundles/{paths[0].name}"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "bundles", "orders.cron-workflow.yaml", "orders.workflow-template.yaml",
    ]  # fmt: skip


def test_json_says_the_same(write_job: Callable[..., Path], promote: Callable[..., Any]) -> None:
    """Machines get paths, hash and warnings."""
    value = json.loads(promote(write_job(), "--json").out)

    assert value["address"] == f"s3://BUCKET/bundles/{value['bundle']}"
    assert Path(value["folder"]).is_dir()
    assert [problem["code"] for problem in value["warnings"]] == ["stand-in", "stand-in"]


def test_without_schedule_there_is_no_cron(write_job: Callable[..., Path], promote: Callable[..., Any]) -> None:
    """People start it; an earlier CronWorkflow is left, and named."""
    job = write_job("%params\nday: date", "%sql name=a environments=prod outputView=b\nSELECT 1 AS x")
    first = promote(job, *GOOD, "--schedule", "0 3 * * *", "-p", "day=2026-11-23")
    assert first.code == 0

    outcome = promote(job, *GOOD)

    assert outcome.code == 0
    assert "orders.cron-workflow.yaml" not in outcome.out
    assert "not part of this promotion any more" in outcome.err
    template = next(Path(line[6:]) for line in outcome.out.splitlines() if line.endswith("workflow-template.yaml"))
    assert yaml.safe_load(template.read_text())["spec"]["arguments"]["parameters"][0] == {
        "name": "day",
        "description": "date",
    }


def test_timezone_without_schedule_is_a_wrong_command_line(
    write_job: Callable[..., Path], promote: Callable[..., Any]
) -> None:
    """An option that would do nothing is not accepted in silence."""
    assert promote(write_job(), *GOOD, "--timezone", "Asia/Seoul").code == 64


def test_given_value_replaces_the_default(write_job: Callable[..., Path], promote: Callable[..., Any]) -> None:
    """`-p` changes what Argo shows, not the bundle."""
    first = json.loads(promote(write_job(), *GOOD, "--json").out)
    second = json.loads(promote(write_job(), *GOOD, "--json", "-p", "region=us").out)

    parameters = yaml.safe_load(Path(second["manifests"][0]).read_text())["spec"]["arguments"]["parameters"]
    assert parameters[0] == {
        "name": "region", "value": "us", "enum": ["eu", "us"], "description": "where the orders come from",
    }  # fmt: skip
    assert first["bundle"] == second["bundle"]


def test_absent_notebook_is_an_input_error(promote: Callable[..., Any], tmp_path: Path) -> None:
    """Its exit code is that of missing input, and nothing is written."""
    outcome = promote(tmp_path / "absent.ipynb", *GOOD)

    assert outcome.code == 66
    assert "absent.ipynb" in outcome.err
    assert not (tmp_path / "out").exists()


def test_job_file_is_promoted_as_it_is(promote: Callable[..., Any], tmp_path: Path) -> None:
    """Arc's job files need no notebook; their text is kept."""
    text = '{"stages": [{"type": "SQLTransform", "name": "a", "environments": ["prod"], "sql": "SELECT 1 AS x", '
    (tmp_path / "old_job.conf").write_text(text + '"outputView": "b"}]}\n')

    value = json.loads(promote(tmp_path / "old_job.conf", *GOOD, "--json").out)

    assert value["job"] == "old-job"
    bundle = load_bundle(value["folder"])
    assert bundle.entry == "source/old_job.conf"
    assert bundle.files[bundle.entry].decode() == (tmp_path / "old_job.conf").read_text()


def test_relative_addresses_are_named_and_change_nothing(
    write_job: Callable[..., Path], promote: Callable[..., Any]
) -> None:
    """Each stage that reads or writes one has a warning; the pod has neither the folder nor the right to make one."""
    stage = '{{"type": "{}", "name": "{}", "environments": ["{}"], {}}}'
    job = write_job(
        '%params\nlake: string = "data"',
        stage.format(
            "ParquetExtract", "read", 'prod", "test', '"inputURI": ${lake}"/orders.parquet", "outputView": "v"'
        ),
        stage.format("ParquetLoad", "write", "prod", '"inputView": "v", "outputURI": "out"'),
        stage.format("ParquetLoad", "absolute", "prod", '"inputView": "v", "outputURI": "/mnt/out"'),
        stage.format("ParquetLoad", "elsewhere", "test", '"inputView": "v", "outputURI": "out"'),
    )

    relative = json.loads(promote(job, *GOOD, "--json").out)
    absolute = json.loads(promote(job, *GOOD, "--json", "-p", "lake=s3://lake").out)

    found = [(each["code"], each["cell"], each["key"], each["remedy"]) for each in relative["warnings"]]
    assert found == [
        ("relative-address", 2, "inputURI", "Give `-p lake=s3://…`, or an absolute address."),
        ("relative-address", 3, "outputURI", "Give an absolute address."),
    ]
    assert "`read` reads `data/orders.parquet`" in relative["warnings"][0]["message"]
    assert [each["cell"] for each in absolute["warnings"]] == [3]
    assert relative["bundle"] == absolute["bundle"]


def test_errors_come_before_warnings(write_job: Callable[..., Path], promote: Callable[..., Any]) -> None:
    """What must be mended first is read first."""
    outcome = promote(write_job(), "--schedule", "0 3 * * *", "--timezone", "KST", "--json")

    assert [problem["code"] for problem in outcome.problems()] == ["time-zone", "stand-in", "stand-in"]
    assert outcome.problems()[0]["remedy"] == "Use an IANA name such as Asia/Seoul."


def test_executed_copy_loses_its_injected_values_with_a_warning(
    value: dict[str, Any], write_job: Callable[..., Path], promote: Callable[..., Any]
) -> None:
    """Values of an earlier run must not become those of all later ones."""
    injected = {**value["cells"][0], "metadata": {"tags": ["injected-parameters"]}, "source": '%params\nregion = "us"'}
    value["cells"].insert(1, injected)

    outcome = promote(write_job(value=value), *GOOD, "--json")

    assert [(problem["code"], problem["severity"]) for problem in outcome.problems()] == [("bundle", "warning")]
    manifest = yaml.safe_load(Path(json.loads(outcome.out)["manifests"][0]).read_text())
    assert manifest["spec"]["arguments"]["parameters"][0]["value"] == "eu"


def test_refused_promotion_leaves_the_earlier_one_alone(
    write_job: Callable[..., Path], promote: Callable[..., Any], tmp_path: Path
) -> None:
    """All files are as they were."""
    promote(write_job(), *GOOD)
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}

    assert promote(write_job("%sqlvaildate name=a\nSELECT 1"), *GOOD).code == 64

    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before


def test_failure_while_writing_leaves_nothing_half_written(
    write_job: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk is full before the last file, no manifest and no temporary folder remain."""
    promotion = prepare(str(write_job()), Target())
    real = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.suffix == ".yaml":
            raise OSError(28, "No space left on device")
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(AccessError, match="No space left"):
        write(promotion, tmp_path / "out")

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["bundles"]
    load_bundle(str(tmp_path / "out" / "bundles" / promotion.bundle.name))


def test_damaged_bundle_on_disk_is_replaced(write_job: Callable[..., Path], tmp_path: Path) -> None:
    """Promoting again repairs; a sound bundle is not touched."""
    promotion = prepare(str(write_job()), Target())
    written = write(promotion, tmp_path / "out")
    entry = written.bundle / promotion.bundle.entry
    entry.write_text("{}")

    assert write(promotion, tmp_path / "out") == written

    load_bundle(str(written.bundle))
    changed = entry.stat().st_mtime_ns
    write(promotion, tmp_path / "out")
    assert entry.stat().st_mtime_ns == changed


def test_promotion_loads_neither_spark_nor_jupyter(write_job: Callable[..., Path], tmp_path: Path) -> None:
    """It works on a machine with neither Java nor a browser."""
    script = (
        "import sys; from arcbook.cli import invoke\n"
        "code = invoke(sys.argv[1:])\n"
        "heavy = {'pyspark', 'pysail', 'IPython', 'ipykernel', 'jupyter_client', 'papermill', 'pandas', 'nbformat'}\n"
        "sys.exit(code or ', '.join(sorted(heavy & set(sys.modules))) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "promote", str(write_job()), *GOOD, "--schedule", "0 3 * * *",
         "--out", str(tmp_path / "out")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
