"""SQLTransform."""

from typing import ClassVar

from arcbook.stages.base import TransformStage
from arcbook.stages.keys import (
    STATEMENT,
    Authentication,
    DocumentURI,
    NumPartitions,
    OutputView,
    PartitionBy,
    Persist,
    Sql,
    SqlParams,
)


class SQLTransform(TransformStage):
    """Run a statement over views and keep its result as a view.

    Any single statement of the engine's SQL is accepted. A `SELECT` becomes `outputView`, evaluated when something
    reads it. A `MERGE`, `INSERT` or DDL statement acts at once and needs no `outputView`.

    Parameters of the job are bound by name: write `:region`, not quotes around text. Arc's `${region}` with an entry
    in `sqlParams` still works and pastes text, which `arcbook check` points out.
    """

    example: ClassVar[str] = """
{
  "type": "SQLTransform",
  "name": "adults",
  "environments": ["test"],
  "sql": "SELECT * FROM people WHERE age >= 18",
  "outputView": "adults"
}
"""
    one_of = (STATEMENT,)

    # A key with a file's address wins over the inline one in Arc, in silence; arcbook refuses both (see cells.check).
    input_uri: DocumentURI | None = None
    sql: Sql | None = None
    sql_params: SqlParams = {}
    authentication: Authentication = {}
    output_view: OutputView | None = None
    persist: Persist = False
    num_partitions: NumPartitions | None = None
    partition_by: PartitionBy = ()
