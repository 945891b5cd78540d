"""MetadataValidate."""

from typing import ClassVar

from arcbook.stages.base import ValidateStage
from arcbook.stages.keys import (
    STATEMENT,
    Authentication,
    DocumentURI,
    InputView,
    MetadataEvidence,
    MetadataSql,
    Severity,
    SqlParams,
)


class MetadataValidate(ValidateStage):
    """Stop the job unless a query over a view's columns says that they are right.

    Within the statement `metadata` has one row for each column of `inputView`, as in MetadataFilterTransform. The
    query returns one row of two columns: whether the columns are right (boolean), and a message (text or null). With
    `false` the job fails in class `quality`, or goes on with severity `warn`. No view is left behind.

    A query without rows, or whose first column is null or no boolean, fails too: a gate that cannot tell does not pass.
    """

    example: ClassVar[str] = """
{
  "type": "MetadataValidate",
  "name": "nothing personal left",
  "environments": ["test"],
  "inputView": "public_contacts",
  "sql": "SELECT COUNT_IF(metadata.personal) = 0, TO_JSON(NAMED_STRUCT('columns', COUNT(*))) FROM metadata"
}
"""
    one_of = (STATEMENT,)

    input_view: InputView
    input_uri: DocumentURI | None = None
    sql: MetadataSql | None = None
    sql_params: SqlParams = {}
    authentication: Authentication = {}
    severity: Severity = "fail"
    evidence: MetadataEvidence | None = None
