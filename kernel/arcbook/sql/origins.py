"""From which columns of which views the columns of a query come: a walk over sqlglot's scopes.

The words are those of OpenLineage's column lineage facet: a direct origin is an identity, a transformation or an
aggregation; indirect ones are conditions, windows, joins, filters, groups and orders.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

Schemas = Mapping[str, Mapping[str, str]]


class How(StrEnum):
    """In which way a column takes part; of the direct ways the stronger come later."""

    IDENTITY = "identity"
    TRANSFORMATION = "transformation"
    AGGREGATION = "aggregation"
    CONDITIONAL = "conditional"
    WINDOW = "window"
    JOIN = "join"
    FILTER = "filter"
    GROUP_BY = "group_by"
    SORT = "sort"

    @property
    def direct(self) -> bool:
        """Whether values flow, rather than decide."""
        return self in _DIRECT


_DIRECT = (How.IDENTITY, How.TRANSFORMATION, How.AGGREGATION)
#: The clauses of a query that decide which rows there are, by the names that sqlglot gives them.
_CLAUSES = {
    "where": How.FILTER, "having": How.FILTER, "qualify": How.FILTER, "group": How.GROUP_BY, "order": How.SORT,
    "sort": How.SORT,
}  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """A column of a view, or a member of a struct column (`address.city`), and how it takes part."""

    view: str
    column: str
    how: How

    def through(self, how: How) -> "Origin":
        """The same origin seen through one more step: the stronger way counts, and what decides stays so."""
        if not self.how.direct:
            return self
        return replace(self, how=max(self.how, how, key=_DIRECT.index) if how.direct else how)


Origins = frozenset[Origin]


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a result comes from.

    `columns` has the name and the origins of each column of the result, in order; names may repeat. `influences` decide
    which rows there are, and so concern every column. `target` is the view or table that a statement changes, None for
    a query.
    """

    columns: tuple[tuple[str, Origins], ...] = ()
    influences: Origins = frozenset()
    target: str | None = None

    def of(self, column: str) -> Origins:
        """The origins of a column, whatever the case of its name; none when there is no such column."""
        wanted = column.lower()
        return frozenset(origin for name, origins in self.columns if name.lower() == wanted for origin in origins)


class Catalogue:
    """The views that statements may read, looked up without regard to case; names come back as they are spelt."""

    def __init__(self, schemas: Schemas) -> None:
        self._names = {name.lower(): name for name in schemas}
        self._columns = {name.lower(): {each.lower(): each for each in columns} for name, columns in schemas.items()}
        self.types: dict[str, object] = {
            name.lower(): {each.lower(): kind for each, kind in columns.items()} for name, columns in schemas.items()
        }

    def view(self, name: str) -> str:
        """The view's name as it is spelt."""
        return self._names.get(name.lower(), name)

    def columns(self, view: str) -> list[str]:
        """The columns of a view; none when it is not known."""
        return list(self._columns.get(view.lower(), {}).values())

    def origin(self, view: str, column: str, how: How) -> Origin:
        """A column of a view as an origin."""
        known = self._columns.get(view.lower(), {})
        return Origin(self.view(view), known.get(column.lower(), column), how)


def trace(query: Any, catalogue: Catalogue) -> Lineage:
    """What a query, a tree of sqlglot's, yields.

    Raises:
        sqlglot.errors.SqlglotError: the query is of a kind that sqlglot cannot qualify.
    """
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope

    sides = _Sides(query)
    qualified = qualify(
        query.copy(), schema=catalogue.types, dialect="databricks", validate_qualify_columns=False,
        quote_identifiers=False, identify=False,
    )  # fmt: skip
    root: Any = build_scope(qualified)
    return _Walk(catalogue, root, sides).scope(root) if root is not None else Lineage()


def table_name(node: Any) -> str:
    """The dotted name of a table, the alias of anything else."""
    return ".".join(part.name for part in node.parts) if hasattr(node, "parts") else str(node.alias_or_name)


class _Sides:
    """Of which side of a join the columns are that USING or NATURAL makes one; sqlglot coalesces the two."""

    def __init__(self, query: Any) -> None:
        from sqlglot import exp

        self.natural = ""
        self.named: dict[str, str] = {}
        for join in query.find_all(exp.Join):
            side = {"RIGHT": "right", "FULL": "both"}.get(join.side.upper(), "left")
            self.named.update((each.name.lower(), side) for each in join.args.get("using") or ())
            if join.method.upper() == "NATURAL":
                self.natural = side

    def chosen(self, columns: list[Any]) -> Any:
        """The one of coalesced columns whose value is taken; None when either may be."""
        side = self.named.get(columns[0].name.lower(), self.natural)
        return {"left": columns[0], "right": columns[-1]}.get(side)


