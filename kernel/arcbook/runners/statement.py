"""Running one SQL statement: placeholders, bound parameters, changes through views of Delta tables."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from arcbook.core.failures import DefinitionError
from arcbook.core.suggest import did_you_mean
from arcbook.engines.session import Session
from arcbook.runners.change_once import change_once
from arcbook.runners.delta import last_metrics, same_table
from arcbook.runners.delta_places import read_table, save_table, statement_for_engine
from arcbook.runners.reading.listing import can_list
from arcbook.runners.refresh import refresh
from arcbook.sql.clock import at_time, clock_calls
from arcbook.sql.errors import SqlError
from arcbook.sql.lexical import code_only
from arcbook.sql.placeholders import named_parameters, substitute
from arcbook.sql.quote import Typed, items, literal
from arcbook.sql.references import Statement, analyse
from arcbook.sql.rewrite import delta_path, renamed, respelled, retarget

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

CHANGES = frozenset(("merge", "insert", "update", "delete"))
_INSERT = re.compile(r"\s*insert\s+(into|overwrite)\s+(?:table\s+)?", re.IGNORECASE)
_IN = re.compile(r"\bin\s*\(\s*$", re.IGNORECASE)
_LIMIT = re.compile(r"\b(?:limit|offset)\s*$", re.IGNORECASE)
_COLUMNS = re.compile(r"\s*\(([\w`\s,.]+)\)\s*(?=\(|select\b|values\b|with\b|table\b|from\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a statement did.

    `text` is the statement as run, after placeholders were filled. `kind` is "query" for what only reads. `rows`
    counts what a change did to its table: `affected`, and `inserted`, `updated`, `deleted` where they apply. `skipped`
    says that an earlier attempt at the run has made the change.
    """

    frame: "DataFrame"
    text: str
    kind: str = "query"
    rows: Mapping[str, int] = field(default_factory=dict)
    skipped: bool = False


def execute_statement(
    sql: str | None, sql_params: Mapping[str, str], session: Session, names: Mapping[str, str] | None = None
) -> Outcome:
    """Run `sql` now, if it acts; a query is evaluated when its frame is read. `names` are views that stand for others.

    MERGE, INSERT, UPDATE and DELETE into a view that stands for a Delta table change the table, and every view that
    reads it shows the change afterwards.

    Raises:
        SqlError: the statement or its parameters are wrong.
        DefinitionError: there is no statement.
    """
    if not sql:
        raise DefinitionError("The stage has no statement: give `sql`, or `inputURI` with a file's address.")
    rendered = substitute(sql, sql_params)
    text = rendered.text
    arguments: dict[str, Any] = {}
    for parameter in named_parameters(text):
        if parameter.name not in session.parameters:
            start, end = rendered.source_offset(parameter.start), rendered.source_offset(parameter.end)
            remedy = did_you_mean(parameter.name, session.parameters) or "Declare it in the %params cell."
            raise SqlError(f":{parameter.name} has no value.", start, end, code="sql-parameter", remedy=remedy)
        arguments[parameter.name] = _plain(session.parameters[parameter.name])
    statement = analyse(text)
    timed = _timed(renamed(text, names).text if names else text, statement, session)
    if statement.kind not in CHANGES:
        return Outcome(_sql(_spelt(timed, session), arguments, session), text, statement.kind)
    return _changed(timed, arguments, statement, session)


def _changed(text: str, arguments: dict[str, Any], statement: Statement, session: Session) -> Outcome:
    """Run a statement that changes a table."""
    targets = {view.name: delta_path(view.delta_path) for view in session.views if view.delta_path}
    path = _target_path(statement, session)
    run_text = _spelt(retarget(text, targets), session)

    def change() -> "DataFrame":
        # Levelled here because Sail knows no INSERT into a Delta path.
        if session.engine == "embedded" and statement.kind == "insert" and path is not None:
            return _insert(run_text, arguments, path, session)
        return _sql(run_text, arguments, session)

    key = session.key_of("sql")
    overwrites = statement.kind == "insert" and re.match(r"\s*insert\s+overwrite\b", text, re.IGNORECASE)
    if key and path is not None and can_list(path) and not overwrites:
        made = change_once(path, key, statement.kind, change, session)
        if made is None:
            nothing = session.spark.createDataFrame([(0,)], ["num_affected_rows"])
            return Outcome(nothing, text, statement.kind, {"affected": 0}, skipped=True)
        frame = made
    else:
        frame = change()
    rows = last_metrics(path) if path is not None and can_list(path) else _reported(frame)
    if path is not None:
        refresh(path, session)
    if rows:
        frame = session.spark.createDataFrame([tuple(rows.values())], [f"num_{name}_rows" for name in rows])
    return Outcome(frame, text, statement.kind, rows)


