"""Static columns: what a query yields, and which columns it names that do not exist.

Nothing is claimed in doubt: a source whose columns are not known makes every name possible.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from arcbook.sql.errors import SqlError
from arcbook.sql.parse import parse
from arcbook.sql.scopes import Scope, Source

Columns = Mapping[str, str]
Schemas = Mapping[str, Columns]


@dataclass(frozen=True, slots=True)
class UnknownColumn:
    """A column at `sql[start:end]` that none of its sources has; `known` are the names there are."""

    name: str
    start: int
    end: int
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the columns of a statement come to.

    `unknown` are those that it names and that its views cannot have, in the order of their places. `output` are the
    columns a query yields, types by name ("" where the type is not known), or None when they cannot be told.
    """

    unknown: tuple[UnknownColumn, ...] = ()
    output: Columns | None = None


def resolve_columns(sql: str, schemas: Schemas, *, variables: Collection[str] = ()) -> Resolution:
    """Look up the columns of a statement in the views it reads.

    Args:
        sql: one statement; of one that does not parse nothing is said.
        schemas: columns (name to type) by view; a view that is missing here may have any column.
        variables: SQL variables of the session (`DECLARE`), which look like columns.
    """
    resolver = _resolve(sql, schemas, variables)
    if resolver is None:
        return Resolution()
    return Resolution(tuple(sorted(dict.fromkeys(resolver.unknown), key=lambda each: each.start)), resolver.output)


def _resolve(sql: str, schemas: Schemas, variables: Collection[str]) -> "_Resolver | None":
    try:
        parsed = parse(sql)
    except SqlError:
        return None
    if parsed.tree is None or "${" in sql or "|>" in sql:
        return None
    resolver = _Resolver(sql, schemas, variables)
    try:
        resolver.statement(parsed.tree)
    except RecursionError:
        return None
    return resolver


