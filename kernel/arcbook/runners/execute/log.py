"""LogExecute."""

from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.messages import structured, text_of
from arcbook.runners.statement import execute_statement
from arcbook.stages.execute.log import LogExecute


@run.register
def run_log_execute(stage: LogExecute, session: Session) -> Result:
    """Log the message.

    Raises:
        DefinitionError: the query does not return one row with one text.
    """
    statement = execute_statement(stage.sql, stage.sql_params, session)
    message = structured(text_of(statement.frame, "LogExecute"))
    session.log({"event": "message", "stage": stage.name, "message": message})
    return Result(details={"sql": statement.text, "message": message})
