"""Running a part of a job on given rows, again and again, and what is the same about two outcomes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any

from arcbook.cells.model import Step
from arcbook.cells.params import Values
from arcbook.cells.plan import resolved
from arcbook.core.failures import ArcbookError, DefinitionError
from arcbook.engines.views import View
from arcbook.runners.executor import Executor
from arcbook.runners.statement import execute_statement
from arcbook.sql.parse import parse
from arcbook.sql.placeholders import fill
from arcbook.sql.quote import identifier
from arcbook.testing.values import frame_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Conditions of a statement that are looked at.
MOST_CONDITIONS = 12
_CHANGING = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\d+")


@dataclass(frozen=True, slots=True)
class Given:
    """The rows of a view: Python values by column, and the columns' types as SQL writes them."""

    types: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]


def held_by(frame: "DataFrame") -> Given:
    """The rows of a frame; instants with their zone, UTC.

    Raises:
        DefinitionError: two columns have one name, which no test file can hold.
    """
    types = {each.name: each.dataType.simpleString() for each in frame.schema.fields}
    if len(types) < len(frame.columns):
        raise DefinitionError("A test cannot hold a view with two columns of one name.")
    instants = [name for name, kind in types.items() if kind == "timestamp"]
    rows = [row.asDict(recursive=True) for row in frame.collect()]
    for row in rows:
        # The client gives them in the zone of this machine, without saying so.
        row.update({name: row[name].astimezone(UTC) for name in instants if row[name] is not None})
    return Given(types, rows)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a part of a job ended: the rows of the view that is looked at, or the failure."""

    failure: ArcbookError | None = None
    rows: Sequence[Mapping[str, Any]] = ()
    types: Mapping[str, str] = field(default_factory=dict)


class Trial:
    """A part of a job: the steps to run, and the view to look at (none for a failure)."""

    def __init__(self, executor: Executor, steps: Sequence[Step], values: Values, view: str | None) -> None:
        self._executor = executor
        self._steps = steps
        self._values = values
        self._view = view

    def run(self, given: Mapping[str, Given]) -> Outcome:
        """Run the steps on the given rows."""
        session = self._executor.session(self._values.bound())
        for name, each in given.items():
            frame = frame_of([texts_of(row) for row in each.rows], each.types, session.spark)
            frame.createOrReplaceTempView(name)
            session.views.put(View(name))
        try:
            for step in (due for each in self._steps for due in resolved(each, {})):
                own = step.context.values.bound() if step.context else {}
                result = self._executor.execute(step, {**self._values.bound(), **own})
                if self._view is None and result.frame is not None:
                    with self._executor.explaining(step):
                        result.frame.collect()
            if self._view is None:
                return Outcome()
            with self._executor.explaining(self._steps[-1]):
                held = held_by(session.spark.table(identifier(self._view)))
                return Outcome(rows=held.rows, types=held.types)
        except ArcbookError as failure:
            return Outcome(failure)

    def signature(self, outcome: Outcome, given: Mapping[str, Given], known: frozenset[str]) -> Any:
        """What must not change when rows are left out or masked.

        Of a failure its class and message, without what data puts into it. Of rows their kinds: for each column null,
        empty, zero, true or false, or one of the texts that the job names; and which conditions of the statement are
        true, false and null of the given rows.
        """
        if outcome.failure is not None:
            return (outcome.failure.failure.name, _CHANGING.sub("…", outcome.failure.message.partition("\n")[0]))
        kinds = frozenset(tuple(_kind(value, known) for value in row.values()) for row in outcome.rows)
        return (kinds, *self._conditions(given))

    def _conditions(self, given: Mapping[str, Given]) -> Iterator[Any]:
        session = self._executor.session(self._values.bound())
        for condition in _conditions_of(self._steps):
            for name in given:
                with suppress(Exception):  # a condition on another view
                    sql = f"SELECT DISTINCT CAST(({condition}) AS BOOLEAN) FROM {identifier(name)}"
                    found = execute_statement(sql, {}, session).frame.collect()
                    yield (condition, name, frozenset(row[0] for row in found))


def literals_of(steps: Sequence[Step]) -> frozenset[str]:
    """The texts that the statements of steps name."""
    from sqlglot import exp

    return frozenset(
        str(each.this)
        for tree in _trees(steps)
        for each in tree.find_all(exp.Literal)
        if each.is_string
    )  # fmt: skip


def texts_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as a test file holds it."""
    return {name: text_of(value) for name, value in row.items()}


def text_of(value: Any) -> Any:
    """A value as a test file holds it: text, or lists and objects of texts; None is null.

    Raises:
        DefinitionError: no test file can hold it.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return {str(text_of(key)): text_of(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [text_of(item) for item in value]
    if isinstance(value, bytes | bytearray):
        return bytes(value).hex()
    if hasattr(value, "isoformat"):
        return value.isoformat(sep=" ") if hasattr(value, "hour") else value.isoformat()
    if isinstance(value, str | int | float) or hasattr(value, "as_tuple"):
        return value if isinstance(value, str) else f"{value:f}" if hasattr(value, "as_tuple") else repr(value)
    raise DefinitionError(f"A test cannot hold a value like {type(value).__name__}.")


def _kind(value: Any, known: frozenset[str]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value if value in known or not value else "text"
    if isinstance(value, list | tuple | Mapping):
        return len(value) > 0
    return "zero" if value == 0 else type(value).__name__


def _trees(steps: Sequence[Step]) -> Iterator[Any]:
    for step in steps:
        sql = getattr(step.stage, "sql", None)
        if isinstance(sql, str):
            with suppress(Exception):  # the engine takes what our parser does not know
                tree = parse(fill(sql, getattr(step.stage, "sql_params", {})).text).tree
                if tree is not None:
                    yield tree


def _conditions_of(steps: Sequence[Step]) -> list[str]:
    """The conditions on single rows in the statements of steps, without the names of tables."""
    from sqlglot import exp

    found: dict[str, None] = {}
    for tree in _trees(steps):
        asked = [each.this for each in tree.find_all(exp.Where, exp.Filter, exp.If, exp.CountIf)]
        for node in (leaf for each in asked for leaf in _leaves(each)):
            if node.find(exp.AggFunc, exp.Window, exp.Subquery, exp.Select) is not None:
                continue
            bare = node.copy()
            for column in bare.find_all(exp.Column):
                column.set("table", None)
            found[bare.sql(dialect="spark")] = None
    return list(found)[:MOST_CONDITIONS]


def _leaves(node: Any) -> Iterator[Any]:
    from sqlglot import exp

    if isinstance(node, exp.And | exp.Or):
        yield from _leaves(node.left)
        yield from _leaves(node.right)
    elif isinstance(node, exp.Paren | exp.Not | exp.Where):
        yield from _leaves(node.this)
    elif node is not None and not isinstance(node, exp.Literal | exp.Boolean):
        yield node
