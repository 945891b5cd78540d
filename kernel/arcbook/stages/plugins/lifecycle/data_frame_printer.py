"""DataFramePrinter."""

from typing import Annotated, ClassVar

from pydantic import Field

from arcbook.schemas.model import Flag
from arcbook.stages.keys import Count
from arcbook.stages.plugins.base import LifecyclePlugin


class DataFramePrinter(LifecyclePlugin):
    """Print the first rows of every stage's result as text, into the output and the log.

    Arc removed it in 2.10; old notebooks still name it. It reads the rows, so each lazy view is evaluated once more.
    """

    example: ClassVar[str] = """
{
  "type": "DataFramePrinter",
  "environments": ["test"],
  "numRows": 5
}
"""

    num_rows: Annotated[Count, Field(description="Rows printed at most.")] = 20
    truncate: Annotated[Flag, Field(description="Cut values after 20 characters.")] = True
