"""The key of a stage: equal only when running it again would yield the same."""

import hashlib
import inspect
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from arcbook.core.masking import MASK, masker
from arcbook.core.settings import RunSettings
from arcbook.core.versions import installed_version
from arcbook.engines.session import Session
from arcbook.reuse.states import Place, State
from arcbook.reuse.touching import Effect, Touch, statement_of
from arcbook.runners.base import run
from arcbook.sql.canonical import canonical
from arcbook.sql.clock import clock_calls
from arcbook.sql.errors import SqlError
from arcbook.sql.findings import findings
from arcbook.sql.lexical import code_only
from arcbook.sql.parse import parse
from arcbook.sql.placeholders import named_parameters
from arcbook.sql.quote import Typed, literal
from arcbook.stages.base import Stage, roles_of
from arcbook.stages.keys import Role

#: Grows when a key is made of other things.
FORMAT = 1
#: Keys of a stage that do not change what it yields.
_NOT_CONTENT = frozenset(
    ("id", "name", "description", "environments", "resolution", "persist", "authentication", "sql_params")
)
#: What depends on who asks, where and how often, beside what lint calls unrepeatable. Chance with a seed, which lint
#: allows, is among it: what it yields depends on how the rows are dealt out.
_VOLATILE = re.compile(
    r"(?<![\w.`])(?:(?:rand|randn|random|monotonically_increasing_id|spark_partition_id|input_file_name|input_file_block_\w+|reflect"
    r"|java_method|try_reflect|version|current_user|session_user|user|current_database|current_schema|current_catalog"
    r"|current_timezone|localtime)\s*\(|(?:current_user|session_user|localtime|tablesample)\b)",
    re.IGNORECASE,
)
_TODAY = re.compile(r"\b(?:date|timestamp(?:_ntz|_ltz)?)\s*['\"]\s*(?:now|today|tomorrow|yesterday)\b", re.IGNORECASE)
_SQL_ROLES = frozenset((Role.SQL, Role.METADATA_SQL))


@dataclass(frozen=True, slots=True)
class Key:
    """A key; `why` says why it holds within one run and the runs that resume it alone, empty when it holds anywhere."""

    text: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a stage's key is made of beside the stage: keys of the views it reads, states, and what ran before it.

    `lineage` names the run, or the first of those that resume one another. `chains` are digests of what cannot be seen
    through: Python, statements about the session, changes of tables that only the catalogue knows.
    """

    views: Mapping[str, Key]
    states: Sequence[tuple[Place, State | None]]
    lineage: str
    chains: Mapping[str, str]


def digest(*parts: object) -> str:
    """A text for `parts` (plain values), the same in every process."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest_of_text(text: str) -> str:
    """A digest of a text of the job, such as a Python cell, as records show it: known secrets are stars."""
    return digest(masker().mask(text).strip())


def key_of(stage: Stage, touch: Touch, around: Surroundings, session: Session) -> Key:
    """The key of `stage` as it would run now."""
    content = content_of(stage, touch, session)
    shown = masker().mask_tree(content)
    why = _why(stage, touch, around) or ("it uses a secret" if shown != content or _masked(shown) else "")
    parts = {
        "format": FORMAT,
        "content": shown,
        "views": {name: key.text for name, key in around.views.items()},
        "places": [[place.address, state.token if state else None] for place, state in around.states],
        "before": {name: each for name, each in around.chains.items() if name != "python"},
        "code": code_of(stage),
        "engine": engine_of(session.engine),
    }
    if why:
        parts |= {"lineage": around.lineage, "chains": dict(around.chains)}
    return Key(digest(parts), why)


