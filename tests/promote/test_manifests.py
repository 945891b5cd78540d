"""Generated manifests: what they say, that they are stable, and that Argo's own schema takes them."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from arcbook.cli import invoke
from arcbook.core.failures import FAILURES, Failure, Retry
from arcbook.promote.checks import SIZE_LIMIT, check_manifest
from arcbook.promote.manifests import (
    LOGICAL_TIME,
    Argument,
    PromotedJob,
    command_line,
    cron_workflow,
    mutex_name,
    workflow_template,
)
from arcbook.promote.prepare import prepare
from arcbook.promote.retry import retry_expression
from arcbook.promote.target import PROFILES, Schedule, Target
from arcbook.promote.text import to_yaml
from tests.promote.retry_expressions import expression_fault

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden"
OPTIONS: dict[str, list[str]] = json.loads((GOLDEN / "options.json").read_text(encoding="utf-8"))
JOB = PromotedJob(name="orders", bundle="a1" * 32)
SCHEDULE = Schedule(crons=("0 3 * * *",), timezone="Asia/Seoul")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("name", OPTIONS)
def test_promotion_is_byte_for_byte_the_expected_one(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bundle and manifests equal the files beside the notebook; absent ones fail."""
    expected = GOLDEN / name / "expected"
    assert expected.is_dir(), "write it with: python tests/promote/regenerate.py"
    monkeypatch.chdir(GOLDEN / name)

    assert invoke(["promote", *OPTIONS[name], "--out", str(tmp_path / "again")]) == 0

    assert contents(tmp_path / "again") == contents(expected)


@pytest.fixture(scope="module")
def validators() -> dict[str, jsonschema.Draft202012Validator]:
    """Argo's JSON schema by kind; unknown members are faults, as for its strict linter."""
    schema = json.loads((HERE / "data" / "argo-workflows-3.7.4.schema.json").read_text(encoding="utf-8"))
    for definition in schema["definitions"].values():
        if "properties" in definition:
            definition["additionalProperties"] = False
    return {
        kind: jsonschema.Draft202012Validator({**schema, "$ref": f"#/definitions/io.argoproj.workflow.v1alpha1.{kind}"})
        for kind in ("WorkflowTemplate", "CronWorkflow")
    }


def golden_manifests() -> Iterator[Any]:
    """Each expected manifest."""
    for path in sorted(GOLDEN.glob("*/expected/*.yaml")):
        yield pytest.param(path, id=path.name)


@pytest.mark.parametrize("path", list(golden_manifests()))
def test_manifest_fits_argos_schema(path: Path, validators: dict[str, jsonschema.Draft202012Validator]) -> None:
    """No unknown key, no value of another type; a misspelt key would be noticed."""
    manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    validator = validators[manifest["kind"]]
    assert [error.message for error in validator.iter_errors(manifest)] == []

    manifest["spec"]["entrypont"] = "run"
    assert list(validator.iter_errors(manifest))


def test_yaml_is_read_back_as_it_was() -> None:
    """Texts that readers take for numbers, booleans, nulls or syntax stay texts."""
    texts = [
        "1e3", "12e45678", "y", "No", "on", "null", "~", "007", "0x1F", "1_000", "12:30", "- a", "a: b", "# a", "{a}",
        "[a]", "*a", "&a", "!a", "%a", "@a", "`a`", "'a'", '"a"', "a\nb", " a ", "", "주문", "1e1234567890123", ".inf",
        "-.inf", "=", "<<", "-y", "--x", "2026-11-23", "a #b", "a\tb", "True", "{{workflow.name}}", "it's \"5\"",
    ]  # fmt: skip
    text = to_yaml({"kind": "X", "spec": dict(enumerate(texts)), "list": texts})

    read = yaml.safe_load(text)
    assert read["list"] == texts
    assert "\r" not in text
    # Go's reader follows YAML 1.1 more widely than Python's: only what begins with a letter may go without quotes.
    plain = re.findall(r"(?m)^  - ([^\"'|].*)$", text)
    assert plain == ["-y", "--x"]


