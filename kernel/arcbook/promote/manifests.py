"""A promoted job as Argo manifests: values made by functions, nothing written here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from arcbook.core.addresses import same_scheme
from arcbook.promote.bundle import digest
from arcbook.promote.retry import retry_expression
from arcbook.promote.target import PROFILES, Schedule, Target

if TYPE_CHECKING:
    from hera.workflows import Container

#: The workflow's argument that carries the run's one time. The hyphen keeps it apart from all names of parameters.
LOGICAL_TIME = "logical-time"
MAIN = "run"
_SCRATCH = "/tmp"
_USER = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """A parameter as Argo shows it. `value` None means that whoever submits the workflow must give one."""

    name: str
    value: str | None = None
    choices: tuple[str, ...] = ()
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotedJob:
    """What of a job the manifests need.

    `secrets` says where the value of a secret parameter is kept (as in Target). `writes` are the places that the job
    writes; no two runs of any jobs that write the same place are active at once.
    """

    name: str
    bundle: str
    arguments: tuple[Argument, ...] = ()
    secrets: Mapping[str, str] | None = None
    writes: tuple[str, ...] = ()


def workflow_template(job: PromotedJob, target: Target) -> dict[str, Any]:
    """The WorkflowTemplate that runs the job's bundle in one pod.

    A run's logical time is an argument: a CronWorkflow passes the scheduled time, a person may pass any (that is a
    back-fill), otherwise it is the workflow's creation time, so that all tries of a run see the same.
    """
    from hera.workflows import Parameter, WorkflowTemplate
    from hera.workflows.models import (
        Metadata,
        Mutex,
        PodGC,
        PodSecurityContext,
        SeccompProfile,
        Synchronization,
        TTLStrategy,
        WorkflowMetadata,
    )

    arguments = [
        # hera writes an explicit None as the text "null".
        Parameter(
            name=each.name,
            enum=list(each.choices) or None,
            description=each.help or None,
            **_value(each),
        )
        for each in job.arguments
    ]
    time = "The run's one time, ISO 8601 with a zone. Set it to repeat an earlier run."
    arguments.append(Parameter(name=LOGICAL_TIME, value="{{workflow.creationTimestamp}}", description=time))
    locks = sorted({mutex_name(place) for place in job.writes})
    template = WorkflowTemplate(
        name=job.name,
        namespace=target.namespace,
        labels=_labels(job, target),
        annotations=_annotations(job, target),
        workflow_metadata=WorkflowMetadata(labels=_labels(job, target), annotations=_annotations(job, target)),
        pod_metadata=Metadata(labels=_labels(job, target), annotations=_annotations(job, target)),
        entrypoint=MAIN,
        arguments=arguments,
        templates=[_container(job, target)],
        service_account_name=target.service_account,
        security_context=PodSecurityContext(
            run_as_non_root=True,
            run_as_user=_USER,
            run_as_group=_USER,
            fs_group=_USER,
            seccomp_profile=SeccompProfile(type="RuntimeDefault"),
        ),
        synchronization=Synchronization(mutexes=[Mutex(name=name) for name in locks]) if locks else None,
        active_deadline_seconds=target.deadline_seconds,
        ttl_strategy=TTLStrategy(
            seconds_after_success=target.keep_succeeded_seconds,
            seconds_after_failure=target.keep_failed_seconds,
        ),
        pod_gc=PodGC(strategy="OnPodSuccess"),
    )
    return _plain(template.to_dict())


def cron_workflow(job: PromotedJob, target: Target, schedule: Schedule) -> dict[str, Any]:
    """The CronWorkflow that starts the job's WorkflowTemplate; a run is not started while another one is active."""
    from hera.workflows import CronWorkflow, Parameter
    from hera.workflows.models import WorkflowTemplateRef

    cron = CronWorkflow(
        name=job.name,
        namespace=target.namespace,
        labels=_labels(job, target),
        annotations=_annotations(job, target),
        schedules=list(schedule.crons),
        timezone=schedule.timezone,
        concurrency_policy="Forbid",
        starting_deadline_seconds=schedule.starting_deadline_seconds,
        successful_jobs_history_limit=3,
        failed_jobs_history_limit=5,
        workflow_template_ref=WorkflowTemplateRef(name=job.name),
        arguments=[Parameter(name=LOGICAL_TIME, value="{{workflow.scheduledTime}}")],
    )
    return _plain(cron.to_dict())


