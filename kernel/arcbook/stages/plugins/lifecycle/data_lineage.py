"""DataLineage."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from arcbook.stages.plugins.base import LifecyclePlugin


class DataLineage(LifecyclePlugin):
    """Add to the record of each load where its rows come from.

    The details of a load stage gain `queryExecution`: `plan` is the analysed plan in the engine's own words, `stages`
    are the stages that made the load's view, each with the views and places it reads, as far as arcbook made them.
    Every load has it; Arc leaves out JSONLoad, and ORCLoad by a slip of spelling.
    """

    example: ClassVar[str] = """
{
  "type": "DataLineage",
  "environments": ["test"]
}
"""

    output: Annotated[Literal["log"], Field(description="Where the lineage goes: log and record.")] = "log"
