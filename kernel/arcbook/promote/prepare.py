"""From a notebook or job file and a target to a promotion: all checks first, then bundle and manifests as values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from importlib.resources import files as resources
from pathlib import PurePosixPath
from typing import Any

from arcbook.cells.fetch import Fetch, fetch_text, folder_of, relative_to
from arcbook.cells.notebook import Job, job_of
from arcbook.cells.plan import Context, check_job
from arcbook.core.capabilities import ENGINE_CAPABILITIES
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem, Severity, errors
from arcbook.core.settings import RunSettings
from arcbook.core.suggest import did_you_mean
from arcbook.promote.bundle import SOURCE, Bundle, digest, document_path
from arcbook.promote.canonical import canonical_json, canonical_notebook, canonical_text, injected_cells
from arcbook.promote.checks import check_manifest, check_name, check_schedule, check_target
from arcbook.promote.manifests import PromotedJob, cron_workflow, workflow_template
from arcbook.promote.parameters import arguments_of, secrets_of
from arcbook.promote.places import relative_places, written_places
from arcbook.promote.target import Schedule, Target
from arcbook.promote.text import to_yaml
from arcbook.runs.layout import job_name

#: Packages that decide what a job does, by engine; their versions are pinned in our own distribution.
_PACKAGES = {"embedded": ("pysail", "pyspark"), "local": ("pyspark",)}


@dataclass(frozen=True, slots=True)
class Promotion:
    """What a promotion yields, not yet written: the bundle, manifests as text by file name, and warnings."""

    job: PromotedJob
    bundle: Bundle
    manifests: Mapping[str, str]
    warnings: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Documents:
    """A `fetch` that keeps what it read, by the address that the job uses."""

    folder: str
    read: dict[str, bytes] = field(default_factory=dict)

    def fetch(self, uri: str) -> str:
        text = fetch_text(uri)
        prefix = f"{self.folder.rstrip('/')}/" if self.folder else ""
        self.read[uri.removeprefix(prefix)] = canonical_text(text)
        return text


def prepare(
    address: str,
    target: Target,
    *,
    name: str | None = None,
    schedule: Schedule | None = None,
    parameters: Mapping[str, str] | None = None,
) -> Promotion:
    """The promotion of the notebook or job file at `address`.

    Args:
        address: path or `s3://`, `http(s)://` address.
        target: where and how it shall run.
        name: the name in Kubernetes; by default the file's name, with `-` for what Kubernetes does not take.
        schedule: when Argo starts it; None leaves that to people.
        parameters: values that replace the declared defaults.

    Raises:
        CellError: all reasons why this would not run, at once.
        ArcbookError: the file cannot be read.
    """
    documents = _Documents(folder_of(address))
    job, content, problems = _read(address, relative_to(documents.folder, documents.fetch))
    wanted = name or re.sub(r"[^a-z0-9]+", "-", job_name(address).lower()).strip("-")
    problems += check_name(wanted, key="--name") + check_target(target) + _engine(target.engine)
    problems += check_schedule(schedule) if schedule else []
    given = dict(parameters or {})
    arguments, values, found = arguments_of(job.declarations, given, scheduled=schedule is not None)
    problems += found
    secrets, found = secrets_of(job.declarations, target.secrets)
    problems += found
    settings = RunSettings(environment=target.environment)
    context = Context(
        settings=settings, values=values, env=target.variables, fetch=documents.fetch,
        engine=target.engine if target.engine in ENGINE_CAPABILITIES else None, complete=True,
    )  # fmt: skip
    report = check_job(job, context)
    problems += [
        # A workflow is not made for nothing.
        replace(each, severity=Severity.ERROR) if each.code == "nothing-to-run" else each
        for each in report.problems
    ]
    problems += relative_places(report.steps, settings, values.text)
    _refuse(problems)
    bundle = _bundle(wanted, address, job, content, documents.read, target)
    promoted = PromotedJob(
        name=wanted, bundle=bundle.name, arguments=arguments, secrets=secrets,
        writes=written_places(report.steps, settings),
    )  # fmt: skip
    manifests, found = _manifests(promoted, target, schedule)
    problems += found
    _refuse(problems)
    return Promotion(promoted, bundle, manifests, tuple(dict.fromkeys(problems)))


def _read(address: str, fetch: Fetch) -> tuple[Job, bytes, list[Problem]]:
    """The job as it will run from the bundle, and its canonical text."""
    text = fetch_text(address)
    raw = job_of(text, address, fetch).notebook
    content = canonical_text(text) if raw is None else canonical_json(canonical_notebook(raw))
    job = job_of(content.decode(), address, fetch)
    if raw is None or not injected_cells(raw):
        return job, content, []
    message = "the parameters of an earlier run, which papermill left in the notebook, are not promoted"
    remedy = "Give values with -p; promote the notebook itself, not an executed copy."
    return job, content, [Problem("bundle", message, remedy=remedy, severity=Severity.WARNING)]


def _engine(name: str) -> list[Problem]:
    if name in ENGINE_CAPABILITIES:
        return []
    remedy = did_you_mean(name, ENGINE_CAPABILITIES) or f"The engines are: {', '.join(ENGINE_CAPABILITIES)}."
    return [Problem("wrong-value", f"there is no engine `{name}`", key="--engine", remedy=remedy)]


def _refuse(problems: list[Problem]) -> None:
    if errors(problems):
        # Warnings too, behind the errors: who mends the job wants to see all.
        raise CellError(sorted(dict.fromkeys(problems), key=lambda each: each.severity is Severity.WARNING))


def _bundle(
    name: str, address: str, job: Job, content: bytes, documents: Mapping[str, bytes], target: Target
) -> Bundle:
    entry = SOURCE + PurePosixPath(address).name
    paths = {uri: document_path(uri, text) for uri, text in sorted(documents.items())}
    return Bundle(
        job=name,
        entry=entry,
        files={**{paths[uri]: text for uri, text in documents.items()}, entry: content},
        documents=paths,
        parameters=job.declarations.json_schema(),
        pins=pins(target),
    )


def pins(target: Target) -> dict[str, Any]:
    """What else decides the result: the engine, the image, and the versions our own distribution demands."""
    wanted = _PACKAGES.get(target.engine, ())
    versions = {"arcbook": metadata.version("arcbook")}
    for requirement in metadata.requires("arcbook") or ():
        found = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^;,\s]+)", requirement)
        if found and found[1] in wanted:
            versions[found[1]] = found[2]
    found_pins: dict[str, Any] = {"engine": target.engine, "image": target.image, "packages": versions}
    if target.engine != "embedded":
        found_pins["jars"] = digest((resources("arcbook.engines") / "jars.json").read_bytes())
    return found_pins


def _manifests(job: PromotedJob, target: Target, schedule: Schedule | None) -> tuple[dict[str, str], list[Problem]]:
    made = {f"{job.name}.workflow-template.yaml": workflow_template(job, target)}
    if schedule:
        made[f"{job.name}.cron-workflow.yaml"] = cron_workflow(job, target, schedule)
    texts = {name: to_yaml(manifest) for name, manifest in made.items()}
    return texts, [problem for name, manifest in made.items() for problem in check_manifest(manifest, texts[name])]
