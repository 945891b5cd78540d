"""JSONLoad."""

from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.writing import write_files
from arcbook.stages.load.json import JSONLoad


@run.register
def run_json_load(stage: JSONLoad, session: Session) -> Result:
    """Write the view's rows as files."""
    return write_files(stage, session, "json")
