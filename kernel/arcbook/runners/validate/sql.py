"""SQLValidate."""

from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.messages import passed
from arcbook.runners.statement import execute_statement
from arcbook.stages.validate.sql import SQLValidate


@run.register
def run_sql_validate(stage: SQLValidate, session: Session) -> Result:
    """Ask the gate's question.

    Raises:
        QualityError: the outcome is false, or the query gives no outcome.
    """
    statement = execute_statement(stage.sql, stage.sql_params, session)
    return Result(details={"sql": statement.text, "message": passed(statement.frame, "SQLValidate")})
