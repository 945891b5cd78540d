"""ConfigExecute."""

from typing import ClassVar

from arcbook.stages.base import ExecuteStage
from arcbook.stages.keys import STATEMENT, Authentication, DocumentURI, OutputView, Persist, Sql, SqlParams


class ConfigExecute(ExecuteStage):
    """Compute values for `${name}` in later stages by a query.

    The query returns one row of one text column that holds a JSON object. Its members are values for `${name}` in
    stages that say `"resolution": "lazy"` and run afterwards, and win over all others. Other stages are filled before
    anything runs and never see them. Numbers, booleans, lists and objects (`${a.b}`) keep their kind; null is no value.

    With `outputView` the query's result is kept as a view, too.
    """

    example: ClassVar[str] = """
{
  "type": "ConfigExecute",
  "name": "find the newest day",
  "environments": ["test"],
  "sql": "SELECT TO_JSON(NAMED_STRUCT('NEWEST', MAX(day))) AS parameters FROM arrivals"
}
"""
    one_of = (STATEMENT,)
    computes = True

    input_uri: DocumentURI | None = None
    sql: Sql | None = None
    sql_params: SqlParams = {}
    authentication: Authentication = {}
    output_view: OutputView | None = None
    persist: Persist = False
