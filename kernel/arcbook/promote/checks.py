"""What Argo and Kubernetes accept and then never run, found before anything is written.

Argo's linter and the API server let pass an unknown time zone, a limit in words, an image without command, names with
capitals; such a job fails late, or silently never starts.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from arcbook.core.problem import Problem, Severity
from arcbook.core.suggest import did_you_mean
from arcbook.promote.target import PROFILES, STAND_IN_BUCKET, STAND_IN_IMAGE, Schedule, Target

#: Runs are named NAME-UNIXTIME and pods longer still; Argo takes 52 characters for a cron, and we for all.
NAME_LIMIT = 52
#: Argo keeps whole workflows in etcd: manifests must stay small whatever the notebook's size.
SIZE_LIMIT = 20_000

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()/-]+)?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_IMAGE = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9.-]*(:\d+)?(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*)"
    r"(:(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)


def _field(values: str) -> re.Pattern[str]:
    """A field's grammar: lists of `*`, values and ranges, each with a step or not."""
    item = rf"(\*|({values})(-({values}))?)(/\d+)?"
    return re.compile(f"{item}(,{item})*", re.IGNORECASE | re.ASCII)


#: Argo's reader knows no `L`, `W`, `#` or `?`, and no 7 for Sunday; the ranges of numbers are cronsim's to judge.
_FIELDS = {
    "minute": _field(r"\d\d?"),
    "hour": _field(r"\d\d?"),
    "day of month": _field(r"\d\d?"),
    "month": _field(r"\d\d?|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"),
    "day of week": _field("[0-6]|sun|mon|tue|wed|thu|fri|sat"),
}


def check_target(target: Target) -> list[Problem]:
    """All that is wrong with the choices of a promotion, apart from the job."""
    found = [
        *check_name(target.namespace, key="--namespace", limit=63),
        *check_name(target.service_account, key="--service-account", limit=253),
        *check_image(target.image),
        *_store(target.store),
        *(
            Problem("wrong-value", f"`{name}` is no name of an environment variable", key="--env")
            for name in target.variables
            if not _VARIABLE.fullmatch(name)
        ),
        *check_texts({f"--env {name}": text for name, text in target.variables.items()}),
        *check_texts({"--owner": target.owner, "--environment": target.environment, "--engine": target.engine}),
    ]
    if target.profile not in PROFILES:
        remedy = did_you_mean(target.profile, PROFILES) or f"The sizes are: {', '.join(PROFILES)}."
        found.append(Problem("wrong-value", f"there is no size `{target.profile}`", key="--size", remedy=remedy))
    return found


def check_name(name: str, *, key: str, limit: int = NAME_LIMIT) -> list[Problem]:
    """A name must be a DNS label (RFC 1123): Argo's linter passes others, the API server refuses them."""
    if not _LABEL.fullmatch(name):
        remedy = "Use small letters, digits and `-`; begin and end with a letter or digit."
        return [Problem("object-name", f"`{name}` is no name for Kubernetes", key=key, remedy=remedy)]
    if len(name) > limit:
        message = f"`{name}` has {len(name)} characters; {limit} is the most"
        return [Problem("object-name", message, key=key, remedy="Choose a shorter name with --name.")]
    return []


def check_image(image: str, *, key: str = "--image") -> list[Problem]:
    """An image must be there and mean the same tomorrow."""
    if image == STAND_IN_IMAGE:
        message = f"the manifest names the stand-in image {image}, which does not exist"
        remedy = "Give the image by digest: --image REGISTRY/arcbook@sha256:…"
        return [Problem("stand-in", message, key=key, remedy=remedy, severity=Severity.WARNING)]
    found = _IMAGE.fullmatch(image)
    if found is None:
        remedy = "Write it as REGISTRY/arcbook@sha256:…"
        return [Problem("image", f"`{image}` is no image reference", key=key, remedy=remedy)]
    if found["digest"]:
        return []
    remedy = "Give its digest: REGISTRY/arcbook@sha256:…"
    if found["tag"] in (None, "latest"):
        tag = found["tag"] or "no tag, which means latest"
        return [Problem("image", f"the image `{image}` may change at any time ({tag})", key=key, remedy=remedy)]
    message = f"the tag `{found['tag']}` of the image may be moved to another content"
    return [Problem("image", message, key=key, remedy=remedy, severity=Severity.WARNING)]