class _Walk:
    """One walk over the scopes of a qualified query."""

    def __init__(self, catalogue: Catalogue, root: Any, sides: _Sides) -> None:
        from sqlglot import exp

        self.exp = exp
        self.catalogue = catalogue
        self.sides = sides
        self.scopes = {id(scope.expression): scope for scope in root.traverse()}
        self.done: dict[int, Lineage] = {}

    # -- queries ------------------------------------------------------------------------------------------------------

    def scope(self, scope: Any) -> Lineage:
        """What one query (or table function) of the statement yields."""
        key = id(scope.expression)
        if key not in self.done:
            self.done[key] = Lineage()  # a recursive query adds nothing to itself
            self.done[key] = self._scope(scope)
        return self.done[key]

    def _scope(self, scope: Any) -> Lineage:
        node = scope.expression
        if isinstance(node, self.exp.SetOperation):
            return self._combined(node)
        if isinstance(node, self.exp.Select):
            return self._select(node, scope)
        if isinstance(node, self.exp.Subquery):
            return self._inner(node)
        return self._function(node, scope)

    def _inner(self, node: Any) -> Lineage:
        """What a query below another node yields, brackets around it or not."""
        found = self.scopes.get(id(node.unnest())) or self.scopes.get(id(node))
        return self.scope(found) if found is not None else Lineage()

    def _combined(self, node: Any) -> Lineage:
        """UNION takes values from both sides; INTERSECT and EXCEPT take those of the left that the right decides on."""
        left, right = self._inner(node.left), self._inner(node.right)
        influences = left.influences | right.influences
        if isinstance(node, self.exp.Except | self.exp.Intersect):
            decide = {origin.through(How.FILTER) for _, origins in right.columns for origin in origins}
            return Lineage(left.columns, influences | decide)
        pairs = zip(left.columns, right.columns, strict=False)
        return Lineage(tuple((name, one | other) for (name, one), (_, other) in pairs), influences)

    def _function(self, node: Any, scope: Any) -> Lineage:
        """A table function: each of its columns comes from all of its arguments; or a lateral query."""
        alias = node.args.get("alias")
        names = [each.name for each in alias.columns] if alias is not None else []
        if isinstance(node.this, self.exp.Query):
            inner = self._inner(node.this)
            named = tuple((name, origins) for name, (_, origins) in zip(names, inner.columns, strict=False))
            return replace(inner, columns=named or inner.columns)
        given = frozenset(self._below([node.this, *node.expressions], scope, How.TRANSFORMATION))
        return Lineage(tuple((name, given) for name in names))

    def _select(self, node: Any, scope: Any) -> Lineage:
        influences: set[Origin] = set()
        for _, source in scope.selected_sources.values():
            if not isinstance(source, self.exp.Expression):
                influences |= self.scope(source).influences
        for nested in scope.subquery_scopes:
            influences |= self.scope(nested).influences
        for join in node.args.get("joins") or ():
            influences.update(self._below([join.args.get("on")], scope, How.JOIN))
        for key, how in _CLAUSES.items():
            influences.update(self._below([node.args.get(key)], scope, how))
        columns = tuple(each for item in node.selects for each in self._item(item, scope))
        return Lineage(columns, frozenset(influences))

    def _item(self, item: Any, scope: Any) -> Iterator[tuple[str, Origins]]:
        """The columns that one item of a SELECT list gives."""
        origins = frozenset(self._value(item, scope, How.IDENTITY))
        names = [each.name for each in item.expressions] if isinstance(item, self.exp.Aliases) else [item.alias_or_name]
        yield from ((name, origins) for name in names)

    # -- expressions --------------------------------------------------------------------------------------------------

    def _below(self, nodes: Iterable[Any], scope: Any, how: How) -> Iterator[Origin]:
        """The columns below nodes, all of them in one way when that is no direct one."""
        for node in nodes:
            for origin in self._value(node, scope, How.IDENTITY) if node is not None else ():
                yield origin.through(how) if how.direct else replace(origin, how=how)

    def _value(self, node: Any, scope: Any, how: How) -> Iterator[Origin]:
        """The origins of an expression's value."""
        exp = self.exp
        if isinstance(node, exp.Alias | exp.Paren | exp.Aliases):
            yield from self._value(node.this, scope, how)
        elif isinstance(node, exp.Column):
            yield from self._column(node, scope, how)
        elif isinstance(node, exp.Dot):
            yield from self._member(node, scope, how)
        elif isinstance(node, exp.Query):
            step = max(how, How.TRANSFORMATION, key=_DIRECT.index)
            yield from (origin.through(step) for _, found in self._inner(node).columns for origin in found)
        elif isinstance(node, exp.Window):
            yield from self._window(node, scope)
        elif isinstance(node, exp.Filter):
            yield from self._value(node.this, scope, how)
            yield from self._below([node.expression], scope, How.CONDITIONAL)
        elif isinstance(node, exp.Case | exp.If):
            yield from self._choice(node, scope)
        elif isinstance(node, exp.Lambda):
            given = {each.name for each in node.expressions}
            found = self._value(node.this, scope, How.TRANSFORMATION)
            yield from (origin for origin in found if origin.view or origin.column not in given)
        elif isinstance(node, exp.Coalesce) and (joined := self._joined(node)) is not None:
            yield from self._value(joined, scope, how)
        else:
            yield from self._made(node, scope)

    def _made(self, node: Any, scope: Any) -> Iterator[Origin]:
        """A function or an operator over its arguments."""
        exp = self.exp
        # Of the functions for windows some only pick a row.
        picks = isinstance(node, exp.Lag | exp.Lead | exp.NthValue) or (
            isinstance(node, exp.FirstValue | exp.LastValue) and node.find_ancestor(exp.Window, exp.Select) is not None
        )
        step = How.AGGREGATION if isinstance(node, exp.AggFunc) and not picks else How.TRANSFORMATION
        for child in node.iter_expressions():
            yield from (origin.through(step) for origin in self._value(child, scope, step))

    def _window(self, node: Any, scope: Any) -> Iterator[Origin]:
        """A function over a window, which may be named further down."""
        yield from self._value(node.this, scope, How.TRANSFORMATION)
        named = {each.this.name: each for each in scope.expression.args.get("windows") or ()}
        for window in (node, named.get(node.args["alias"].name) if node.args.get("alias") is not None else None):
            if window is not None:
                parts = [*(window.args.get("partition_by") or ()), window.args.get("order")]
                yield from self._below(parts, scope, How.WINDOW)

    def _choice(self, node: Any, scope: Any) -> Iterator[Origin]:
        """CASE and IF: conditions decide, values flow."""
        branches = node.args.get("ifs")
        decide = [node.this, *(branch.this for branch in branches)] if branches is not None else [node.this]
        flow = [branch.args.get("true") for branch in (branches if branches is not None else [node])]
        yield from self._below(decide, scope, How.CONDITIONAL)
        yield from self._below([*flow, node.args.get("default"), node.args.get("false")], scope, How.TRANSFORMATION)

    def _joined(self, node: Any) -> Any:
        """The column that a coalesced column of USING is; None for a coalesce that somebody wrote."""
        columns = [node.this, *node.expressions]
        if not all(isinstance(each, self.exp.Column) for each in columns) or len({each.name for each in columns}) > 1:
            return None
        return self.sides.chosen(columns)

    # -- columns ------------------------------------------------------------------------------------------------------

    def _column(self, node: Any, scope: Any, how: How) -> Iterator[Origin]:
        source = self._source(node, scope)
        if isinstance(source, self.exp.Table):
            yield self.catalogue.origin(table_name(source), node.name, how)
        elif source is not None:
            yield from (origin.through(how) for origin in self.scope(source).of(node.name))
        else:
            yield from self._pivoted(node, scope, how)

    def _source(self, node: Any, scope: Any) -> Any:
        """The table or scope that a column is of; a subquery sees those of the queries around it."""
        while scope is not None:
            if node.table in scope.sources:
                return scope.sources[node.table]
            scope = scope.parent
        return None

    def _member(self, node: Any, scope: Any, how: How) -> Iterator[Origin]:
        """A member of a struct: of a column of a view (`address.city`), or of a struct that a subquery builds."""
        exp = self.exp
        base, path = node, list[str]()
        while isinstance(base, exp.Dot):
            path.insert(0, base.expression.name)
            base = base.this
        if isinstance(base, exp.Column) and (built := self._built(base, path[0], scope)) is not None:
            value, inner = built
            yield from (origin.through(how) for origin in self._value(value, inner, How.IDENTITY))
            return
        for origin in self._value(base, scope, How.IDENTITY):
            whole = isinstance(base, exp.Column) and origin.how is How.IDENTITY
            yield (replace(origin, column=".".join([origin.column, *path])) if whole else origin).through(how)

    def _built(self, column: Any, member: str, scope: Any) -> tuple[Any, Any] | None:
        """The expression behind a member of a struct that a subquery builds, with that subquery's scope."""
        exp = self.exp
        source = self._source(column, scope)
        if source is None or isinstance(source, exp.Expression) or not isinstance(source.expression, exp.Select):
            return None
        items = [item.unalias() for item in source.expression.selects if item.alias_or_name == column.name]
        members = items[0].expressions if len(items) == 1 and isinstance(items[0], exp.Struct) else ()
        for each in members:
            if isinstance(each, exp.PropertyEQ) and each.this.name.lower() == member.lower():
                return each.expression, source
        return None

    def _pivoted(self, node: Any, scope: Any, how: How) -> Iterator[Origin]:
        """A column of `FROM v PIVOT(…)`: one that it keeps, or an aggregate for one of the values."""
        from_ = scope.expression.args.get("from_")
        for pivot in (from_.this.args.get("pivots") if from_ is not None else None) or ():
            if pivot.alias != node.table:
                continue
            made = [each.name for each in pivot.args.get("columns") or ()]
            if node.name not in made:
                yield from self._column(self.exp.column(node.name, from_.this.alias_or_name), scope, how)
                continue
            # Each value has a column for each aggregate, side by side.
            aggregate = pivot.expressions[made.index(node.name) % len(pivot.expressions)]
            yield from self._below([aggregate], scope, How.TRANSFORMATION)
            fields = [column for each in pivot.args.get("fields") or () for column in each.find_all(self.exp.Column)]
            yield from self._below(fields, scope, How.CONDITIONAL)