def test_manifests_are_stable_and_ordered() -> None:
    """Equal jobs give equal text, and a reader finds the important keys first."""
    template = to_yaml(workflow_template(JOB, Target()))
    assert template == to_yaml(workflow_template(JOB, Target()))
    assert template.startswith("apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata:\n  name: orders\n")
    shuffled = dict(reversed(workflow_template(JOB, Target()).items()))
    assert to_yaml(shuffled) == template


def test_retry_follows_the_failure_table() -> None:
    """Transient and lost pods are tried again, access once; nothing else is."""
    expression = retry_expression()
    codes = {int(code) for code in re.findall(r"exitCode == '(\d+)'", expression)}
    retried = {row.exit_code for row in FAILURES.values() if row.retry in (Retry.BACK_OFF, Retry.ONCE_AFTER_REFRESH)}
    assert codes == retried == {75, 77}
    assert "lastRetry.status == 'Error'" in expression
    assert "'77' && asInt(retries) < 1" in expression
    assert expression_fault(expression) == ""

    more = retry_expression([*FAILURES.values(), Failure("weather", 79, Retry.BACK_OFF, "rain")])
    assert "lastRetry.exitCode == '79'" in more
    assert retry_expression([]) == "lastRetry.status == 'Error'"


@pytest.mark.parametrize("retry", Retry)
def test_every_retry_decision_has_a_clause_or_none(retry: Retry) -> None:
    """A new decision in the table cannot be forgotten here."""
    assert expression_fault(retry_expression([Failure("x", 99, retry, "")])) == ""


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("lastRetry.exitCode == '75'", ""),
        ('lastRetry.exitCode == "75" && asInt(retries) < 2', ""),
        ("asInt(lastRetry.exitCode) == 75 || (lastRetry.status != 'Failed')", ""),
        ("lastRetry.exitCode == 75", "text is compared with number"),
        ("lastRetry.exitCode == '75' ||", "too early"),
        ("lastRetry.exit == '75'", "no variable"),
        ("lastRetry.exitCode = '75'", "not understood"),
    ],
)
def test_faulty_retry_expressions_are_told_from_sound_ones(expression: str, fault: str) -> None:
    """The proof can fail: what was seen to work on a cluster is sound, what Argo passes over is not."""
    found = expression_fault(expression)
    assert fault in found
    assert bool(fault) == bool(found)


def test_container_has_a_command_and_no_shell() -> None:
    """arcbook is started with its arguments as a list; a parameter is two elements whatever its value is."""
    job = PromotedJob(name="orders", bundle="a" * 64, arguments=(Argument(name="x", value="; rm -rf /"),))
    container = workflow_template(job, Target(store="lake/etl"))["spec"]["templates"][0]["container"]

    assert container["command"] == ["arcbook", "run"]
    assert container["args"][0] == f"s3://lake/etl/bundles/{'a' * 64}"
    assert container["args"][-3:] == ["-p", "x", "{{workflow.parameters.x}}"]
    assert "; rm" not in "".join(container["args"])


def test_arguments_are_those_of_the_command_run() -> None:
    """Every option that the manifests pass exists in `arcbook run`."""
    from arcbook.cli.run import command

    known = {name for option in command.params for name in option.opts}
    line = command_line(PromotedJob(name="a", bundle="b", arguments=(Argument(name="x"),)), Target())
    assert {word for word in line if word.startswith("-")} <= known


def test_required_parameter_has_no_value_instead_of_a_word_for_none() -> None:
    """Argo asks for it when the workflow is submitted."""
    template = workflow_template(PromotedJob(name="a", bundle="b", arguments=(Argument(name="day"),)), Target())

    assert template["spec"]["arguments"]["parameters"][0] == {"name": "day"}