def _timed(text: str, statement: Statement, session: Session) -> str:
    """The statement with the run's one time where it reads the clock; who works in a notebook keeps the clock."""
    calls = list(clock_calls(text)) if session.settings.run_id else []
    if not calls:
        return text
    columns: set[str] = set()
    if not all(call.certain for call in calls):
        # Without brackets the name may be a column of a view, which the engines look for first.
        views = (session.views.get(reference.name) for reference in statement.reads)
        columns.update(name.lower() for view in views if view for name in session.spark.table(view.name).columns)
    return at_time(text, session.settings.logical_time, columns=frozenset(columns)).text


def _target_path(statement: Statement, session: Session) -> str | None:
    for target in statement.writes:
        if target.path is not None and target.name.lower().startswith("delta"):
            return target.path
        view = session.views.get(target.name)
        if view is not None and view.delta_path is not None:
            return view.delta_path
    return None


def _insert(text: str, arguments: dict[str, Any], path: str, session: Session) -> "DataFrame":
    """INSERT into a Delta path as an append (or overwrite) of its query's rows, columns by position."""
    head = _INSERT.match(text)
    target = next(each for each in analyse(text).writes if each.path is not None)
    if head is None or not same_table(target.path or "", path):
        raise DefinitionError("The engine `embedded` takes INSERT INTO or INSERT OVERWRITE, a table and a query.")
    rest = text[target.end :]
    listed = _COLUMNS.match(rest)
    query = _sql(rest[listed.end() :] if listed else rest, arguments, session)
    table = read_table(path, session)
    names = [name.strip().strip("`") for name in listed.group(1).split(",")] if listed else table.columns
    if len(names) != len(query.columns):
        raise DefinitionError(f"INSERT has {len(query.columns)} values for {len(names)} columns.")
    given = query.toDF(*(name.lower() for name in names))
    columns = []
    for each in table.schema.fields:
        value = f"`{each.name.lower()}`" if each.name.lower() in given.columns else "NULL"
        columns.append(f"CAST({value} AS {each.dataType.simpleString()}) AS `{each.name}`")
    rows = given.selectExpr(*columns)
    save_table(rows.write.mode("append" if head.group(1).lower() == "into" else "overwrite"), path, session)
    return rows


def _sql(text: str, arguments: Mapping[str, Any], session: Session) -> "DataFrame":
    """Run `text` with its parameters bound.

    A parameter becomes a literal of its type, quoted by the same code that the typing of text uses. The engines' own
    binding cannot be used: Sail leaves a parameter unbound where it is the argument of a table function, and says so
    only when rows are read; the parser that Delta Lake 4.4 puts in front of Spark 4.1's drops every parameter.
    """
    text = statement_for_engine(text, session)
    code = code_only(text)
    for parameter in reversed(named_parameters(text)):
        before, behind = code[: parameter.start], code[parameter.end :]
        written = _written(arguments[parameter.name], before, behind)
        text = text[: parameter.start] + written + text[parameter.end :]
    return session.spark.sql(text)


def _written(value: Any, before: str, behind: str) -> str:
    """A parameter as SQL, between the code `before` and `behind` it."""
    plain = _value_of(value)
    if isinstance(plain, list | tuple) and _IN.search(before) and behind.lstrip().startswith(")"):
        return _within_in(value)
    # Spark takes no BIGINT for a limit, whatever its value.
    return literal(plain if isinstance(plain, int) and _LIMIT.search(before) else value)


def _within_in(value: Any) -> str:
    """A list in place of `:name` in `IN (:name)`: its items. Nothing is in an empty one, nor is null."""
    item = value.type.removeprefix("ARRAY<").removesuffix(">") if isinstance(value, Typed) else None
    found = [Typed(each, item) if item else each for each in _value_of(value)]
    return items(found) if found else f"SELECT {literal(Typed(None, item or 'STRING'))} WHERE false"


def _value_of(value: Any) -> Any:
    return value.value if isinstance(value, Typed) else value


def _reported(frame: "DataFrame") -> dict[str, int]:
    """The counts that Spark returns as the statement's only row."""
    names = {column: column.removeprefix("num_").removesuffix("_rows") for column in frame.columns}
    if not all(column.startswith("num_") for column in names):
        return {}
    row = frame.first()
    return {name: int(row[column] or 0) for column, name in names.items()} if row is not None else {}


def _spelt(text: str, session: Session) -> str:
    """View names as the catalogue of an engine that minds case spells them."""
    if session.engine != "embedded":
        return text
    return respelled(text, [view.name for view in session.views]).text


def _plain(value: Any) -> Any:
    """The value of a secret, anything else as it is."""
    reveal = getattr(_value_of(value), "reveal", None)
    return reveal() if reveal is not None else value
