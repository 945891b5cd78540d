"""MetadataValidate."""

from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.columns import columns_as_view
from arcbook.runners.messages import passed
from arcbook.runners.statement import execute_statement
from arcbook.stages.validate.metadata import MetadataValidate


@run.register
def run_metadata_validate(stage: MetadataValidate, session: Session) -> Result:
    """Ask the gate's question of the view's columns.

    Raises:
        QualityError: the outcome is false, or the query gives no outcome.
    """
    with columns_as_view(stage.input_view, session) as names:
        statement = execute_statement(stage.sql, stage.sql_params, session, names)
        return Result(details={"sql": statement.text, "message": passed(statement.frame, "MetadataValidate")})
