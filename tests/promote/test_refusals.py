"""What Argo accepts and never runs is refused, with place and remedy, and nothing is written."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcbook.core.problem import errors
from arcbook.promote.checks import SIZE_LIMIT, check_cron, check_manifest, check_time_zone
from arcbook.promote.manifests import PromotedJob, cron_workflow, workflow_template
from arcbook.promote.target import Schedule, Target
from arcbook.promote.text import to_yaml

DATA = Path(__file__).parent / "data"


def cases(name: str) -> list[Any]:
    """The cases of a data file, each named in the report."""
    return [pytest.param(case, id=case["case"]) for case in yaml.safe_load((DATA / name).read_text(encoding="utf-8"))]


@pytest.mark.parametrize("case", cases("bad_inputs.yaml"))
def test_bad_input_is_refused_and_nothing_is_written(
    case: dict[str, Any], write_job: Callable[..., Path], promote: Callable[..., Any], tmp_path: Path
) -> None:
    """Exactly the expected errors, all at once, each with its key, and no folder."""
    good = ["--image", "r.example/arcbook@sha256:" + "0" * 64, "--bucket", "lake", "--json"]
    options = list(case.get("options", []))
    if "--timezone" in options and "--schedule" not in options:
        options += ["--schedule", "0 3 * * *"]
    cells = case.get("cells")
    # A stage that runs, so that only the fault of the case is found.
    more = ("%sql name=sound environments=prod outputView=sound\nSELECT 1 AS one",) if cells else ()

    outcome = promote(write_job(*(cells or ()), *more), *good, *options)

    found = [problem for problem in outcome.problems() if problem["severity"] == "error"]
    assert [(problem["code"], problem["key"]) for problem in found] == [
        (code, key if key is not None else problem["key"])
        for (code, key, _), problem in zip(case["problems"], found, strict=True)
    ]
    for (_, _, part), problem in zip(case["problems"], found, strict=True):
        assert part in problem["message"]
    if "remedy" in case:
        assert found[0]["remedy"] == case["remedy"]
    assert outcome.code == 64
    assert not (tmp_path / "out").exists()
    assert case.get("absent", "never said") not in outcome.out + outcome.err


def sound(kind: str) -> dict[str, Any]:
    """A generated manifest without fault."""
    job = PromotedJob(name="orders", bundle="a" * 64)
    if kind == "CronWorkflow":
        return cron_workflow(job, Target(), Schedule(crons=("0 3 * * *",), timezone="Asia/Seoul"))
    return workflow_template(job, Target())


def put(manifest: Any, path: str, value: Any) -> None:
    """Set the member at a dotted path, or remove it when the value is None."""
    *parents, last = path.split(".")
    for part in parents:
        manifest = manifest[int(part)] if isinstance(manifest, list) else manifest.setdefault(part, {})
    if value is None:
        del manifest[last]
    else:
        manifest[last] = value


@pytest.mark.parametrize("case", cases("bad_manifests.yaml"))
def test_faulty_manifest_is_found(case: dict[str, Any]) -> None:
    """Each fault that Argo passes over is one error with its place; the manifest without it is sound."""
    manifest = copy.deepcopy(sound(case["kind"]))
    assert check_manifest(manifest, to_yaml(manifest)) == []

    for path, value in case["set"].items():
        put(manifest, path, "x" * SIZE_LIMIT if value == "LONG" else value)

    found = errors(check_manifest(manifest, to_yaml(manifest)))
    assert [problem.code for problem in found] == [case["code"]]
    assert case["message"] in found[0].message
    assert found[0].key.startswith(case["kind"])


@pytest.mark.parametrize(
    "cron",
    ["0 3 * * *", "*/15 * * * *", "0 3 * * MON-FRI", "5/10 8-18 1,15 JAN,JUL sun", "0 0 29 2 *", " 0  3 * * 0-6/2 "],
)
def test_schedules_that_argo_runs_are_taken(cron: str) -> None:
    """Steps, lists, ranges and names in either case are no fault."""
    assert check_cron(cron) == []


@pytest.mark.parametrize("zone", ["UTC", "Asia/Seoul", "America/Argentina/Buenos_Aires"])
def test_time_zones_of_the_database_are_taken(zone: str) -> None:
    """Also nested and short names."""
    assert check_time_zone(zone) == []


def test_mutable_image_tag_is_a_warning(write_job: Callable[..., Path], promote: Callable[..., Any]) -> None:
    """A version tag may be moved: said, but not refused."""
    outcome = promote(write_job(), "--image", "r.example/arcbook:1.2", "--bucket", "lake", "--json")

    assert outcome.code == 0
    assert [problem["code"] for problem in outcome.problems()] == ["image"]
