"""MetadataExtract."""

from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.columns import column_rows
from arcbook.runners.views import make_view
from arcbook.stages.extract.metadata import MetadataExtract


@run.register
def run_metadata_extract(stage: MetadataExtract, session: Session) -> Result:
    """Make the rows that describe the view's columns."""
    return make_view(column_rows(stage.input_view, session), stage, session, details={"inputView": stage.input_view})
