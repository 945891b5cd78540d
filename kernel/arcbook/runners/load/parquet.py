"""ParquetLoad."""

from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.writing import write_files
from arcbook.stages.load.parquet import ParquetLoad


@run.register
def run_parquet_load(stage: ParquetLoad, session: Session) -> Result:
    """Write the view's rows as files."""
    return write_files(stage, session, "parquet")