def mutex_name(place: str) -> str:
    """The lock of a written place: readable, and the same for all spellings of an address."""
    normal = same_scheme(place).rstrip("/")
    tail = re.sub(r"[^a-z0-9]+", "-", "-".join(normal.lower().split("/")[-2:])).strip("-")
    return f"{tail[-40:].strip('-')}-{digest(normal.encode())[:10]}"


def command_line(job: PromotedJob, target: Target) -> list[str]:
    """The arguments of `arcbook run`, each its own element: no shell reads them, so a value cannot become a command."""
    line = [
        target.address(f"bundles/{job.bundle}"),
        "--environment", target.environment,
        "--engine", target.engine,
        "--logical-time", f"{{{{workflow.parameters.{LOGICAL_TIME}}}}}",
        "--run-key", "{{workflow.uid}}",
        "--record", target.address("runs"),
    ]  # fmt: skip
    for each in job.arguments:
        line += ["-p", each.name, f"{{{{workflow.parameters.{each.name}}}}}"]
    for name, address in (job.secrets or {}).items():
        line += ["-p", name, f"env://{_secret_variable(name)}" if address.startswith("k8s://") else address]
    return line


def _container(job: PromotedJob, target: Target) -> "Container":
    from hera.workflows import Container, EmptyDirVolume, Env, Resources, RetryStrategy, SecretEnv
    from hera.workflows.models import Backoff, Capabilities, Quantity, SecurityContext

    profile = PROFILES[target.profile]
    # HOME: the root file system is read-only, and Jupyter and Spark write there.
    variables = {"HOME": _SCRATCH, **target.variables}
    env: list[Any] = [Env(name=name, value=value) for name, value in sorted(variables.items())]
    for name, address in sorted((job.secrets or {}).items()):
        if address.startswith("k8s://"):
            secret, _, key = address.removeprefix("k8s://").partition("/")
            env.append(SecretEnv(name=_secret_variable(name), secret_name=secret, secret_key=key))
    return Container(
        name=MAIN,
        image=target.image,
        command=["arcbook", "run"],
        args=command_line(job, target),
        env=env,
        resources=Resources(
            cpu_request=profile.cpu, memory_request=profile.memory, memory_limit=profile.memory,
        ),
        security_context=SecurityContext(
            allow_privilege_escalation=False,
            capabilities=Capabilities(drop=["ALL"]),
            read_only_root_filesystem=True,
        ),
        volumes=[EmptyDirVolume(name="scratch", mount_path=_SCRATCH, size_limit=Quantity(root=profile.scratch))],
        retry_strategy=RetryStrategy(
            limit=str(target.retries),
            expression=retry_expression(),
            backoff=Backoff(duration="30s", factor="2"),
        ),
    )  # fmt: skip


def _value(argument: Argument) -> dict[str, Any]:
    return {} if argument.value is None else {"value": argument.value}


def _secret_variable(name: str) -> str:
    return f"ARCBOOK_SECRET_{name}"


def _labels(job: PromotedJob, target: Target) -> dict[str, str]:
    return {
        "app.kubernetes.io/managed-by": "arcbook",
        "arcbook/bundle": job.bundle[:16],
        "arcbook/environment": target.environment,
        "arcbook/job": job.name,
    }


def _annotations(job: PromotedJob, target: Target) -> dict[str, str]:
    notes = {"arcbook/bundle": target.address(f"bundles/{job.bundle}")}
    return notes | ({"arcbook/owner": target.owner} if target.owner else {})


def _plain(manifest: Any) -> dict[str, Any]:
    """What hera returns, as a plain dictionary."""
    return dict(manifest)
