"""Column lineage of whole statements: queries, and what MERGE, UPDATE, DELETE, INSERT and CREATE … AS leave behind."""

from collections.abc import Iterator
from typing import Any

from arcbook.sql.errors import SqlError
from arcbook.sql.origins import Catalogue, How, Lineage, Origin, Origins, Schemas, trace
from arcbook.sql.parse import parse
from arcbook.sql.references import analyse


def lineage(sql: str, schemas: Schemas) -> Lineage | None:
    """The lineage of a statement; None when it does not parse, or is none that rows flow through.

    Args:
        sql: one statement, its placeholders filled.
        schemas: columns (name to type) of each view it may read; without them stars and bare names stay open.
    """
    from sqlglot.errors import SqlglotError

    try:
        parsed, statement = parse(sql), analyse(sql)
    except SqlError:
        return None
    target = next((each.name for each in statement.writes), "")
    try:
        if parsed.first_word == "table" and statement.reads:
            return _whole(statement.reads[0].name, Catalogue(schemas))
        return _of(parsed.tree, target, Catalogue(schemas)) if parsed.tree is not None else None
    except (SqlglotError, RecursionError):
        return None


def _of(tree: Any, target: str, catalogue: Catalogue) -> Lineage | None:
    from sqlglot import exp

    if isinstance(tree, exp.Query):
        return trace(tree, catalogue)
    if isinstance(tree, exp.Merge):
        return _merged(tree, target, catalogue)
    if isinstance(tree, exp.Update | exp.Delete):
        return _updated(tree, target, catalogue)
    if isinstance(tree, exp.Insert | exp.Create | exp.Cache) and isinstance(tree.expression, exp.Query):
        return _inserted(tree, target, catalogue)
    return None


def _whole(view: str, catalogue: Catalogue) -> Lineage:
    """All columns of a view as they are."""
    return Lineage(tuple(_own(view, catalogue)))


def _own(view: str, catalogue: Catalogue) -> Iterator[tuple[str, Origins]]:
    for column in catalogue.columns(view):
        yield column, frozenset({catalogue.origin(view, column, How.IDENTITY)})


def _merged(tree: Any, target: str, catalogue: Catalogue) -> Lineage:
    """What a MERGE puts into its target: what was there, or what one of its actions gives."""
    from sqlglot import exp

    found: dict[str, Origins] = dict(_own(target, catalogue))
    influences: set[Origin] = set()
    joined = exp.select().from_(tree.this.copy()).join(tree.args["using"].copy(), on=tree.args["on"].copy())
    for when in tree.args["whens"].expressions:
        values = _assigned(when.args.get("then"), tree, target, catalogue)
        condition = when.args.get("condition")
        _add(values, joined if condition is None else joined.where(condition.copy()), catalogue, found, influences)
    return Lineage(tuple(found.items()), frozenset(influences), target)


def _assigned(action: Any, tree: Any, target: str, catalogue: Catalogue) -> list[tuple[str, Any]]:
    """The columns that an action of a MERGE sets, with their values; a star takes those the source has, too."""
    from sqlglot import exp

    pairs = [pair for pair in getattr(action, "expressions", ()) if isinstance(pair, exp.EQ)]
    if pairs:
        return [(pair.this.name, pair.expression) for pair in pairs]
    if (
        isinstance(action, exp.Insert)
        and isinstance(action.this, exp.Tuple)
        and isinstance(action.expression, exp.Tuple)
    ):
        inserted = zip(action.this.expressions, action.expression.expressions, strict=False)
        return [(column.name, value) for column, value in inserted]
    if not isinstance(action, exp.Insert | exp.Update):
        return []  # DELETE
    source = tree.args["using"]
    given = exp.select("*").from_(source.copy())
    columns = [name for name, _ in trace(given, catalogue).columns]
    wanted = {name.lower() for name in catalogue.columns(target)} or {name.lower() for name in columns}
    return [(name, exp.column(name, source.alias_or_name)) for name in columns if name.lower() in wanted]


def _updated(tree: Any, target: str, catalogue: Catalogue) -> Lineage:
    """What an UPDATE or DELETE leaves in its target."""
    from sqlglot import exp

    found: dict[str, Origins] = dict(_own(target, catalogue))
    influences: set[Origin] = set()
    values = [(pair.this.name, pair.expression) for pair in tree.expressions if isinstance(pair, exp.EQ)]
    rows, where = exp.select().from_(tree.this.copy()), tree.args.get("where")
    _add(values, rows if where is None else rows.where(where.this.copy()), catalogue, found, influences)
    return Lineage(tuple(found.items()), frozenset(influences), target)


def _add(
    values: list[tuple[str, Any]],
    rows: Any,
    catalogue: Catalogue,
    found: dict[str, Origins],
    influences: set[Origin],
) -> None:
    """Add to `found` where the values set on some rows come from, to `influences` what decides on these rows."""
    from sqlglot import exp

    items = [exp.alias_(value.copy(), name) for name, value in values] or [exp.alias_(exp.Literal.number(1), "one")]
    traced = trace(rows.select(*items), catalogue)
    influences |= traced.influences
    spelt = {name.lower(): name for name in found}
    for name, _ in values:
        known = spelt.get(name.lower(), name)
        found[known] = found.get(known, frozenset()) | traced.of(name)


def _inserted(tree: Any, target: str, catalogue: Catalogue) -> Lineage:
    """What INSERT or CREATE … AS puts into a table, by position."""
    from sqlglot import exp

    query = tree.expression.copy()
    if tree.args.get("with_") is not None:
        query.set("with_", tree.args["with_"].copy())
    traced = trace(query, catalogue)
    listed = [each.name for each in tree.this.expressions] if isinstance(tree.this, exp.Schema) else []
    known = catalogue.columns(target) if isinstance(tree, exp.Insert) else []
    names = listed or known or [name for name, _ in traced.columns]
    columns = tuple((name, origins) for name, (_, origins) in zip(names, traced.columns, strict=False))
    return Lineage(columns, traced.influences, target)
