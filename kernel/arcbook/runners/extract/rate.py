"""RateExtract."""

from arcbook.core.failures import DefinitionError
from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.views import register
from arcbook.stages.extract.rate import RateExtract


@run.register
def run_rate_extract(stage: RateExtract, session: Session) -> Result:
    """Make the stream a view; nothing flows before a load reads it.

    Raises:
        DefinitionError: the run is no streaming one.
    """
    if not session.settings.streaming:
        raise DefinitionError("RateExtract can only be executed in streaming mode.")
    reader = session.spark.readStream.format("rate")
    reader = reader.option("rowsPerSecond", stage.rows_per_second).option("rampUpTime", f"{stage.ramp_up_time}s")
    if stage.num_partitions is not None:
        reader = reader.option("numPartitions", stage.num_partitions)
    register(reader.load(), stage.output_view, session)
    return Result(view=stage.output_view, details={"outputView": stage.output_view})
