"""RateExtract."""

from typing import Annotated, ClassVar

from pydantic import Field

from arcbook.stages.base import ExtractStage
from arcbook.stages.keys import Count, OutputView


class RateExtract(ExtractStage):
    """Make a stream of numbered rows, to try out streaming jobs.

    The view has the columns `timestamp` and `value` (counted from 0). It exists only in streaming mode
    (`etl.config.streaming`), on an engine that streams.
    """

    example: ClassVar[str] = """
{
  "type": "RateExtract",
  "name": "numbers",
  "environments": ["test"],
  "outputView": "numbers",
  "rowsPerSecond": 10
}
"""
    needs = frozenset({"streaming"})

    output_view: OutputView
    rows_per_second: Annotated[Count, Field(description="Rows made in a second.")] = 1
    ramp_up_time: Annotated[
        int, Field(strict=True, ge=0, le=2**31 - 1, description="Seconds until that speed is reached.")
    ] = 1
    num_partitions: Annotated[Count | None, Field(description="Parts in which rows are made.")] = None
