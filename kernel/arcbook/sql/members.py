"""What a query that yields a JSON object calls the object's members."""

import json

from arcbook.sql.errors import SqlError
from arcbook.sql.parse import parse


def json_members(sql: str) -> frozenset[str] | None:
    """The names of the members, as far as the statement spells them out (`TO_JSON(NAMED_STRUCT('A', …))`, or the JSON
    as a text); None when they come from data or from something else.
    """
    from sqlglot import exp

    try:
        tree = parse(sql).tree
    except SqlError:
        return None
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1:
        return None
    value = tree.expressions[0].unalias()
    if isinstance(value, exp.Literal) and value.is_string:
        return _of_text(value.this)
    object_ = value.this if isinstance(value, exp.JSONFormat) else None
    if not isinstance(object_, exp.Struct):
        return None
    members = object_.expressions
    named = [member.this.name for member in members if isinstance(member, exp.PropertyEQ)]
    return frozenset(named) if len(named) == len(members) else None


def _of_text(text: str) -> frozenset[str] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return frozenset(value) if isinstance(value, dict) else None
