"""ControlFlowExecute."""

from arcbook.core.failures import DefinitionError
from arcbook.engines.session import Session
from arcbook.runners.base import Decision, Result, run
from arcbook.runners.messages import outcome_of, structured
from arcbook.runners.statement import execute_statement
from arcbook.stages.execute.control_flow import ControlFlowExecute


@run.register
def run_control_flow_execute(stage: ControlFlowExecute, session: Session) -> Result:
    """Store the outcome under the stage's key.

    Raises:
        DefinitionError: the run is a streaming one.
        QualityError: the query gives no outcome.
    """
    if session.settings.streaming:
        raise DefinitionError("ControlFlowExecute can only be executed when not in streaming mode.")
    statement = execute_statement(stage.sql, stage.sql_params, session)
    goes_on, text = outcome_of(statement.frame, "ControlFlowExecute")
    message = structured(text)
    return Result(
        decisions={stage.key: Decision(goes_on, message)},
        details={"sql": statement.text, "key": stage.key, "result": goes_on, "message": message},
    )