class _Resolver:
    """One walk over a statement's tree."""

    def __init__(self, sql: str, schemas: Schemas, variables: Collection[str]) -> None:
        from sqlglot import exp

        self.exp = exp
        self.sql = sql
        self.schemas = {name.lower(): columns for name, columns in schemas.items()}
        self.variables = frozenset(name.lower() for name in variables)
        self.unknown: list[UnknownColumn] = []
        self.output: Columns | None = None

    def statement(self, tree: Any) -> None:
        exp = self.exp
        if isinstance(tree, exp.Query):
            self.output = self.query(tree, {}, None)
            return
        ctes = self.with_clause(tree, {}, None)
        if isinstance(tree, exp.Merge):
            scope = Scope([self.source(tree.this, ctes, None), self.source(tree.args["using"], ctes, None)])
            self.check([tree.args.get("on"), tree.args.get("whens")], scope, ctes)
        elif isinstance(tree, exp.Update | exp.Delete) and not tree.args.get("from_") and not tree.args.get("using"):
            scope = Scope([self.source(tree.this, ctes, None)])
            self.check([*tree.expressions, tree.args.get("where")], scope, ctes)
        elif isinstance(tree, exp.Insert | exp.Create | exp.Cache) and isinstance(tree.expression, exp.Query):
            self.query(tree.expression, ctes, None)

    def query(self, node: Any, ctes: Schemas, outer: Scope | None) -> Columns | None:
        """Check a query and say what it yields."""
        exp = self.exp
        ctes = self.with_clause(node, ctes, outer)
        if isinstance(node, exp.Subquery):
            inner = self.query(node.this, ctes, outer)
            return None if node.args.get("pivots") else inner
        if isinstance(node, exp.SetOperation):
            left = self.query(node.left, ctes, outer)
            self.query(node.right, ctes, outer)
            return left
        if isinstance(node, exp.Select):
            return self.select(node, ctes, outer)
        return None

    def with_clause(self, node: Any, ctes: Schemas, outer: Scope | None) -> dict[str, Any]:
        known: dict[str, Any] = dict(ctes)
        with_ = node.args.get("with_")
        for cte in with_.expressions if with_ is not None else ():
            name = cte.alias.lower()
            if with_.args.get("recursive"):
                known[name] = None
            columns = self.query(cte.this, known, outer)
            known[name] = _renamed(columns, cte.args["alias"].args.get("columns"))
        return known

    def select(self, node: Any, ctes: Schemas, outer: Scope | None) -> Columns | None:
        scope = Scope(outer=outer)
        from_ = node.args.get("from_")
        if from_ is not None:
            scope.sources.append(self.source(from_.this, ctes, outer))
            self.nested_joins(from_.this, scope, ctes)
        for lateral in node.args.get("laterals") or ():
            self.lateral(lateral, scope, ctes)
        for join in node.args.get("joins") or ():
            self.join(join, scope, ctes)
        for join in node.args.get("joins") or ():
            self.check([join.args.get("on")], scope, ctes)
        aliases = {name.lower() for item in node.expressions for name in _aliases(item, self.exp)}
        self.check([node.args.get("where")], scope, ctes)
        for part in (*node.expressions, *(node.args.get(key) for key in ("group", "having", "qualify", "windows"))):
            self.check(part if isinstance(part, list) else [part], scope, ctes, aliases)
        # Rows are ordered by what the query yields, fields taken out of a struct included.
        yielded = aliases | {item.output_name.lower() for item in node.expressions}
        self.check([node.args.get(key) for key in ("order", "sort", "cluster", "distribute")], scope, ctes, yielded)
        return self.yielded(node, scope)

    def nested_joins(self, table: Any, scope: Scope, ctes: Schemas) -> None:
        for join in table.args.get("joins") or ():
            self.join(join, scope, ctes)

    def join(self, join: Any, scope: Scope, ctes: Schemas) -> None:
        if isinstance(join.this, self.exp.Lateral):
            self.lateral(join.this, scope, ctes)
            return
        added = self.source(join.this, ctes, scope.outer)
        kind = f"{join.kind} {join.side}".upper()
        using = join.args.get("using") or ()
        for column in using:
            left = Scope(list(scope.sources))
            for side in (left, Scope([added])):
                if not side.knows((column.name,)):
                    self.report(column, [column], side)
                    break
        if "SEMI" in kind or "ANTI" in kind:
            added = Source(added.name, added.columns, starred=False)
        scope.sources.append(added)
        self.nested_joins(join.this, scope, ctes)

    def lateral(self, lateral: Any, scope: Scope, ctes: Schemas) -> None:
        """A LATERAL VIEW or LATERAL subquery, which sees the sources before it."""
        exp = self.exp
        alias = lateral.args.get("alias")
        names = alias.args.get("columns") if alias is not None else None
        if isinstance(lateral.this, exp.Subquery):
            columns = _renamed(self.query(lateral.this, ctes, scope), names)
        else:
            self.check([lateral.this], scope, ctes)
            columns = {name.name: "" for name in names} if names else None
        scope.sources.append(Source(lateral.alias, columns))

    def source(self, node: Any, ctes: Schemas, outer: Scope | None) -> Source:
        """What a FROM or JOIN item offers."""
        exp = self.exp
        alias = node.args.get("alias")
        names = alias.args.get("columns") if isinstance(alias, exp.TableAlias) else None
        columns: Columns | None = None
        name = node.alias_or_name
        if isinstance(node, exp.Table):
            if isinstance(node.this, exp.Identifier):
                full = ".".join(part.name for part in node.parts).lower()
                columns = ctes[full] if full in ctes else self.schemas.get(full)
                name = node.alias or ".".join(part.name for part in node.parts)
        elif isinstance(node, exp.Query):
            columns = self.query(node, ctes, outer)
        if node.args.get("pivots"):
            return Source(name, None)
        return Source(name, _renamed(columns, names))

    def check(self, nodes: list[Any], scope: Scope, ctes: Schemas, aliases: Collection[str] = ()) -> None:
        """Report the columns below `nodes` that cannot exist; queries inside see this scope around them."""
        exp = self.exp
        for node in _own(nodes, exp):
            if isinstance(node, exp.Query):
                # A subquery may name an alias of the query around it only where that query may.
                self.query(node, ctes, Scope([*scope.sources, *_alias_source(aliases)], scope.outer))
            elif not self.possible(node, scope, {*aliases, *self.variables}):
                self.report(node, node.parts, scope)

    def possible(self, column: Any, scope: Scope, also: Collection[str]) -> bool:
        exp = self.exp
        parts = list(column.parts)
        if not all(isinstance(part, exp.Identifier) and "start" in part.meta for part in parts):
            return True
        # Units (DAY), formats and the like are arguments of functions that sqlglot does not know.
        if isinstance(column.parent, exp.Anonymous) and len(parts) == 1 and re.fullmatch("[A-Z]+", parts[0].name):
            return True
        return scope.knows([part.name for part in parts], also)

    def report(self, node: Any, parts: list[Any], scope: Scope) -> None:
        start, end = min(p.meta["start"] for p in parts), max(p.meta["end"] for p in parts) + 1
        names = [part.name for part in parts]
        self.unknown.append(UnknownColumn(".".join(names), start, end, scope.candidates(names)))

    def yielded(self, node: Any, scope: Scope) -> Columns | None:
        """The columns of a SELECT list, or None when one of them has a name only the engine knows."""
        exp = self.exp
        found: dict[str, str] = {}
        for item in node.expressions:
            star = item if isinstance(item, exp.Star) else item.this if isinstance(item, exp.Column) else None
            if isinstance(star, exp.Star):
                expanded = _expanded(star, item, scope)
                if expanded is None:
                    return None
                found.update(expanded)
            elif isinstance(item, exp.Column) and isinstance(star, exp.Identifier):
                found[item.name] = _type_of([part.name for part in item.parts], scope)
            elif isinstance(item, exp.Alias | exp.Aliases):
                found.update((name, "") for name in _aliases(item, exp))
            elif isinstance(item, exp.Dot) and isinstance(item.expression, exp.Identifier):
                found[item.expression.name] = ""
            else:
                return None
        return found


