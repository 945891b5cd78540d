"""Statements that write into a view, written anew to write into what the view stands for."""

import re
from collections.abc import Iterable, Mapping

from arcbook.sql.offsets import Rendered, Replacement, render
from arcbook.sql.parse import Parsed, parse
from arcbook.sql.quote import identifier
from arcbook.sql.references import Reference, analyse

_CHANGES = frozenset(("merge", "insert", "update", "delete"))


def delta_path(path: str) -> str:
    """The name of the Delta table at `path`, as SQL."""
    return f"delta.{identifier(path)}"


def retarget(sql: str, targets: Mapping[str, str]) -> str:
    """The text of `retargeted`."""
    return retargeted(sql, targets).text


def retargeted(sql: str, targets: Mapping[str, str]) -> Rendered:
    """`sql` with the view that a MERGE, INSERT, UPDATE or DELETE changes replaced by `targets[view]`.

    Names of views are compared without case. A statement that only reads, or changes something not in `targets`, stays
    as it is. Columns qualified with the view's name (`view.id`) stay valid: the target gets the view's name as alias
    where it has none.

    Raises:
        SqlError: no engine accepts the statement.
    """
    statement = analyse(sql)
    by_lower = {name.lower(): replacement for name, replacement in targets.items()}
    if statement.kind not in _CHANGES:
        return render(sql, ())
    changes = []
    for target in statement.writes:
        replacement = by_lower.get(target.name.lower())
        if target.path is None and replacement is not None:
            changes.append(Replacement(target.start, target.end, replacement + _alias(parse(sql), target)))
    return render(sql, changes)


def respelled(sql: str, names: Iterable[str]) -> Rendered:
    """`sql` with the views it names spelt as in `names`, for an engine whose catalogue minds case (the embedded one).

    Raises:
        SqlError: no engine accepts the statement.
    """
    known = list(names)
    by_lower = {name.lower(): name for name in known}
    statement = analyse(sql)
    return render(
        sql,
        [
            Replacement(each.start, each.end, identifier(by_lower[each.name.lower()]))
            for each in (*statement.reads, *statement.writes)
            if each.path is None and each.name not in known and each.name.lower() in by_lower
        ],
    )


def renamed(sql: str, names: Mapping[str, str]) -> Rendered:
    """`sql`, a query, reading the view `names[view]` wherever it reads `view`; columns may go on being qualified by it.

    Names are compared without case; common table expressions of that name stay what they are.

    Raises:
        SqlError: no engine accepts the statement.
    """
    changes = []
    for each in analyse(sql).reads:
        new = names.get(each.name.lower())
        if new is None or each.path is not None:
            continue
        lone = sql[: each.start].strip().lower() == "table"  # `TABLE view` takes no alias
        alias = "" if each.alias or lone else f" AS {sql[each.start : each.end]}"
        changes.append(Replacement(each.start, each.end, identifier(new) + alias))
    return render(sql, changes)


def _alias(parsed: Parsed, target: Reference) -> str:
    from sqlglot import exp

    tree = parsed.tree
    if not isinstance(tree, exp.Merge | exp.Update | exp.Delete) or tree.this.alias:
        return ""
    word = parsed.sql[target.start : target.end]
    return f" AS {word}" if re.fullmatch(r"\w+|`[^`]+`", word) else ""
