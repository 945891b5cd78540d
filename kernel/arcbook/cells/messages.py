"""Validation errors in the language's words."""

from collections.abc import Mapping
from typing import Any

from arcbook.cells.tree import Path, Tree
from arcbook.core.problem import Problem
from arcbook.core.span import Span
from arcbook.core.suggest import did_you_mean
from arcbook.stages.base import Declared, description_of

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "decimal_parsing": "a number",
    "string_unicode": "text of whole characters",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "mapping_type": "an object",
}
_LIMITS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def problem_of(error: Mapping[str, Any], tree: Tree, stage_type: type[Declared]) -> Problem:
    """The problem that one of pydantic's errors stands for.

    A declaration's own validator may raise `PydanticCustomError` with the context keys `code`, `key`, `remedy` and `at`
    (`value` when the place is the key's value rather than the key).
    """
    context = error.get("ctx") or {}
    path = tuple(error["loc"])
    if error["type"] in ("value_error", "assertion_error") or "code" in context or "key" in context:
        return _own(error, context, path, tree)
    key = ".".join(str(part) for part in path)
    if error["type"] == "missing":
        return missing_key(tree, path, stage_type)
    if error["type"] == "extra_forbidden":
        known = stage_type.keys() if len(path) == 1 else ()
        return Problem(
            "unknown-key",
            f"{stage_type.type_name()} has no key `{key}`",
            tree.key_span(path),
            key,
            did_you_mean(str(path[-1]), known) or "Remove it; " + keys_sentence(stage_type),
        )
    return Problem("wrong-value", *_wrong(error, context, key, tree, path))


def missing_key(tree: Tree, path: Path, stage_type: type[Declared], *, message: str = "") -> Problem:
    """A required key is not there: the place is where its object begins."""
    key = ".".join(str(part) for part in path)
    return Problem(
        "missing-key",
        message or f"{stage_type.type_name()} needs the key `{key}`",
        opening(tree.span(path[:-1])),
        key,
        _describe(stage_type, path),
    )


def opening(span: Span | None) -> Span | None:
    """The first character of a stretch: what is missing in an object is shown at its beginning."""
    return span and Span(span.line, span.column, span.line, span.column + 1, span.cell, span.origin)


def keys_sentence(stage_type: type[Declared]) -> str:
    """All keys of a stage type."""
    return f"{stage_type.type_name()} knows: {', '.join(stage_type.keys())}."


def _describe(stage_type: type[Declared], path: Path) -> str:
    name = stage_type.keys().get(str(path[0])) if len(path) == 1 else None
    return f"Add it. {description_of(stage_type.model_fields[name])}".strip() if name else "Add it."


def _own(error: Mapping[str, Any], context: Mapping[str, Any], path: Path, tree: Tree) -> Problem:
    """An error that a stage's declaration raised itself."""
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    key = str(context.get("key") or ".".join(str(part) for part in path))
    place: Path = path or tuple(key.split("."))
    code = str(context.get("code", "wrong-value"))
    at = tree.span if context.get("at") == "value" else tree.key_span
    span = opening(tree.span(place[:-1])) if code == "missing-key" else at(place)
    if not path and not key:
        span = opening(tree.span(()))
    return Problem(code, message, span, key, str(context.get("remedy", "")))


def _wrong(
    error: Mapping[str, Any], context: Mapping[str, Any], key: str, tree: Tree, path: Path
) -> tuple[str, Span | None, str, str]:
    """Message, place, key and remedy of a value of the wrong kind or outside its range."""
    kind, shown = error["type"], _shown(error.get("input"))
    span = tree.span(path)
    if kind in ("literal_error", "enum"):
        allowed = str(context.get("expected", "")).replace("'", "`")
        words = [word for word in allowed.replace(" or ", ", ").replace("`", "").split(", ") if word]
        return f"`{key}` must be {allowed}, not {shown}", span, key, did_you_mean(str(error.get("input")), words)
    if kind in _LIMITS:
        word, name = _LIMITS[kind]
        return f"`{key}` must be {word} {context[name]}, not {shown}", span, key, ""
    if kind == "string_too_short":
        return f"`{key}` must not be empty", span, key, ""
    if kind in ("too_short", "too_long"):
        bound = context.get("min_length", context.get("max_length"))
        return f"`{key}` must have {'at least' if kind == 'too_short' else 'at most'} {bound} items", span, key, ""
    if kind == "string_pattern_mismatch":
        return f"`{key}` must match `{context.get('pattern')}`, not {shown}", span, key, ""
    expected = _KINDS.get(kind)
    if expected == "a list" and isinstance(error.get("input"), str):
        return f"`{key}` must be a list, not {shown}", span, key, f'Write `["{error["input"]}"]`.'
    if expected:
        return f"`{key}` must be {expected}, not {shown}", span, key, ""
    return f"`{key}`: {error['msg']}", span, key, ""


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    text = str(value)
    return f"`{text if len(text) <= 40 else text[:37] + '…'}`"
