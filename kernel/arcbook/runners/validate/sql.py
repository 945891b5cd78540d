"""SQLValidate."""

from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.gates import judge
from arcbook.stages.validate.sql import SQLValidate


@run.register
def run_sql_validate(stage: SQLValidate, session: Session) -> Result:
    """Ask the gate's question.

    Raises:
        QualityError: the outcome is false and the severity `fail`, or the query gives no outcome.
    """
    return judge(stage, session, shown=stage.evidence_columns)