def _store(store: str) -> list[Problem]:
    if store == STAND_IN_BUCKET:
        message = f"the manifest names the stand-in bucket {STAND_IN_BUCKET}, which does not exist"
        remedy = "Say where bundles and records are kept: --bucket NAME."
        return [Problem("stand-in", message, key="--bucket", remedy=remedy, severity=Severity.WARNING)]
    if not _BUCKET.fullmatch(store.removeprefix("s3://").strip("/")):
        remedy = "Give a bucket's name, with a prefix if you like: --bucket NAME/PREFIX."
        return [Problem("wrong-value", f"`{store}` is no bucket", key="--bucket", remedy=remedy)]
    return []


def check_schedule(schedule: Schedule) -> list[Problem]:
    """Times that Argo would run, in a zone that exists: of a bad one it says a word in its controller's log only."""
    found = check_time_zone(schedule.timezone)
    if not schedule.crons:
        found.append(Problem("schedule", "the schedule has no times", key="--schedule"))
    for cron in schedule.crons:
        found += check_cron(cron)
    if schedule.starting_deadline_seconds < 1:
        found.append(Problem("schedule", "the starting deadline must be at least a second", key="--starting-deadline"))
    return found


def check_time_zone(name: str, *, key: str = "--timezone") -> list[Problem]:
    """The zone must be one of the time zone database, spelt as there."""
    zones = _zones()
    if name in zones:
        return []
    # Short names (MST) are near each other by accident, and mean other hours.
    near = did_you_mean(name, (zone for zone in zones if "/" in zone))
    remedy = near or "Use an IANA name such as Asia/Seoul."
    return [Problem("time-zone", f"there is no time zone `{name}`", key=key, remedy=remedy)]


@cache
def _zones() -> frozenset[str]:
    from zoneinfo import available_timezones

    # `localtime` and `Factory` lie in the folder but mean nothing on another machine.
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def check_cron(cron: str, *, key: str = "--schedule") -> list[Problem]:
    """Five fields, in the grammar that Argo's reader knows, that match a day that comes."""
    fields = cron.split()
    fault = ""
    remedy = "The five fields are: minute, hour, day of month, month, day of week (0-6 or SUN-SAT; Sunday is not 7)."
    if cron.startswith("@") or "TZ=" in cron:
        fault, remedy = "macros and zones are not taken", "Write five fields, and the zone as --timezone."
    elif len(fields) != len(_FIELDS):
        fault = f"it has {len(fields)} field{'' if len(fields) == 1 else 's'}, not five"
    elif bad := [name for name, field in zip(_FIELDS, fields, strict=True) if not _FIELDS[name].fullmatch(field)]:
        fault = f"the {bad[0]} is not understood"
    else:
        fault = _never(" ".join(fields))
    return [Problem("schedule", f"`{cron}` is no schedule: {fault}", key=key, remedy=remedy)] if fault else []


def _never(cron: str) -> str:
    from cronsim import CronSim, CronSimError

    try:
        # Any start will do; a fixed one keeps the answer the same every day.
        next(CronSim(cron, datetime(2026, 1, 1)))  # noqa: DTZ001 - the fields have no zone
    except CronSimError as error:
        return f"{str(error)[:1].lower()}{str(error)[1:]}"
    except StopIteration:
        return "no such day ever comes"
    return ""


