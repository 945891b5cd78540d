"""ConfigExecute."""

import json
from typing import Any

from arcbook.cells.numbers import number
from arcbook.core.failures import DefinitionError
from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.messages import text_of
from arcbook.runners.statement import execute_statement
from arcbook.runners.views import register, storage_level
from arcbook.stages.execute.config import ConfigExecute


@run.register
def run_config_execute(stage: ConfigExecute, session: Session) -> Result:
    """Compute the values.

    Raises:
        DefinitionError: the query does not return one row with one text that is a JSON object.
    """
    statement = execute_statement(stage.sql, stage.sql_params, session)
    values = _object(text_of(statement.frame, "ConfigExecuteStage"))
    details: dict[str, Any] = {"sql": statement.text, "message": values}
    if stage.output_view is None:
        return Result(values=values, details=details)
    register(statement.frame, stage.output_view, session)
    details["outputView"] = stage.output_view
    if stage.persist:
        if "persist" in session.capabilities:
            statement.frame.persist(storage_level(session.settings.storage_level))
        details["records"] = 1
    return Result(frame=statement.frame, view=stage.output_view, values=values, details=details)


def _object(text: str) -> dict[str, Any]:
    """The members of a JSON object; numbers keep the digits they were written with."""
    try:
        value = json.loads(text, parse_float=number, parse_constant=_no_number)
    except ValueError as error:
        raise DefinitionError(f"The query's text must be a JSON object, but is no JSON: {error}.") from error
    if not isinstance(value, dict):
        example = '{"NAME": "value"}'
        raise DefinitionError(f"The query's text must be a JSON object such as {example}, not `{text[:80]}`.")
    return value


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")
