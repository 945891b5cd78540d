"""JDBCExecute."""

from typing import Annotated, ClassVar

from pydantic import Field, SecretStr

from arcbook.stages.base import ExecuteStage
from arcbook.stages.keys import STATEMENT, Authentication, DocumentURI, ForeignSql, SqlParams


class JDBCExecute(ExecuteStage):
    """Run a statement in a database outside Spark.

    The address decides who runs it: `jdbc:awsathena://…` goes to Athena through AWS's own client (no driver, no Java),
    `jdbc:postgresql://…` and `jdbc:sqlite:…` to a Python driver. The statement is the database's own SQL: only
    `${name}` is filled from `sqlParams`, nothing else is looked at. Results are not kept; an error of the database
    fails the job. Statements that may run twice (`CREATE … IF NOT EXISTS`) make the job safe to repeat.

    Athena takes `AwsRegion`, `S3OutputLocation`, `Workgroup`, `Catalog` and `Schema` from the address or `params`.
    """

    example: ClassVar[str] = """
{
  "type": "JDBCExecute",
  "name": "publish the table",
  "environments": ["prod"],
  "sql": "CREATE EXTERNAL TABLE IF NOT EXISTS contacts LOCATION '${location}' TBLPROPERTIES ('table_type' = 'DELTA')",
  "jdbcURL": "jdbc:awsathena://AwsRegion=eu-west-1;S3OutputLocation=s3://results/athena",
  "sqlParams": {"location": "s3://lake/contacts"}
}
"""
    one_of = (STATEMENT,)
    reads_params = True

    jdbc_url: Annotated[
        str,
        Field(
            alias="jdbcURL",
            pattern=r"^jdbc:(awsathena|postgresql|sqlite):",
            description="Address of the database: `jdbc:awsathena://…`, `jdbc:postgresql://…` or `jdbc:sqlite:FILE`.",
        ),
    ]
    input_uri: DocumentURI | None = None
    sql: ForeignSql | None = None
    sql_params: SqlParams = {}
    authentication: Authentication = {}
    user: Annotated[str | None, Field(description="User name, unless the address or `params` has one.")] = None
    password: Annotated[
        SecretStr | None, Field(description="Password; best a `secret` parameter. Never shown in output or record.")
    ] = None
