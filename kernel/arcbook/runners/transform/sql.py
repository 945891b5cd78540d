"""SQLTransform."""

from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.views import make_view
from arcbook.runners.statement import execute_statement
from arcbook.stages.transform.sql import SQLTransform


@run.register
def run_sql_transform(stage: SQLTransform, session: Session) -> Result:
    """Run the statement; a result becomes the view."""
    statement = execute_statement(stage.sql, stage.sql_params, session)
    if stage.output_view is None:
        return Result(frame=statement.frame, details={"sql": statement.text})
    return make_view(statement.frame, stage, session, details={"sql": statement.text})
