"""SQLValidate."""

from typing import ClassVar

from arcbook.stages.base import ValidateStage
from arcbook.stages.keys import (
    STATEMENT,
    Authentication,
    DocumentURI,
    Evidence,
    EvidenceColumns,
    Severity,
    Sql,
    SqlParams,
)


class SQLValidate(ValidateStage):
    """Stop the job unless a query says that the data is right.

    The query returns one row of two columns: whether the data is right (boolean), and a message (text or null). With
    `false` the job fails in class `quality`, shows the message and runs nothing further. The message is kept in the
    record either way; text that is a JSON object, or a list of them, is kept as structure. With severity `warn` the
    job goes on, and the record counts the warning.

    A gate that does not hold shows its evidence: what was measured and allowed, how many rows speak against the data,
    a few of them with their values masked, the query for all of them, and what it cost. The rows are known where the
    first column counts them (`COUNT_IF(…) = 0`, `COUNT(*) = 0 … WHERE …`, `SUM(CASE WHEN …) / COUNT(*) <= 0.01`);
    otherwise `evidence` is the query for them.

    A query without rows, or whose first column is null or no boolean, fails too: a gate that cannot tell does not pass.
    """

    example: ClassVar[str] = """
{
  "type": "SQLValidate",
  "name": "every contact has an address",
  "environments": ["test"],
  "sql": "SELECT COUNT_IF(email IS NULL) = 0, TO_JSON(NAMED_STRUCT('rows', COUNT(*))) FROM contacts"
}
"""
    one_of = (STATEMENT,)

    input_uri: DocumentURI | None = None
    sql: Sql | None = None
    sql_params: SqlParams = {}
    authentication: Authentication = {}
    severity: Severity = "fail"
    evidence: Evidence | None = None
    evidence_columns: EvidenceColumns = ()
