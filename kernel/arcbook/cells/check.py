"""From a bound tree to a checked stage, with all problems at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from arcbook.cells.authentication import authentication_problems
from arcbook.cells.bind import has_placeholders
from arcbook.cells.documents import with_documents
from arcbook.cells.fetch import Fetch, fetch_text
from arcbook.cells.merge import as_list
from arcbook.cells.messages import missing_key, opening, problem_of
from arcbook.cells.places import place_of
from arcbook.cells.schema_problems import schema_problems
from arcbook.cells.statements import check_statement
from arcbook.cells.tree import Path, Tree, member
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem, Severity, errors
from arcbook.core.settings import RunSettings
from arcbook.schemas.model import Schema
from arcbook.schemas.read import SchemaError
from arcbook.stages.base import Declared, Stage, roles_of
from arcbook.stages.keys import Role
from arcbook.stages.registry import stage_types
from arcbook.stages.unknown import unknown_stage

_D = TypeVar("_D", bound=Declared)


@dataclass(frozen=True, slots=True)
class Examination:
    """What looking at one tree yields: the stage when it is sound, all problems, the tree with fetched documents.

    `stage_type` is None when there is no such type.
    """

    stage: Stage | None
    problems: tuple[Problem, ...]
    tree: Tree
    stage_type: type[Stage] | None = None


def check(tree: Tree, *, settings: RunSettings, fetch: Fetch = fetch_text, source: str = "") -> Stage:
    """The stage that a bound tree declares, with the documents it refers to read into it.

    Args:
        tree: one object; a value of null counts as missing.
        settings: the run's policies.
        fetch: reads a document by address.
        source: the text the tree was read from; with it, SQL problems get their exact place.

    Raises:
        CellError: all problems at once.
    """
    found = examine(tree, settings=settings, fetch=fetch, source=source)
    if found.stage is None or errors(found.problems):
        raise CellError(errors(found.problems))
    return found.stage


def examine(tree: Tree, *, settings: RunSettings, fetch: Fetch = fetch_text, source: str = "") -> Examination:
    """As `check`, for a tree that may have placeholders: what depends on them is left unsaid, and no stage made."""
    tree = tree.with_value(_without_null(tree.value))
    stage_type, problem = _type_of(tree)
    if stage_type is None:
        return Examination(None, (problem,) if problem else (), tree)
    problems = [*_alternatives(tree, stage_type), *_policies(tree, settings), *authentication_problems(tree)]
    tree, found = with_documents(tree, stage_type, fetch)
    problems += found
    stage, found = validated(tree, stage_type)
    problems += [each for each in found if each.code == "schema" or not _said(each, problems)]
    if stage is not None:
        problems += _schema_warnings(stage, tree)
    statement = stage_type.model_fields.get("sql")
    if statement and isinstance(tree.value.get("sql"), str):
        # The grammar of another database is unknown here.
        problems += check_statement(tree, source, foreign=Role.FOREIGN_SQL in roles_of(statement))
    problems.sort(key=place_of)
    return Examination(None if errors(problems) else stage, tuple(problems), tree, stage_type)


def _type_of(tree: Tree) -> tuple[type[Stage] | None, Problem | None]:
    name = tree.value.get("type")
    if has_placeholders(name):
        return None, None
    if name is None:
        return None, Problem(
            "missing-key", "a stage needs the key `type`", opening(tree.span(())), "type", "Say which stage it is."
        )
    simple = simple_type(str(name))
    found = stage_types().get(simple)
    if found:
        return found, None
    message, remedy = unknown_stage(simple)
    return None, Problem("unknown-stage", message, tree.span(("type",)), "type", remedy)


def simple_type(name: str) -> str:
    """The type that a key `type` names: Arc also takes the full name of a class, and a version behind a colon."""
    return name.partition(":")[0].rpartition(".")[2]


def validated(tree: Tree, declared: type[_D]) -> tuple[_D | None, list[Problem]]:
    """The object that a tree declares, or what is wrong with its keys; what depends on placeholders is left unsaid."""
    value = {key: item for key, item in tree.value.items() if key != "type"}
    unbound = set(_placeholder_paths(value))
    try:
        return declared.model_validate(value), []
    except ValidationError as failure:
        found = failure.errors(include_url=False)
    if _converted(value, found):
        try:
            return declared.model_validate(value), []
        except ValidationError as failure:
            found = failure.errors(include_url=False)
    problems = []
    for error in found:
        cause = (error.get("ctx") or {}).get("error")
        if isinstance(cause, SchemaError):
            bound = [finding for finding in cause if not _within(("schema", *finding[0]), unbound)]
            problems += schema_problems(bound, tree)
            continue
        path = _key_path(tuple(error["loc"]), value)
        if not _within(path, unbound):
            problems.append(problem_of({**error, "loc": path}, tree, declared))
    return None, problems


def _within(path: Path, placeholders: Iterable[Path]) -> bool:
    return any(path[: len(placeholder)] == placeholder for placeholder in placeholders)


def _schema_warnings(stage: Stage, tree: Tree) -> list[Problem]:
    """What a sound schema had better not say."""
    values = [getattr(stage, name) for name in type(stage).model_fields]
    schemas = [value for value in values if isinstance(value, Schema)]
    return [found for each in schemas for found in schema_problems(each.warnings, tree, Severity.WARNING)]


def _key_path(path: Path, value: Any) -> Path:
    """A location without the names that pydantic adds for the members of a union."""
    kept: list[str | int] = []
    for position, part in enumerate(path):
        inner = member(value, part)
        if inner is None and (position < len(path) - 1 or (kept and not isinstance(value, dict | list))):
            continue
        value = inner
        kept.append(part)
    return tuple(kept)


def _converted(value: dict[str, Any], found: list[Any]) -> bool:
    """Change values to what HOCON reads where another kind is wanted, if there are any: a boolean as text
    (`name: true`), an object with numbers as keys as a list."""
    changed = False
    for error in found:
        path, given = error["loc"], error["input"]
        if len(path) != 1:
            continue
        if error["type"] == "string_type" and isinstance(given, bool):
            value[path[0]] = str(given).lower()
            changed = True
        elif error["type"] in ("tuple_type", "list_type") and isinstance(as_list(given), list):
            value[path[0]] = as_list(given)
            changed |= isinstance(given, dict)
    return changed


def _placeholder_paths(value: Any, path: Path = ()) -> list[Path]:
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in _placeholder_paths(item, (*path, key))]
    if isinstance(value, list):
        return [found for position, item in enumerate(value) for found in _placeholder_paths(item, (*path, position))]
    return [path] if has_placeholders(value) else []


def _alternatives(tree: Tree, stage_type: type[Stage]) -> list[Problem]:
    """Of keys that say the same in different ways two are given, or none where one must be."""
    keys = stage_type.keys()
    problems = []
    for group in (*stage_type.one_of, *stage_type.at_most_one_of):
        known = [key for key in group if key in keys]
        if len(known) < 2:
            continue  # a key without alternatives says itself whether it must be there
        given = [key for key in tree.value if key in known]
        problems += [
            Problem(
                "conflicting-keys",
                f"`{key}` and `{given[0]}` exclude each other",
                tree.key_span((key,)),
                key,
                "Remove one of the two; Arc would use one without saying which.",
            )
            for key in given[1:]
        ]
        if not given and group in stage_type.one_of:
            first, last = ", ".join(f"`{key}`" for key in known[:-1]), known[-1]
            message = f"{stage_type.type_name()} needs {first} or `{last}`"
            problems.append(missing_key(tree, (known[0],), stage_type, message=message))
    return problems


def _policies(tree: Tree, settings: RunSettings) -> list[Problem]:
    problems = []
    for key, allowed in (("sql", settings.inline_sql), ("schema", settings.inline_schema)):
        if key in tree.value and not allowed:
            address = "inputURI" if key == "sql" else "schemaURI"
            problems.append(
                Problem(
                    "policy",
                    f"a policy forbids `{key}` inside the job",
                    tree.key_span((key,)),
                    key,
                    f"Put it into a file and give its address as `{address}`.",
                )
            )
    return problems


def _said(problem: Problem, others: list[Problem]) -> bool:
    """Whether an earlier rule reported the same finding already."""
    return any(problem.key == other.key and problem.code == other.code for other in others)


def _without_null(value: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_null(item) if isinstance(item, dict) else item for key, item in value.items() if item is not None
    }
