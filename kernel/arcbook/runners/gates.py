"""Running gates: the question, what it measured, and the rows that speak against the data."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from arcbook.core.evidence import MOST_COLUMNS, MOST_ROWS, masked_row
from arcbook.core.failures import CancelledError, QualityError
from arcbook.core.masking import masker
from arcbook.core.translate import translate
from arcbook.engines.session import Session
from arcbook.runners.base import Result
from arcbook.runners.messages import failed_message, outcome_of, structured
from arcbook.runners.statement import execute_statement
from arcbook.schemas.compile import ERRORS_COLUMN
from arcbook.sql.gates import Gate, gate_of
from arcbook.sql.placeholders import fill, substitute
from arcbook.sql.quote import identifier

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructField

_SIGNATURE = ["boolean", "string"]
#: Columns of which a refused row is told.
_MOST_FIELDS = 5


class IsGate(Protocol):
    """The keys of a stage that judges by a query."""

    @property
    def sql(self) -> str | None: ...
    @property
    def sql_params(self) -> dict[str, str]: ...
    @property
    def severity(self) -> str: ...
    @property
    def evidence(self) -> str | None: ...
    @classmethod
    def type_name(cls) -> str: ...


def judge(
    stage: IsGate,
    session: Session,
    names: Mapping[str, str] | None = None,
    *,
    shown: Sequence[str] = (),
    private: bool = True,
) -> Result:
    """Ask a gate's question.

    Args:
        stage: the gate.
        session: where to ask it.
        names: views that stand for others.
        shown: columns of the evidence that are not masked.
        private: whether the others are.

    Raises:
        QualityError: the outcome is false and the severity `fail`, or the query gives no outcome.
    """
    text = substitute(stage.sql or "", stage.sql_params).text
    gate = gate_of(text)
    started = time.monotonic()
    outcome, message, measured = _asked(stage, gate, session, names)
    found: dict[str, Any] = {
        "rule": masker().mask(gate.rule), "outcome": "pass", "severity": stage.severity, **measured,
        "seconds": _since(started),
    }  # fmt: skip
    details = {"sql": text, "message": structured(message), "gate": found}
    if outcome:
        return Result(details=details)
    found["outcome"] = stage.severity
    query = fill(stage.evidence, stage.sql_params).text if stage.evidence else gate.evidence
    found |= _evidence(query, shown, session, names, private=private)
    if stage.severity == "warn":
        return Result(details=details)
    raise QualityError(failed_message(stage.type_name(), message), gate=found)


def refusal(refused: str, rule: str, view: str, session: Session) -> dict[str, Any]:
    """The evidence of typing that stops at rows with errors.

    Args:
        refused: a query for the errors of such rows, in a column `e`.
        rule: what must hold.
        view: the name of the view that typing would have made.
        session: where to ask.
    """
    query = f"SELECT * FROM {identifier(view)} WHERE size({ERRORS_COLUMN}) > 0"
    found: dict[str, Any] = {"rule": rule, "outcome": "fail", "severity": "fail"}
    started = time.monotonic()
    try:
        rows = session.spark.sql(
            f"SELECT each.field, count(*) FROM ({refused}) LATERAL VIEW explode(e) x AS each "
            "GROUP BY each.field ORDER BY 2 DESC, 1"
        ).collect()
        count = session.spark.sql(f"SELECT count(*) FROM ({refused})").collect()[0][0]
    except Exception as error:  # noqa: BLE001  # the refusal itself is told in any case
        return {**found, "lack": f"The rows cannot be counted: {translate(error).message}", "seconds": _since(started)}
    sample = [{"column": field, "rows": str(number)} for field, number in rows[:_MOST_FIELDS]]
    return {
        **found, "count": count, "sample": sample, "query": f"{query}  -- with failMode `permissive`, all nullable",
        "seconds": _since(started),
    }  # fmt: skip


def _asked(
    stage: IsGate, gate: Gate, session: Session, names: Mapping[str, str] | None
) -> tuple[bool, str | None, dict[str, Any]]:
    """Outcome, message and what was measured. The query is run with more columns, or, if that fails, as it stands."""
    if gate.measuring:
        try:
            frame = execute_statement(gate.measuring, {}, session, names).frame
            kinds = [field.dataType.simpleString() for field in frame.schema.fields]
            rows = frame.take(2) if kinds[:2] == _SIGNATURE else []
        except Exception:  # noqa: BLE001  # what is wrong with the query itself is told below, in its own words
            rows = []
        if len(rows) == 1 and rows[0][0] is not None:
            outcome, message, value, limit, judged = rows[0]
            told = {"measured": _plain(value), "comparison": gate.comparison, "limit": _plain(limit)}
            return outcome, message, {**told, "judged": judged}
    statement = execute_statement(stage.sql, stage.sql_params, session, names)
    return (*outcome_of(statement.frame, stage.type_name()), {})


def _evidence(
    query: str, shown: Sequence[str], session: Session, names: Mapping[str, str] | None, *, private: bool
) -> dict[str, Any]:
    """The rows that a query gives; why there are none, when it gives none: a gate fails for its own reason."""
    if not query:
        return {"lack": "The query does not tell which rows: write a query for them as `evidence`."}
    started = time.monotonic()
    try:
        frame = execute_statement(query, {}, session, names).frame
        count, sample = frame.count(), _sample(frame, shown, private=private)
    except Exception as error:  # whatever else the query does: the gate's own failure must be told
        ours = translate(error)
        if isinstance(ours, CancelledError):
            raise
        return {"query": masker().mask(query), "lack": f"The rows cannot be shown: {ours.message}"}
    return {
        "count": count, "sample": sample, "query": masker().mask(query), "evidenceSeconds": _since(started),
    }  # fmt: skip


def _sample(frame: "DataFrame", shown: Sequence[str], *, private: bool) -> list[dict[str, str | None]]:
    fields = frame.schema.fields[:MOST_COLUMNS]
    texts = frame.select(*(frame[identifier(field.name)] for field in fields)).limit(MOST_ROWS)
    texts = texts.selectExpr(*(f"{_as_text(field)} AS {identifier(field.name)}" for field in fields))
    plain = [field.name for field in fields if not private or field.name == ERRORS_COLUMN]
    names = [field.name for field in fields]
    return [masked_row(dict(zip(names, row, strict=True)), shown=[*shown, *plain]) for row in texts.collect()]


def _as_text(field: "StructField") -> str:
    name = identifier(field.name)
    kind = field.dataType.simpleString()
    if field.name == ERRORS_COLUMN and kind.startswith("array<struct<"):
        return f"array_join(transform({name}, each -> each.field), ', ')"  # the messages quote values
    if kind == "binary":
        return f"hex({name})"
    return f"to_json({name})" if kind.startswith(("array<", "struct<", "map<")) else f"CAST({name} AS STRING)"


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)
