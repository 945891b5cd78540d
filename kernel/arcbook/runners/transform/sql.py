"""SQLTransform."""

from typing import Any

from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.statement import execute_statement
from arcbook.runners.views import make_view
from arcbook.stages.transform.sql import SQLTransform


@run.register
def run_sql_transform(stage: SQLTransform, session: Session) -> Result:
    """Run the statement; a result becomes the view."""
    outcome = execute_statement(stage.sql, stage.sql_params, session)
    details: dict[str, Any] = {"sql": outcome.text}
    if outcome.rows:
        details["rows"] = dict(outcome.rows)
    if outcome.skipped:
        details["skipped"] = True
    if stage.output_view is None:
        return Result(frame=outcome.frame, details=details)
    return make_view(outcome.frame, stage, session, details=details)