def check_texts(texts: Mapping[str, str]) -> list[Problem]:
    """Texts that Argo (`{{…}}`) or Kubernetes (`$(…)`) would replace by something else on their way to the job."""
    found = []
    for key, text in texts.items():
        mark = next((mark for mark in ("{{", "$(", "$$(") if mark in text), None)
        if mark:
            evaluator = "Argo" if mark == "{{" else "Kubernetes"
            message = f"{evaluator} would evaluate `{mark}` in `{_short(text)}`"
            remedy = "Keep such text in the notebook or in a document; there nothing evaluates it."
            found.append(Problem("template-text", message, key=key, remedy=remedy))
        if control := re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", text):
            message = f"the character U+{ord(control[0]):04X} cannot stand in a manifest"
            found.append(Problem("template-text", message, key=key))
    return found


def check_manifest(manifest: Mapping[str, Any], text: str) -> list[Problem]:
    """A generated manifest, as a last guard: everything here would be a fault of ours, or an extreme input."""
    kind, spec = str(manifest.get("kind")), manifest.get("spec") or {}
    metadata = manifest.get("metadata") or {}
    found = check_name(str(metadata.get("name", "")), key=f"{kind}.metadata.name")
    if len(text.encode()) > SIZE_LIMIT:
        message = f"the {kind} has {len(text.encode())} bytes; {SIZE_LIMIT} is the most"
        remedy = "Shorten help texts, enums or environment variables; the notebook itself does not count."
        found.append(Problem("manifest", message, key=kind, remedy=remedy))
    for label, value in _labels(manifest):
        if not re.fullmatch(r"|[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?", value):
            found.append(Problem("manifest", f"`{value}` cannot be the label {label}", key=f"{kind}.{label}"))
    if kind == "CronWorkflow":
        found += _cron_workflow(spec)
    else:
        found += _workflow(kind, spec)
    return found


def _labels(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "labels" and isinstance(item, Mapping):
                yield from ((str(name), str(text)) for name, text in item.items())
            else:
                yield from _labels(item)
    elif isinstance(value, list):
        for item in value:
            yield from _labels(item)


def _cron_workflow(spec: Mapping[str, Any]) -> list[Problem]:
    crons = spec.get("schedules") or []
    found: list[Problem] = []
    if not crons or "schedule" in spec:
        message = "a CronWorkflow needs `schedules`, and no `schedule`"
        found.append(Problem("schedule", message, key="CronWorkflow.spec.schedules"))
    for cron in crons:
        found += check_cron(cron, key="CronWorkflow.spec.schedules")
    found += check_time_zone(str(spec.get("timezone", "")), key="CronWorkflow.spec.timezone")
    workflow = spec.get("workflowSpec") or {}
    for parameter in (workflow.get("arguments") or {}).get("parameters") or []:
        found += _valued(parameter, "CronWorkflow")
    return found


def _workflow(kind: str, spec: Mapping[str, Any]) -> list[Problem]:
    found = []
    templates = {template.get("name"): template for template in spec.get("templates") or []}
    if spec.get("entrypoint") not in templates:
        message = f"the entrypoint `{spec.get('entrypoint')}` is no template"
        found.append(Problem("manifest", message, key=f"{kind}.spec.entrypoint"))
    for name, template in templates.items():
        key = f"{kind}.spec.templates.{name}"
        container = template.get("container") or {}
        if not container.get("command"):
            message = "the container has no command, so Argo would have to ask the registry for the image's"
            found.append(Problem("manifest", message, key=f"{key}.container.command"))
        if not container.get("image"):
            found.append(Problem("image", "the container has no image", key=f"{key}.container.image"))
        limit = str((template.get("retryStrategy") or {}).get("limit", "0"))
        if not re.fullmatch(r"\d{1,3}", limit):
            message, remedy = f"the limit `{limit}` is no number", 'Write the number as text: "3".'
            found.append(Problem("manifest", message, key=f"{key}.retryStrategy.limit", remedy=remedy))
    return found


def _valued(parameter: Mapping[str, Any], kind: str) -> Iterable[Problem]:
    if "value" not in parameter:
        message = f"the parameter `{parameter.get('name')}` has no value, so no scheduled run would start"
        yield Problem("missing-parameter", message, key=f"{kind}.spec.arguments", remedy="Give it a value with -p.")


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