def _own(nodes: list[Any], exp: Any) -> Iterator[Any]:
    """The columns below `nodes`, and the queries, which are not entered."""
    wanted, skipped = (exp.Column, exp.Query), (exp.Star, exp.Pivot, exp.Hint, exp.DataType, exp.TableSample)
    stack = [node for node in reversed(nodes) if node is not None]
    while stack:
        node = stack.pop()
        if isinstance(node, wanted):
            yield node
        elif not isinstance(node, skipped):
            stack.extend(reversed(_parts(node, exp)))


def _parts(node: Any, exp: Any) -> list[Any]:
    """The children of a node that hold columns of its sources."""
    if isinstance(node, exp.Collate):
        return [node.this]
    if isinstance(node, exp.When):
        # What a MERGE assigns to may be a column that it adds (schema evolution); what it assigns must be there.
        then = node.args.get("then")
        values = [each.expression for each in getattr(then, "expressions", ()) if isinstance(each, exp.EQ)]
        inserted = [then.expression] if isinstance(then, exp.Insert) and then.expression is not None else []
        condition = [node.args["condition"]] if node.args.get("condition") is not None else []
        return [*condition, *values, *inserted]
    return [child for child in node.iter_expressions() if isinstance(child, exp.Expr)]


def _aliases(item: Any, exp: Any) -> list[str]:
    if isinstance(item, exp.Aliases):
        return [name.name for name in item.expressions]
    return [item.alias] if isinstance(item, exp.Alias) else []


def _alias_source(aliases: Collection[str]) -> list[Source]:
    return [Source("", dict.fromkeys(aliases, ""))] if aliases else []


def _renamed(columns: Columns | None, names: Any) -> Columns | None:
    """Columns under the names of an alias list: `t(a, b)`."""
    if not names:
        return columns
    types = list(columns.values()) if columns is not None else []
    return {name.name: types[index] if index < len(types) else "" for index, name in enumerate(names)}


def _expanded(star: Any, item: Any, scope: Scope) -> Columns | None:
    """What `*` or `t.*` stands for."""
    if star.args.get("rename"):
        return None
    qualifier = ".".join(part.name for part in item.parts[:-1]) if item is not star else ""
    chosen = [s for s in scope.sources if (s.called(qualifier) if qualifier else s.starred)]
    if not chosen or any(source.columns is None for source in chosen):
        return None
    left_out = {each.name.lower() for each in star.args.get("except_") or ()}
    return {n: t for s in chosen for n, t in (s.columns or {}).items() if n.lower() not in left_out}


def _type_of(parts: list[str], scope: Scope) -> str:
    name = parts[-1].lower()
    found = [
        source.types[name]
        for source in scope.sources
        if name in source.types and (len(parts) == 1 or (len(parts) == 2 and source.called(parts[0])))
    ]
    return found[0] if len(found) == 1 else ""
