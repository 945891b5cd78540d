"""MetadataFilterTransform."""

from arcbook.core.failures import DefinitionError
from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.columns import columns_as_view
from arcbook.runners.statement import execute_statement
from arcbook.runners.views import make_view, read_view
from arcbook.sql.quote import identifier
from arcbook.stages.transform.metadata_filter import MetadataFilterTransform


@run.register
def run_metadata_filter_transform(stage: MetadataFilterTransform, session: Session) -> Result:
    """Keep the columns that the statement names.

    Raises:
        DefinitionError: the statement has no column `name`, or names no column of the view.
    """
    with columns_as_view(stage.input_view, session) as names:
        statement = execute_statement(stage.sql, stage.sql_params, session, names)
        position = {column.lower(): at for at, column in enumerate(statement.frame.columns)}.get("name")
        if position is None:
            raise DefinitionError("result does not contain field 'name' so cannot be filtered")
        wanted = {row[position] for row in statement.frame.collect()}
    frame = read_view(stage.input_view, session)
    included = [column for column in frame.columns if column in wanted]
    excluded = [column for column in frame.columns if column not in wanted]
    if not included:
        raise DefinitionError(f"The statement names no column of the view `{stage.input_view}`, so nothing is left.")
    details = {"sql": statement.text, "includedColumns": included, "excludedColumns": excluded}
    return make_view(frame.select(*map(identifier, included)), stage, session, details=details)