def content_of(stage: Stage, touch: Touch, session: Session) -> dict[str, Any]:
    """The stage's own part: what it is asked to do, its values filled in."""
    left_out = _NOT_CONTENT | (frozenset() if stage.reads_params else {"params"})
    if touch.effect is Effect.VIEW:
        left_out |= {"output_view"}
    left_out |= {name for name, field in type(stage).model_fields.items() if _is_told_elsewhere(roles_of(field))}
    content: dict[str, Any] = {
        "type": stage.type_name(),
        "keys": stage.model_dump(mode="json", exclude=set(left_out)),
        "writes": [place.address for place in touch.writes],
        "drop": session.settings.drop_unsupported if stage.kind == "load" else None,
    }
    text = statement_of(stage)
    if text is not None:
        content["sql"] = canonical(text)
        content["parameters"] = _bound(text, session.parameters)
        content["time"] = _time(text, session.settings)
    return content


def _is_told_elsewhere(roles: frozenset[Role]) -> bool:
    """Addresses of documents, whose content is in another key, places, which have states, and statements."""
    return bool(roles & (_SQL_ROLES | {Role.DOCUMENT, Role.READS_PLACE, Role.WRITES_PLACE}))


def _bound(text: str, parameters: Mapping[str, Any]) -> dict[str, str]:
    """The values that a statement takes by name, as SQL."""
    bound: dict[str, str] = {}
    for name in sorted({each.name for each in named_parameters(text)} & set(parameters)):
        value = parameters[name]
        plain = value.value if isinstance(value, Typed) else value
        bound[name] = MASK if hasattr(plain, "reveal") else literal(value)
    return bound


def _time(text: str, settings: RunSettings) -> str | None:
    return settings.logical_time.isoformat() if any(True for _ in clock_calls(text)) else None


def _masked(content: Mapping[str, Any]) -> bool:
    return MASK in json.dumps(content, default=str)


def _why(stage: Stage, touch: Touch, around: Surroundings) -> str:
    """Why nobody could say that another run would find the same; empty when it would."""
    for name, key in around.views.items():
        if key.why:
            return key.why if key.why.startswith("view ") else f"view `{name}`: {key.why}"
    if not type(stage).__module__.startswith("arcbook."):
        return f"{stage.type_name()} is of another package, so nobody knows what it reads"
    if "streaming" in stage.required_capabilities():
        return f"{stage.type_name()} yields other rows at another time"
    if not touch.complete or touch.unknown:
        named = f" (`{touch.unknown[0]}`)" if touch.unknown else ""
        return f"it reads what is not known here{named}"
    for place, state in around.states:
        if state is None:
            return f"nobody can tell whether {place.address} has changed"
    if around.chains.get("python"):
        return "a Python cell ran before it"
    text = statement_of(stage)
    return chance(text) if text is not None else ""


def chance(text: str) -> str:
    """Why a statement may yield something else the next time, by the judgement of lint and then ours; else empty."""
    try:
        first = parse(text).first_word
    except SqlError:
        return "its statement is not understood"
    for finding in findings(text, first):
        if finding.code == "unrepeatable":
            return finding.message.rstrip(".")
    volatile = _VOLATILE.search(code_only(text)) or _TODAY.search(text)
    return f"`{volatile.group().rstrip('( ')}` depends on more than the rows" if volatile else ""


@cache
def engine_of(name: str) -> str:
    """An engine with its version."""
    versions = [installed_version(package) for package in ("pyspark", "pysail")]
    return f"{name} {versions}"


def code_of(stage: Stage) -> str:
    """A digest of the code that runs a stage: arcbook's own, and the module of a runner from elsewhere."""
    runner = inspect.getmodule(run.dispatch(type(stage)))
    return _own_code() + _file_digest(getattr(runner, "__file__", None) or "")


@cache
def _own_code() -> str:
    """A digest of all that decides what a stage yields: an editable installation has one version for all its states."""
    found = hashlib.sha256(str(installed_version("arcbook")).encode())
    for package in ("arcbook.engines", "arcbook.runners", "arcbook.schemas", "arcbook.sql"):
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            for path in sorted(Path(folder).rglob("*.py")):
                found.update(path.read_bytes())
    return found.hexdigest()


@cache
def _file_digest(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return ""
