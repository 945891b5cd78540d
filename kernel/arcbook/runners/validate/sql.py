"""SQLValidate."""

from arcbook.core.failures import QualityError
from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.messages import only_row, structured
from arcbook.runners.statement import execute_statement
from arcbook.stages.validate.sql import SQLValidate

_SIGNATURE = "SQLValidate requires query to return 1 row with [outcome: boolean, message: string] signature."


@run.register
def run_sql_validate(stage: SQLValidate, session: Session) -> Result:
    """Ask the gate's question.

    Raises:
        QualityError: the outcome is false, or the query gives no outcome.
    """
    statement = execute_statement(stage.sql, stage.sql_params, session)
    row, returned = only_row(statement.frame, ("boolean", "string"))
    if row is None:
        raise QualityError(f"{_SIGNATURE} Query returned {returned}.")
    outcome, message = row
    if outcome is None:
        raise QualityError(f"{_SIGNATURE} Query returned [null, {'null' if message is None else 'not null'}].")
    if not outcome:
        raise QualityError(f"SQLValidate failed with message: '{'null' if message is None else message}'.")
    return Result(details={"sql": statement.text, "message": structured(message)})