def test_secrets_are_references_only() -> None:
    """A Kubernetes secret comes as a variable, an address as an argument."""
    job = PromotedJob(name="a", bundle="b", secrets={"p": "k8s://orders/password", "q": "aws-secretsmanager://x"})
    container = workflow_template(job, Target())["spec"]["templates"][0]["container"]

    assert {
        "name": "ARCBOOK_SECRET_p",
        "valueFrom": {"secretKeyRef": {"name": "orders", "key": "password"}},
    } in container["env"]
    assert container["args"][-6:] == ["-p", "p", "env://ARCBOOK_SECRET_p", "-p", "q", "aws-secretsmanager://x"]


def test_pod_is_not_root_and_writes_only_to_its_scratch() -> None:
    """What a restricted namespace demands."""
    spec = workflow_template(JOB, Target())["spec"]
    container = spec["templates"][0]["container"]

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert container["volumeMounts"] == [{"name": "scratch", "mountPath": "/tmp"}]


@pytest.mark.parametrize("size", PROFILES)
def test_resources_come_from_the_profile(size: str) -> None:
    """Memory is requested and limited alike."""
    resources = workflow_template(JOB, Target(profile=size))["spec"]["templates"][0]["container"]["resources"]

    assert resources["requests"] == {"cpu": PROFILES[size].cpu, "memory": PROFILES[size].memory}
    assert resources["limits"] == {"memory": PROFILES[size].memory}


def test_cron_refers_to_the_template_with_its_time() -> None:
    """The scheduled time reaches the run; a run by hand has the workflow's creation time, also when tried again."""
    template, cron = workflow_template(JOB, Target()), cron_workflow(JOB, Target(), SCHEDULE)

    assert cron["spec"]["workflowSpec"] == {
        "workflowTemplateRef": {"name": template["metadata"]["name"]},
        "arguments": {"parameters": [{"name": LOGICAL_TIME, "value": "{{workflow.scheduledTime}}"}]},
    }
    assert cron["metadata"]["namespace"] == template["metadata"]["namespace"]
    assert (cron["spec"]["schedules"], cron["spec"]["timezone"]) == (["0 3 * * *"], "Asia/Seoul")
    assert cron["spec"]["concurrencyPolicy"] == "Forbid"
    assert cron["spec"]["startingDeadlineSeconds"] == 3600
    assert template["spec"]["arguments"]["parameters"][-1]["value"] == "{{workflow.creationTimestamp}}"


def test_one_lock_per_written_table(write_job: Callable[..., Path]) -> None:
    """A table changed by MERGE is locked; spellings of one address share the lock."""
    promotion = prepare(str(write_job()), Target())

    assert promotion.job.writes == ("s3a://lake/tables/orders",)
    template = workflow_template(promotion.job, Target())
    assert template["spec"]["synchronization"] == {"mutexes": [{"name": mutex_name("s3://lake/tables/orders/")}]}
    assert mutex_name("s3://lake/tables/orders") != mutex_name("s3://other/tables/orders")
    assert re.fullmatch(r"tables-orders-[0-9a-f]{10}", mutex_name("s3n://lake/tables/orders"))


def test_manifest_stays_small_whatever_the_notebook(write_job: Callable[..., Path]) -> None:
    """Hundreds of cells are no byte more: the manifest names the bundle."""
    cells = [f"%sql name=s{n} environments=prod outputView=v{n}\nSELECT {n} AS x" for n in range(500)]
    promotion = prepare(str(write_job(*cells)), Target(), schedule=SCHEDULE)

    assert sum(map(len, promotion.bundle.files.values())) > 5 * SIZE_LIMIT
    for text in promotion.manifests.values():
        assert len(text.encode()) < SIZE_LIMIT / 4


def test_generated_manifests_pass_our_own_checks() -> None:
    """The last guard is silent about what we write."""
    for manifest in (workflow_template(JOB, Target()), cron_workflow(JOB, Target(), SCHEDULE)):
        assert check_manifest(manifest, to_yaml(manifest)) == []
