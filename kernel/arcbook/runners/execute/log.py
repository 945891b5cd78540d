"""LogExecute."""

from arcbook.core.failures import DefinitionError
from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.messages import only_row, structured
from arcbook.runners.statement import execute_statement
from arcbook.stages.execute.log import LogExecute

_SIGNATURE = "LogExecute requires query to return 1 row with [message: string] signature."


@run.register
def run_log_execute(stage: LogExecute, session: Session) -> Result:
    """Log the message.

    Raises:
        DefinitionError: the query does not return one row with one text.
    """
    statement = execute_statement(stage.sql, stage.sql_params, session)
    row, returned = only_row(statement.frame, ("string",))
    if row is None:
        raise DefinitionError(f"{_SIGNATURE} Query returned {returned}.")
    if row[0] is None:
        raise DefinitionError(f"{_SIGNATURE} Query returned [null].")
    message = structured(row[0])
    session.log({"event": "message", "stage": stage.name, "message": message})
    return Result(details={"sql": statement.text, "message": message})
