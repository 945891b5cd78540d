"""LogExecute."""

from typing import ClassVar

from arcbook.stages.base import ExecuteStage
from arcbook.stages.keys import STATEMENT, Authentication, DocumentURI, Sql, SqlParams


class LogExecute(ExecuteStage):
    """Put a query's result into the output, log and record of the run.

    The query returns one row of one text column that is not null. Text that is a JSON object, or a list of them, is
    kept as structure, so that counts and names can be searched later.
    """

    example: ClassVar[str] = """
{
  "type": "LogExecute",
  "name": "tell the counts",
  "environments": ["test"],
  "sql": "SELECT TO_JSON(NAMED_STRUCT('contacts', COUNT(*))) FROM contacts"
}
"""
    one_of = (STATEMENT,)

    input_uri: DocumentURI | None = None
    sql: Sql | None = None
    sql_params: SqlParams = {}
    authentication: Authentication = {}
