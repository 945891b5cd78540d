"""Reading the documents a stage refers to into its tree: SQL files and schemas."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from arcbook.cells.bind import Scope, bind
from arcbook.cells.fetch import Fetch
from arcbook.cells.hocon import read_value
from arcbook.cells.tree import Path, Tree
from arcbook.core.failures import AccessError, ArcbookError, CellError, TransientError
from arcbook.core.problem import Problem
from arcbook.core.span import Span
from arcbook.stages.base import Stage, roles_of
from arcbook.stages.keys import Role


def with_documents(tree: Tree, stage_type: type[Stage], fetch: Callable[[str], str]) -> tuple[Tree, list[Problem]]:
    """The tree with `sql` read from `inputURI` and `schema` from `schemaURI`, where the stage type has these keys.

    The places of what was read lie in the document, whose address is their origin.
    """
    problems: list[Problem] = []
    for key, target, read in (("inputURI", "sql", _statement), ("schemaURI", "schema", _schema)):
        address = tree.value.get(key)
        if (
            not isinstance(address, str)
            or not address
            or target in tree.value
            or not _documents(stage_type, key, target)
        ):
            continue
        try:
            text = fetch(address)
        except ArcbookError as error:
            problems.append(unreadable(error, tree.span((key,)), key))
            continue
        if not text.strip():
            empty = f"{address} is empty"
            problems.append(Problem("missing-document", empty, tree.span((key,)), key, "Check the address."))
            continue
        try:
            value, spans, key_spans, texts = read(text, address, target, fetch)
        except CellError as error:
            problems.extend(error.problems)
            continue
        tree = replace(
            tree,
            value={**tree.value, target: value},
            spans={**tree.spans, **spans},
            key_spans={**tree.key_spans, **key_spans},
            texts={**tree.texts, **texts},
        )
    return tree, problems


def _documents(stage_type: type[Stage], key: str, target: str) -> bool:
    keys = stage_type.keys()
    if key not in keys or target not in keys:
        return False
    return Role.DOCUMENT in roles_of(stage_type.model_fields[keys[key]])


def unreadable(error: ArcbookError, span: Span | None, key: str) -> Problem:
    """That the document named by a key cannot be read; a store that refuses or fails is no fault of the job."""
    remedy, failure = "Check the address.", "definition"
    if isinstance(error, AccessError):
        remedy, failure = "Sign in, or ask for the permission.", error.failure_name
    elif isinstance(error, TransientError):
        remedy, failure = "Try again.", error.failure_name
    return Problem("missing-document", error.message, span, key, remedy, failure=failure)


#: A value with the places of it and of its keys, and the texts of the documents it includes.
Read = tuple[Any, dict[Path, Span], dict[Path, Span], Mapping[str, str]]


def _statement(text: str, address: str, target: str, fetch: Fetch) -> Read:
    statement = text.rstrip()
    return statement, {(target,): Span.at(text, 0, len(statement), origin=address)}, {}, {}


def _schema(text: str, address: str, target: str, fetch: Fetch) -> Read:
    read = read_value(text, origin=address, fetch=fetch)
    value = read.value[""]
    root: Path = ("",)
    # An object holds the columns under `schema`; the rest of it is what its own placeholders refer to.
    bound = bind(read, Scope(value if isinstance(value, dict) else {}, os.environ)).value[""]
    if isinstance(bound, dict):
        value, root = bound.get("schema"), ("", "schema")
    else:
        value = bound
    if not isinstance(value, list):
        raise CellError(
            [
                Problem(
                    "schema",
                    "the document is no schema",
                    read.span(root),
                    remedy="A schema is a list of columns, or an object whose key `schema` holds that list.",
                )
            ]
        )

    def moved(spans: Any) -> dict[Path, Span]:
        return {(target, *path[len(root) :]): span for path, span in spans.items() if path[: len(root)] == root}

    return value, moved(read.spans), moved(read.key_spans), read.texts
