"""MetadataValidate."""

from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.columns import columns_as_view
from arcbook.runners.gates import judge
from arcbook.stages.validate.metadata import MetadataValidate


@run.register
def run_metadata_validate(stage: MetadataValidate, session: Session) -> Result:
    """Ask the gate's question of the view's columns.

    Raises:
        QualityError: the outcome is false and the severity `fail`, or the query gives no outcome.
    """
    with columns_as_view(stage.input_view, session) as names:
        return judge(stage, session, names, private=False)
