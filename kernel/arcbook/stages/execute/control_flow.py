"""ControlFlowExecute."""

from typing import Annotated, ClassVar

from pydantic import Field

from arcbook.stages.base import ExecuteStage
from arcbook.stages.keys import STATEMENT, Authentication, DocumentURI, Sql, SqlParams
from arcbook.stages.plugins.lifecycle.control_flow import DEFAULT_KEY


class ControlFlowExecute(ExecuteStage):
    """Decide by a query whether the rest of the job runs.

    The query returns one row of two columns: whether to go on (boolean), and a message (text or null). The outcome
    takes effect through the plugin ControlFlow with the same `key`: with `false` no later stage runs, and the job ends
    as a success. Without that plugin the stage decides nothing, which `arcbook check` says.
    """

    example: ClassVar[str] = """
{
  "type": "ControlFlowExecute",
  "name": "stop when nothing arrived",
  "environments": ["test"],
  "sql": "SELECT COUNT(*) > 0, TO_JSON(NAMED_STRUCT('arrived', COUNT(*))) FROM arrivals"
}
"""
    one_of = (STATEMENT,)

    input_uri: DocumentURI | None = None
    sql: Sql | None = None
    sql_params: SqlParams = {}
    authentication: Authentication = {}
    key: Annotated[str, Field(min_length=1, description="Where the outcome is stored; that of the plugin.")] = (
        DEFAULT_KEY
    )
